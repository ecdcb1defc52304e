import { Command, Option } from 'commander'
import { ANCHOR_NAMES } from '../../engine/scene/positions.js'
import type { SimilarityOptions } from '../../features/similarity.js'
import { addExamples } from '../options/help.js'
import { parseLimits, parsePath, parseWhole } from '../options/parse.js'
import { printJson, printTable, say } from '../output/output.js'
import type { CommandContext } from '../process/context.js'
import { EXTRACT_EXAMPLE } from './extract.js'

export function similarityCommand({ signal }: CommandContext): Command {
  return addExamples(new Command('similarity'), EXTRACT_EXAMPLE, 'shiftscope similarity dog/fc7.npy --png maps.png')
    .description('compare features at every position with those at five fixed ones (anchors)')
    .argument('<file.npy>', 'features that extract wrote, float32 [rows, cols, dims]')
    .option('--out <maps.npy>', 'write the maps, float32 [5, rows, cols]', parsePath)
    .option('--png <maps.png>', 'draw the five maps as one picture', parsePath)
    .option('--limits <low,high>', 'set the picture’s colour scale [default: 0.88,1]', parseLimits)
    .option('--threads <n>', 'use this many threads [default: all cores]', parseWhole)
    .addOption(new Option('--device <name>', 'compute on cpu, cuda or cuda:INDEX').default('auto', 'cpu'))
    .option('--json', 'print one JSON document to stdout')
    .action(async (file: string, { json, ...options }: SimilarityOptions & { json?: boolean }) => {
      const { similarity } = await import('../../features/similarity.js')
      const { maps, ...result } = await similarity(file, { ...options, signal })
      if (json) return printJson(result)
      printTable(
        ['anchor', ...(result.anchors.center.pixel ? ['row px', 'col px'] : ['row', 'col']), 'mean', 'min'],
        ANCHOR_NAMES.map((name) => {
          const { pixel, mean, min, ...place } = result.anchors[name]
          const { row, col } = pixel ?? place
          return [name, row, col, mean.toFixed(4), min.toFixed(4)]
        }),
      )
      if (result.moved) say(`${result.moved}; extract again to compute them`)
      if (result.adapter !== null) say(`computed on ${result.device} (${result.adapter})`)
    })
}
