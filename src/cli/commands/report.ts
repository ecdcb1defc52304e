import { join } from 'node:path'
import { Command } from 'commander'
import { distinct } from '../../report/distinct.js'
import { type Report, type ReportOptions, writeReport } from '../../report/report.js'
import { cellText } from '../../report/tables/render.js'
import { NO_PAPER, type ResultTable, resultTables } from '../../report/tables/tables.js'
import type { CommandContext } from '../context.js'
import { addExamples } from '../help.js'
import { addOpenOption, type PageFlags, sayPage } from '../openPage.js'
import { print, printJson, printTable, TERMINAL_COLUMNS, wrapped } from '../output.js'
import { parseLimits } from '../parse.js'
import { terminalProgress } from '../progressBar.js'
import { printReport } from './reproduce.js'

export function reportCommand({ signal }: CommandContext): Command {
  const command = addExamples(
    new Command('report'),
    'shiftscope reproduce',
    'shiftscope report shiftscope-results --tables',
  )
    .description('rebuild tables, figures, findings and page from stored results')
    .argument('<folder>', 'results folder of reproduce')
    .option('--paper', 'list all of the paper’s values in the tables')
    .option('--limits <low,high>', 'set the heatmaps’ colour scale [default: 0.88,1]', parseLimits)
  return addOpenOption(command)
    .option('--tables', 'print the tables of similarity and separability too')
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

/** The study's tables for a terminal. */
function printTables({ rows }: Report): void {
  for (const table of resultTables(rows, NO_PAPER).filter(({ kind }) => kind.isPrinted)) {
    wrapped(table.title, TERMINAL_COLUMNS).forEach(print)
    printTable(...narrowTable(table))
    print('')
  }
}

/** The last key of a table's columns (anchor, fold scheme) becomes a row, so that the table fits the terminal. */
function narrowTable({ kind, head, rows }: ResultTable): [readonly string[], string[][]] {
  const columns = head.slice(2).map((text) => {
    const keys = text.split(', ')
    return { last: keys.at(-1) as string, others: keys.slice(0, -1).join(', ') }
  })
  const across = distinct(columns.map(({ others }) => others))
  const lines = rows.flatMap(([network = '', layer = '', ...cells]) =>
    distinct(columns.map(({ last }) => last)).map((down) => {
      const own = across.map((one) => columns.findIndex(({ last, others }) => last === down && others === one))
      return [cellText(network), cellText(layer), down, ...own.map((i) => cellText(cells[i] ?? '–'))]
    }),
  )
  const key = kind.keys.at(-1) as string
  return [['network', 'layer', KEY_NAMES[key] ?? key, ...across.map((one) => one || kind.statistic)], lines]
}

/** Keys whose name in CSV is short. */
const KEY_NAMES: Readonly<Record<string, string>> = { cv: 'folds' }
