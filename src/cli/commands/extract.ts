import { Command } from 'commander'
import { type ExtractOptions, extract } from '../../index.js'
import type { CommandContext } from '../context.js'
import { addExtractionOptions } from '../extractionOptions.js'
import { duration, printJson, say } from '../output.js'
import { parseList, parsePath, parseWhole } from '../parse.js'
import { terminalProgress } from '../progressBar.js'

export function extractCommand({ signal }: CommandContext): Command {
  const command = new Command('extract')
    .description('one patch through one network at every position: <layer>.npy, float32 [rows, cols, dims]')
    .requiredOption('--model <id>', 'network by id (see: shiftscope models list), ONNX file, or checkpoint')
    .requiredOption('--patch <image>', 'picture of the object, or a built-in patch by name')
    .requiredOption('--size <n>', 'side of the square patch in pixels, up to the frame’s 224', parseWhole)
    .option('--weights <file>', 'checkpoint in place of the published one')
    .option('--stride <n>', 'distance of neighbouring positions in pixels', parseWhole, 1)
    .option(
      '--layers <a,b>',
      'features to read; all of the catalog’s by default, of an ONNX file any float tensors',
      parseList,
    )
  return addExtractionOptions(command)
    .requiredOption('--out <folder>', 'folder for the arrays and extract.json', parsePath)
    .option('--json', 'print one JSON document to stdout')
    .action(async ({ json, ...options }: ExtractOptions & { json?: boolean }) => {
      const result = await extract({ ...options, onProgress: terminalProgress(), signal })
      if (json)
        return printJson({ ...result, layers: result.layers.map(({ name, dims, file }) => ({ name, dims, file })) })
      for (const { dims, file } of result.layers) say(`${file}: float32 [${result.rows}, ${result.cols}, ${dims}]`)
      say(`${result.images} images in ${duration(result.seconds)}, ${Math.round(result.imagesPerSecond)} images/s`)
    })
}
