import { join } from 'node:path'
import { Command, Option } from 'commander'
import { ORIGINS } from '../../experiments/expression.js'
import type { ArithmeticOptions } from '../../study/arithmetic.js'
import type { CommandContext } from '../context.js'
import { addSceneOptions, DEVICE_HELP } from '../extractionOptions.js'
import { addExamples } from '../help.js'
import { duration, print, printJson, printTable, say } from '../output.js'
import { collectAssignments, collectImages, collectNames, parsePath, parseWhole } from '../parse.js'
import { terminalProgress } from '../progressBar.js'

/** Options by the names of the command line. */
interface Flags extends Omit<ArithmeticOptions, 'generators' | 'layers' | 'images' | 'out'> {
  readonly generator?: readonly string[]
  readonly layer?: readonly string[]
  readonly image?: Readonly<Record<string, string>>
  readonly out: string
  readonly json?: boolean
}

export function arithmeticCommand({ signal }: CommandContext): Command {
  const command = addExamples(
    new Command('arithmetic'),
    'shiftscope arithmetic --image A=dog@0,149 --image B=car@149,0 --expression A+B --out sum',
  )
    .description('add and subtract features of images and decode the result')
    .option('--model <id>', 'take features of this network [default: the generators’, or tiny-alexnet]')
    .option('--generator <a,b>', 'decode with these ids or .onnx files [default: all of the network’s]', collectNames)
    .option('--layer <a,b>', 'use these layers [default: all that have a generator]', collectNames)
    .requiredOption('--expression <text>', 'compute this, such as "A + B - C" or "0.5 * (A + B)"')
    .option('--image <name=what>', 'name a picture, or a scene of PATCH:SIZE@ROW,COL; may be repeated', collectImages)
    .option('--patches <path>', 'take the scenes’ objects from a folder or manifest.json [default: built-in]')
    .option('--size <n>', 'resize objects without a size to this side in pixels', parseWhole, 75)
  return addSceneOptions(command)
    .addOption(
      new Option('--origin <which>', 'measure features from zero or from a blank frame’s')
        .choices(ORIGINS)
        .default('zero'),
    )
    .option('--device <name>', DEVICE_HELP, 'auto')
    .option('--weights <id=file>', 'load a network’s weights from a file; may be repeated', collectAssignments)
    .option('--post-relu', 'decode rectified features, as weights of the first DeePSiM release need')
    .requiredOption('--out <folder>', 'write vectors, pictures, contact sheets and arithmetic.json here', parsePath)
    .option('--json', 'print arithmetic.json to stdout')
    .action(async ({ generator, layer, image = {}, json, ...options }: Flags) => {
      say('opening networks')
      const { arithmetic } = await import('../../study/arithmetic.js')
      const { document, seconds } = await arithmetic({
        ...options,
        ...(generator && { generators: generator }),
        ...(layer && { layers: layer }),
        images: image,
        onProgress: terminalProgress(),
        signal,
      })
      if (json) return printJson(document)
      const errors = ['PSNR', 'to decoded', 'cosine']
      printTable(
        ['layer', ...ORIGINS.flatMap((origin) => errors.map((error) => `${error} from ${origin}`)), 'generator alone'],
        document.layers.map(({ layer, origins, reconstruction }) => [
          layer,
          ...ORIGINS.flatMap((origin) => {
            const { psnr, psnrToDecoded, cosine } = origins[origin]
            return [psnr?.toFixed(1) ?? 'equal', psnrToDecoded?.toFixed(1) ?? 'equal', cosine?.toFixed(3) ?? '–']
          }),
          reconstruction?.toFixed(1) ?? 'equal',
        ]),
      )
      print(`expected: ${document.expectation.scene ?? 'taken on pixels'}; PSNR in dB`)
      print(`see ${document.layers.map(({ files }) => join(options.out, files.sheet)).join(', ')}`)
      say(`computed in ${duration(seconds)}`)
    })
}
