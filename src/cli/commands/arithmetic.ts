import { join } from 'node:path'
import { Command, Option } from 'commander'
import { ORIGINS } from '../../experiments/arithmetic/expression.js'
import type { ArithmeticOptions } from '../../study/arithmetic/arithmetic.js'
import { addSceneOptions, DEVICE_HELP } from '../options/extractionOptions.js'
import { addExamples } from '../options/help.js'
import { collectAssignments, collectImages, collectNames, parsePath, parseWhole } from '../options/parse.js'
import { duration, print, printJson, printTable, say } from '../output/output.js'
import { terminalProgress } from '../output/progressBar.js'
import type { CommandContext } from '../process/context.js'

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
    .option('--generator <a,b>', 'make pictures with these generators, by id [default: all that fit]', collectNames)
    .option('--layer <a,b>', 'use these layers [default: all that have a generator]', collectNames)
    .requiredOption('--expression <text>', 'compute this, such as "A + B - C" or "A + 0.5 * B"')
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
    .requiredOption('--out <folder>', 'write a page, vectors, pictures and arithmetic.json here', parsePath)
    .option('--json', 'print arithmetic.json to stdout')
    .action(async ({ generator, layer, image = {}, json, ...options }: Flags) => {
      say('opening networks')
      const { arithmetic } = await import('../../study/arithmetic/arithmetic.js')
      const { errorTable } = await import('../../report/arithmetic/section.js')
      const { document, seconds } = await arithmetic({
        ...options,
        ...(generator && { generators: generator }),
        ...(layer && { layers: layer }),
        images: image,
        onProgress: terminalProgress(),
        signal,
      })
      if (json) return printJson(document)
      const { head, rows } = errorTable(document)
      printTable(head, rows)
      print(`expected scene: ${document.expectation.scene ?? 'computed from pixels'}; PSNR in dB`)
      print(`results: ${join(options.out, 'index.html')}`)
      say(`computed in ${duration(seconds)}`)
    })
}
