import { join } from 'node:path'
import { Command, Option } from 'commander'
import { DEVICE_NAMES } from '../../engine/device.js'
import { ORIGINS } from '../../experiments/featureArithmetic.js'
import { type ArithmeticOptions, arithmetic } from '../../study/arithmetic.js'
import type { CommandContext } from '../context.js'
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
  return new Command('arithmetic')
    .description('add and subtract features of images, and show by a generator what the result looks like')
    .option('--model <id>', 'network whose features are taken; the generators’, else tiny-alexnet, by default')
    .option('--generator <a,b>', 'generators by id, or .onnx files; all of the network’s by default', collectNames)
    .option('--layer <a,b>', 'layers; all that have a generator by default', collectNames)
    .requiredOption('--expression <text>', 'such as "A + B - C", with ( ) and factors as in 0.5 * A')
    .option(
      '--image <name=what>',
      'picture of the frame’s size, or scene of patches: "orange@0,149 dog:100@20,30", patch:size@row,col; repeated',
      collectImages,
    )
    .option(
      '--patches <path>',
      'for scenes: folder of pictures, manifest.json, or built-in patches by name (dog,car); all ten built-in ones by default',
    )
    .option('--size <n>', 'side in pixels of a scene’s objects that have none of their own', parseWhole, 75)
    .option('--background <what>', 'white, #rrggbb, noise:SEED or a picture', 'white')
    .addOption(
      new Option('--blend <rule>', 'hard: alpha of 128 or more is the patch; soft: mixed by alpha')
        .choices(['hard', 'soft'])
        .default('hard'),
    )
    .addOption(
      new Option(
        '--origin <which>',
        'features are measured from zero, as the paper does, or from the blank frame’s, so that it does not count twice',
      )
        .choices(ORIGINS)
        .default('zero'),
    )
    .option(
      '--device <name>',
      `where the network runs: ${DEVICE_NAMES.join(', ')}; NAME:INDEX for one of several`,
      'auto',
    )
    .option('--weights <id=file>', 'checkpoint in place of a published one; may be repeated', collectAssignments)
    .option('--post-relu', 'the generators’ weights are for rectified features, as those of the first DeePSiM release')
    .requiredOption('--out <folder>', 'folder for vectors, pictures, contact sheets and arithmetic.json', parsePath)
    .option('--json', 'print arithmetic.json to stdout')
    .action(async ({ generator, layer, image = {}, json, ...options }: Flags) => {
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
