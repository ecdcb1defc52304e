import { Command } from 'commander'
import { counted } from '../../counted.js'
import type { Extraction } from '../../features/extraction.js'
import { type ExtractOptions, extract } from '../../features/openNetwork.js'
import { withoutControls } from '../../printable.js'
import type { CommandContext } from '../context.js'
import { addExtractionOptions, addInputOptions, addPoolOption } from '../extractionOptions.js'
import { duration, print, printJson, say } from '../output.js'
import { parseList, parsePath, parseWhole } from '../parse.js'
import { terminalProgress } from '../progressBar.js'

export function extractCommand({ signal }: CommandContext): Command {
  const command = new Command('extract')
    .description('one patch through one network at every position: <layer>.npy, float32 [rows, cols, dims]')
    .requiredOption('--model <id>', 'network by id (see: shiftscope models list), ONNX file, or checkpoint')
    .requiredOption(
      '--patch <image>',
      'picture of the object, or a built-in patch by name (see: shiftscope patches list)',
    )
    .requiredOption('--size <n>', 'side of the square patch in pixels, up to the frame’s', parseWhole)
    .option('--weights <file>', 'checkpoint in place of the published one')
    .option('--stride <n>', 'distance of neighbouring positions in pixels', parseWhole, 1)
    .option(
      '--layers <a,b>',
      'features to read, any tensors of the network (see: shiftscope models inspect NETWORK); by default the catalog’s, or the last output and what enters the last fully connected layer',
      parseList,
    )
  return addExtractionOptions(addInputOptions(addPoolOption(command)))
    .requiredOption('--out <folder>', 'folder for the arrays and extract.json', parsePath)
    .option('--json', 'print one JSON document to stdout')
    .action(async ({ json, ...options }: ExtractOptions & { json?: boolean }) => {
      const result = await extract({ ...options, onProgress: terminalProgress(), signal })
      if (json)
        return printJson({ ...result, layers: result.layers.map(({ name, dims, file }) => ({ name, dims, file })) })
      for (const { dims, file } of result.layers) print(`${file}: float32 [${result.rows}, ${result.cols}, ${dims}]`)
      if (result.answers) printAnswers(result.answers, result.rows * result.cols)
      say(
        `${counted(result.images, 'image')} in ${duration(result.seconds)}, ${Math.round(result.imagesPerSecond)} images/s`,
      )
    })
}

function printAnswers(answers: NonNullable<Extraction['answers']>, positions: number): void {
  const { classes, layer, unanswered = 0 } = answers
  const share = (count: number) => `${((100 * count) / positions).toFixed(count === positions ? 0 : 1)} %`
  const shares = classes.map(({ name, positions }) => `${withoutControls(name)} at ${share(positions)}`)
  if (shares.length > 0) print(`strongest class: ${shares.join(', ')}`)
  if (unanswered > 0)
    print(
      `no answer at ${share(unanswered)}: all class scores of ${withoutControls(layer)} are equal there; check the weights`,
    )
}
