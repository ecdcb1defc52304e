import { join } from 'node:path'
import { Command, Option } from 'commander'
import { PRECISIONS } from '../../networks/network.js'
import type { ConsistencyOptions } from '../../study/answers/options.js'
import { counted } from '../../support/text.js'
import type { CommandContext } from '../context.js'
import { addDeviceOptions, addOwnOptions, BACKGROUNDS } from '../extractionOptions.js'
import { addExamples } from '../help.js'
import { duration, printJson, printTable, say } from '../output.js'
import { parseList, parseNatural, parsePath, parseWhole } from '../parse.js'
import { terminalProgress } from '../progressBar.js'

type Flags = Omit<ConsistencyOptions, 'photographs'> & { readonly json?: boolean }

export function consistencyCommand({ signal }: CommandContext): Command {
  const command = addExamples(
    new Command('consistency'),
    'shiftscope consistency photographs --model mobilenet_v2 --protocols crop --out crops',
  )
    .description('measure on photographs how often a small shift changes a network’s answer')
    .argument('<images>', 'folder of photographs, or a text file with a path on each line')
    .option('--model <id>', 'run this network: id (see shiftscope models list), ONNX file or checkpoint')
    .option('--models <a,b>', 'run these networks, each [NAME=]id or file, on the same shifts', parseList)
    .option('--labels <file>', 'read right classes from this CSV file, or “folders”: from their names', parsePath)
    .option('--weights <file>', 'load the network’s weights from this file')
    .option('--layers <name>', 'compare the answers of this output [default: the main class scores]', parseList)
    .option('--protocols <a,b>', 'shift by crop,diagonal (default), embed, circular, subpixel', parseList)
    .option('--exact', 'compute the protocol crop over all pairs of windows instead of draws')
    .option('--draws <n>', 'draw this many pairs of random shifts per photograph [default: 5]', parseWhole)
    .option('--seed <n>', 'seed the random shifts', parseNatural, 0)
    .option('--background <what>', `draw embedded photographs on ${BACKGROUNDS}`, '#000000')
  addOwnOptions(command).addOption(
    new Option('--precision <kind>', 'choose the GPU’s precision').choices(PRECISIONS).default('fp32'),
  )
  return addDeviceOptions(command)
    .option('--out <folder>', 'write tables, arrays and a page to this folder', parsePath)
    .option('--json', 'print one JSON document to stdout')
    .action(async (photographs: string, { json, ...options }: Flags) => {
      say('opening the network')
      const { consistency, consistencyDocument } = await import('../../study/answers/consistency.js')
      const { measureText } = await import('../../report/photographs/measureText.js')
      const result = await consistency({ ...options, photographs, onProgress: terminalProgress(), signal })
      if (json) return printJson(consistencyDocument(result))
      const areSeveral = result.networks.length > 1
      printTable(
        [
          ...(areSeveral ? ['network'] : []),
          'protocol',
          'measure',
          'mean',
          'std error',
          'confident',
          'std error',
          'photographs',
        ],
        result.networks.flatMap(({ model, measures }) =>
          measures.map((measure) => [
            ...(areSeveral ? [model] : []),
            measure.protocol,
            measure.title,
            ...[measure, measure.confident].flatMap(({ mean, standardError }) => [
              measureText(measure, mean),
              measureText(measure, standardError),
            ]),
            `${measure.confident.count} of ${measure.count}`,
          ]),
        ),
      )
      for (const { model, photographs, images, seconds, imagesPerSecond } of result.networks)
        say(
          `${areSeveral ? `${model}: ` : ''}${counted(photographs.length, 'photograph')}, ${counted(images, 'image')} in ${duration(seconds)}, ${Math.round(imagesPerSecond)} images/s`,
        )
      if (options.out !== undefined) say(`results: ${join(options.out, 'index.html')}`)
    })
}
