import { join } from 'node:path'
import { Command } from 'commander'
import type { ReportOptions } from '../../report/report.js'
import { addPairOption } from '../options/extractionOptions.js'
import { addExamples } from '../options/help.js'
import { collectLabels, parseLimits, parsePath } from '../options/parse.js'
import { addOpenOption, type PageFlags, sayPage } from '../output/openPage.js'
import { printJson } from '../output/output.js'
import { terminalProgress } from '../output/progressBar.js'
import type { CommandContext } from '../process/context.js'

interface ReportFlags extends ReportOptions, PageFlags {
  readonly tables?: boolean
  readonly label?: ReportOptions['labels']
}

export function reportCommand({ signal }: CommandContext): Command {
  const command = addExamples(
    new Command('report'),
    'shiftscope reproduce',
    'shiftscope report shiftscope-results --tables',
  )
    .description('rebuild tables, figures, findings and page from stored results')
    .argument('<folder>', 'results folder of reproduce or consistency')
    .option('--limits <low,high>', 'set colour scales [default: 0.88,1; in figures by layer]', parseLimits)
    .option('--label <name=text>', 'show this layer or network as TEXT in figures and LaTeX', collectLabels)
    .option('--one-file <file>', 'also write the page as one HTML file, of at most 40 MB', parsePath)
  return addOpenOption(addPairOption(command))
    .option('--tables', 'also print the tables of similarity and separability')
    .option('--json', 'print one JSON document to stdout')
    .action(async (folder: string, { json, open, tables, label, ...options }: ReportFlags) => {
      const { writeMeasuredReport } = await import('../../report/report.js')
      const { rankingSummary } = await import('../../report/photographs/ranking.js')
      const { printAnswers, printReport, printTables } = await import('../output/printedReport.js')
      const { report, rows, answers } = await writeMeasuredReport(folder, {
        ...options,
        ...(label && { labels: label }),
        onProgress: terminalProgress(),
        signal,
      })
      if (json) printJson(report)
      else {
        if (tables) printTables(rows)
        printReport(report)
        if (answers.length > 0) printAnswers(answers, rankingSummary(answers))
      }
      await sayPage(options.oneFile ?? join(folder, 'index.html'), { open, json })
    })
}
