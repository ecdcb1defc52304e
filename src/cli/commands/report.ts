import { join } from 'node:path'
import { Command } from 'commander'
import { type ReportOptions, writeReport } from '../../index.js'
import type { CommandContext } from '../context.js'
import { addOpenOption, type PageFlags, sayPage } from '../openPage.js'
import { printJson } from '../output.js'
import { parseLimits } from '../parse.js'
import { terminalProgress } from '../progressBar.js'
import { saySummary } from './reproduce.js'

export function reportCommand({ signal }: CommandContext): Command {
  const command = new Command('report')
    .description('make tables, heatmaps, figures, findings and page again from the stored units of a results folder')
    .argument('<folder>', 'results folder of reproduce')
    .option('--paper', 'list the paper’s values in the tables also where nothing was measured')
    .option('--limits <low,high>', 'ends of the heatmaps’ colour scale; 0.88,1 by default', parseLimits)
  return addOpenOption(command)
    .option('--json', 'print one JSON document to stdout')
    .action(async (folder: string, { json, open, ...options }: ReportOptions & PageFlags) => {
      const summary = await writeReport(folder, { ...options, onProgress: terminalProgress(), signal })
      if (json) printJson(summary)
      else saySummary(summary)
      await sayPage(join(folder, 'index.html'), { open, json })
    })
}
