import { Command } from 'commander'
import type { Extraction } from '../../features/extraction.js'
import type { ExtractOptions } from '../../features/openNetwork.js'
import { withoutControls } from '../../messageLine.js'
import { counted } from '../../support/text.js'
import { addOwnOptions, addPoolOption, addRunOptions, addSceneOptions } from '../options/extractionOptions.js'
import { addExamples } from '../options/help.js'
import { parseList, parsePath, parseWhole } from '../options/parse.js'
import { duration, print, printJson, printTable, say } from '../output/output.js'
import { terminalProgress } from '../output/progressBar.js'
import type { CommandContext } from '../process/context.js'

/** Example of `extract`. It writes the folder `dog`, which the examples of other commands read. */
export const EXTRACT_EXAMPLE = 'shiftscope extract --model tiny-alexnet --patch dog --size 75 --stride 8 --out dog'

export function extractCommand({ signal }: CommandContext): Command {
  const command = addExamples(new Command('extract'), EXTRACT_EXAMPLE)
    .description('compute the features of one object, or photograph, at every position')
    .requiredOption('--model <id>', 'run this network: [NAME=]id (see models list), ONNX file or checkpoint')
    .option('--patch <image>', 'move this picture, or a built-in object (see shiftscope patches list)')
    .option('--size <n>', 'resize the object to this side in px, at most that of the image', parseWhole)
    .option('--photograph <file>', 'instead of an object, move the frame over this photograph', parsePath)
    .option('--margin <px>', 'let the frame move by this many px over the photograph [default: 32 of 224]', parseWhole)
    .option('--weights <file>', 'load the network’s weights from this file')
    .option('--stride <n>', 'move the object by this many px', parseWhole, 1)
    .option('--layers <a,b>', 'read these layers (see shiftscope models inspect NETWORK)', parseList)
  return addRunOptions(addSceneOptions(addOwnOptions(addPoolOption(command))))
    .requiredOption('--out <folder>', 'write <layer>.npy, anchors-<layer>.npy and extract.json here', parsePath)
    .option('--json', 'print one JSON document to stdout')
    .action(async ({ json, ...options }: ExtractOptions & { json?: boolean }) => {
      say('opening the network')
      const { extract } = await import('../../features/openNetwork.js')
      const result = await extract({ ...options, onProgress: terminalProgress(), signal })
      if (json)
        return printJson({
          ...result,
          layers: result.layers.map(({ data, shape, anchorFeatures, ...layer }) => layer),
        })
      for (const { dims, file } of result.layers) print(`${file}: float32 [${result.rows}, ${result.cols}, ${dims}]`)
      printEquivariance(result)
      if (result.answers) printAnswers(result.answers, result.rows * result.cols)
      say(
        `${counted(result.images, 'image')} in ${duration(result.seconds)}, ${Math.round(result.imagesPerSecond)} images/s`,
      )
    })
}

/**
 * Prints the equivariance errors: how much a feature map changes, apart from moving, when the object moves. The
 * table has only shifts by whole cells of the map and by 1, 2, 4, … px. All shifts are in extract.json.
 */
function printEquivariance({ layers }: Extraction): void {
  const rows = layers.flatMap(({ name, equivariance = [] }) =>
    equivariance
      .filter(({ dx, aliasing }) => aliasing === 0 || Number.isInteger(Math.log2(dx)))
      .map(({ dx, total, border, aliasing }) => [
        name,
        dx,
        ...[total, border, aliasing].map((error) => error?.toFixed(3) ?? '–'),
      ]),
  )
  if (rows.length > 0) printTable(['equivariance error', 'px', 'total', 'border', 'aliasing'], rows)
}

function printAnswers(answers: NonNullable<Extraction['answers']>, positions: number): void {
  const { classes, layer, unanswered = 0 } = answers
  const share = (count: number) => `${((100 * count) / positions).toFixed(count === positions ? 0 : 1)} %`
  const shares = classes.map(({ name, positions }) => `${withoutControls(name)} ${share(positions)}`)
  if (shares.length > 0) print(`the network’s answers, each with its share of positions: ${shares.join(', ')}`)
  if (unanswered > 0)
    print(
      `no answer at ${share(unanswered)} of positions: all class scores of ${withoutControls(layer)} are equal there; check the weights`,
    )
}
