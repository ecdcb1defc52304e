import { Command } from 'commander'
import { type ViewOptions, viewFeatures } from '../../features/view.js'
import type { CommandContext } from '../context.js'
import { addOpenOption, type PageFlags, sayPage } from '../openPage.js'
import { printJson } from '../output.js'
import { parseLimits, parsePath } from '../parse.js'
import { terminalProgress } from '../progressBar.js'

export function viewCommand({ signal }: CommandContext): Command {
  const command = new Command('view')
    .description('a page for one extraction: its similarity maps with any position as the anchor')
    .argument('<source>', 'folder that extract wrote, or a .npy file, float32 [rows, cols, dims]')
    .option(
      '--out <folder>',
      'folder for index.html and site/; by default the extraction’s, of a single file one beside it with its name',
      parsePath,
    )
    .option('--limits <low,high>', 'ends of the colour scale at the start; 0.88,1 by default', parseLimits)
  return addOpenOption(command)
    .option('--json', 'print one JSON document to stdout')
    .action(async (source: string, { json, open, ...options }: ViewOptions & PageFlags) => {
      const result = await viewFeatures(source, { ...options, onProgress: terminalProgress(), signal })
      if (json) printJson(result)
      await sayPage(result.page, { open, json })
    })
}
