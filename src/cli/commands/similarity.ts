import { Command } from 'commander'
import { ANCHOR_NAMES } from '../../engine/positions.js'
import { type SimilarityOptions, similarity } from '../../features/similarity.js'
import type { CommandContext } from '../context.js'
import { printJson, printTable, say } from '../output.js'
import { parseLimits, parsePath, parseWhole } from '../parse.js'

export function similarityCommand({ signal }: CommandContext): Command {
  return new Command('similarity')
    .description('cosine similarity of every position of a feature file with the five anchors')
    .argument('<file.npy>', 'features, float32 [rows, cols, dims], as extract writes them')
    .option('--out <maps.npy>', 'write the maps, float32 [5, rows, cols]', parsePath)
    .option('--png <maps.png>', 'draw the five maps as one picture', parsePath)
    .option('--limits <low,high>', 'ends of the picture’s colour scale; 0.88,1 by default', parseLimits)
    .option('--threads <n>', 'threads; all cores by default', parseWhole)
    .option('--device <name>', 'what compares: cpu, cuda or cuda:INDEX; auto: the processor', 'auto')
    .option('--json', 'print one JSON document to stdout')
    .action(async (file: string, { json, ...options }: SimilarityOptions & { json?: boolean }) => {
      const { maps, ...result } = await similarity(file, { ...options, signal })
      if (json) return printJson(result)
      printTable(
        ['anchor', 'row', 'col', 'mean', 'min'],
        ANCHOR_NAMES.map((name) => {
          const { row, col, mean, min } = result.anchors[name]
          return [name, row, col, mean.toFixed(4), min.toFixed(4)]
        }),
      )
      if (result.adapter !== null) say(`on ${result.device} (${result.adapter})`)
    })
}
