import { join } from 'node:path'
import { Command } from 'commander'
import { type Report, type ReportOptions, writeReport } from '../../report/report.js'
import { cellText } from '../../report/tables/render.js'
import { NO_PAPER, resultTables } from '../../report/tables/tables.js'
import type { CommandContext } from '../context.js'
import { addOpenOption, type PageFlags, sayPage } from '../openPage.js'
import { print, printJson, printTable } from '../output.js'
import { parseLimits } from '../parse.js'
import { terminalProgress } from '../progressBar.js'
import { printReport } from './reproduce.js'

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
        const report = await writeReport(folder, { ...options, onProgress: terminalProgress(), signal })
        if (json) printJson(report)
        else {
          if (tables) printTables(report)
          printReport(report)
        }
        await sayPage(join(folder, 'index.html'), { open, json })
      },
    )
}

/** The study's tables in short: a row for each network, layer and size. */
function printTables({ rows }: Report): void {
  const tables = resultTables(rows, NO_PAPER).filter(({ kind }) => kind.isPrinted)
  for (const stem of new Set(tables.map(({ kind }) => kind.stem))) {
    const own = tables.filter(({ kind }) => kind.stem === stem)
    const [model = '', layer = '', ...columns] = own[0]?.head ?? []
    print(`${own[0]?.kind.title}:`)
    printTable(
      [model, layer, 'size', ...columns],
      own.flatMap(({ size, rows: lines }) =>
        lines.map(([name = '', of = '', ...cells]) => [name, of, String(size), ...cells].map(cellText)),
      ),
    )
  }
}
