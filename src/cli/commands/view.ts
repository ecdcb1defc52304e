import { Command } from 'commander'
import type { ViewOptions } from '../../features/view.js'
import { addExamples } from '../options/help.js'
import { parseLimits, parsePath } from '../options/parse.js'
import { addOpenOption, type PageFlags, sayPage } from '../output/openPage.js'
import { printJson } from '../output/output.js'
import { terminalProgress } from '../output/progressBar.js'
import type { CommandContext } from '../process/context.js'
import { EXTRACT_EXAMPLE } from './extract.js'

export function viewCommand({ signal }: CommandContext): Command {
  const command = addExamples(new Command('view'), EXTRACT_EXAMPLE, 'shiftscope view dog --open')
    .description('make a page of one object’s features, with any position as the anchor')
    .argument('<source>', 'folder that extract wrote, or a .npy file, float32 [rows, cols, dims]')
    .option('--out <folder>', 'write index.html and site/ here [default: the source’s folder]', parsePath)
    .option('--one-file <file>', 'also write the page as one HTML file, of at most 40 MB', parsePath)
    .option('--limits <low,high>', 'set the initial colour scale [default: 0.88,1]', parseLimits)
  return addOpenOption(command)
    .option('--json', 'print one JSON document to stdout')
    .action(async (source: string, { json, open, ...options }: ViewOptions & PageFlags) => {
      const { viewFeatures } = await import('../../features/view.js')
      const result = await viewFeatures(source, { ...options, onProgress: terminalProgress(), signal })
      if (json) printJson(result)
      await sayPage(options.oneFile ?? result.page, { open, json })
    })
}
