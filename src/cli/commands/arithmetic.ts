import { join } from 'node:path'
import { Command, Option } from 'commander'
import { ORIGINS } from '../../experiments/expression.js'
import type { ArithmeticDocument } from '../../results/arithmeticDocument.js'
import type { ArithmeticOptions } from '../../study/arithmetic.js'
import type { CommandContext } from '../context.js'
import { addSceneOptions, DEVICE_HELP } from '../extractionOptions.js'
import { addExamples } from '../help.js'
import { duration, print, printJson, printTable, say, terminalColumns, wrapped } from '../output.js'
import { collectAssignments, collectImages, collectNames, parsePath, parseWhole } from '../parse.js'
import { terminalProgress } from '../progressBar.js'

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
    .description('add and subtract features of images, and turn the result into a picture')
    .option('--model <id>', 'use this network, [NAME=]id or file [default: the generators’, or tiny-alexnet]')
    .option(
      '--generator <a,b>',
      'make pictures with these generators, by id or file [default: all that fit]',
      collectNames,
    )
    .option('--layer <a,b>', 'use these layers [default: all that have a generator]', collectNames)
    .requiredOption('--expression <text>', 'compute this, such as "A + B - C" or "0.5 * (A + B)"')
    .option(
      '--image <name=what>',
      'define an image: a file, or objects such as dog:75@0,149; may be repeated',
      collectImages,
    )
    .option('--patches <path>', 'take objects from a folder or manifest.json [default: built-in]')
    .option('--size <n>', 'resize objects to this side in px, unless --image gives one', parseWhole, 75)
  return addSceneOptions(command)
    .addOption(
      new Option('--origin <which>', 'measure features from zero or from a blank image')
        .choices(ORIGINS)
        .default('zero'),
    )
    .option('--device <name>', DEVICE_HELP, 'auto')
    .option('--weights <id=file>', 'load a network’s weights from a file; may be repeated', collectAssignments)
    .option('--post-relu', 'apply ReLU before decoding, as the first DeePSiM release needs')
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
      printErrors(document)
      const pictures = document.layers.map(({ files }) => join(options.out, files.sheet))
      wrapped(`pictures: ${pictures.join(', ')}`, terminalColumns()).forEach(print)
      say(`computed in ${duration(seconds)}`)
    })
}

function printErrors(document: ArithmeticDocument): void {
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
  print(`expected scene: ${document.expectation.scene ?? 'computed from pixels'}; PSNR in dB`)
}
