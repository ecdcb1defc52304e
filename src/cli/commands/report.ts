import { join } from 'node:path'
import { Command } from 'commander'
import { ANCHOR_NAMES, FEWEST_PATCHES, type ReportOptions, type Summary, TASKS, writeReport } from '../../index.js'
import type { CommandContext } from '../context.js'
import { addOpenOption, type PageFlags, sayPage } from '../openPage.js'
import { printJson, printTable } from '../output.js'
import { parseLimits } from '../parse.js'
import { terminalProgress } from '../progressBar.js'
import { printSummary } from './reproduce.js'

export function reportCommand({ signal }: CommandContext): Command {
  const command = new Command('report')
    .description('make tables, heatmaps, figures, findings and page again from the stored units of a results folder')
    .argument('<folder>', 'results folder of reproduce')
    .option('--paper', 'list the paper’s values in the tables also where nothing was measured')
    .option('--limits <low,high>', 'ends of the heatmaps’ colour scale; 0.88,1 by default', parseLimits)
  return addOpenOption(command)
    .option('--tables', 'print similarity and separability of each network, layer and size, besides the findings')
    .option('--json', 'print one JSON document to stdout')
    .action(
      async (folder: string, { json, open, tables, ...options }: ReportOptions & PageFlags & { tables?: boolean }) => {
        const summary = await writeReport(folder, { ...options, onProgress: terminalProgress(), signal })
        if (json) printJson(summary)
        else {
          if (tables) printTables(summary)
          printSummary(summary)
        }
        await sayPage(join(folder, 'index.html'), { open, json })
      },
    )
}

/** The study's tables in short: similarity with each anchor, then accuracy under each fold scheme. */
function printTables({ similarity, separability }: Summary): void {
  if (similarity.length === 0) return
  printCells(
    [...ANCHOR_NAMES],
    similarity.map(({ anchor, mean, ...cell }) => ({ ...cell, column: anchor, value: mean })),
  )
  if (separability.length === 0) return
  const schemes = [...new Set(separability.map(({ cv }) => cv))]
  printCells(
    schemes.flatMap((cv) => TASKS.map((task) => `${task} ${cv}`)),
    separability.map(({ task, cv, accuracy, ...cell }) => ({ ...cell, column: `${task} ${cv}`, value: accuracy })),
  )
}

/** One row a network, layer and size. */
function printCells(
  columns: readonly string[],
  cells: readonly {
    model: string
    layer: string
    size: number
    column: string
    value: number
    std: number
    patches: number
  }[],
): void {
  const rows = new Map<string, (string | number)[]>()
  for (const { model, layer, size, column, value, std, patches } of cells) {
    const key = JSON.stringify([model, layer, size])
    const row = rows.get(key) ?? [model, layer, size, ...columns.map(() => '–')]
    row[3 + columns.indexOf(column)] = `${value.toFixed(3)}${patches < FEWEST_PATCHES ? '' : ` ± ${std.toFixed(3)}`}`
    rows.set(key, row)
  }
  printTable(['model', 'layer', 'size', ...columns], [...rows.values()])
}
