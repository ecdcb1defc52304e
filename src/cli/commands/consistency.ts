import { join } from 'node:path'
import { Command, Option } from 'commander'
import type { ConsistencyOptions } from '../../consistency/consistency.js'
import { PRECISIONS } from '../../networks/network.js'
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
    .description('measure on photographs how often a small shift changes the network’s answer')
    .argument('<images>', 'folder of photographs, or a text file with a path on each line')
    .requiredOption('--model <id>', 'run this network: id (see shiftscope models list), ONNX file or checkpoint')
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
    .option('--out <folder>', 'write consistency.json, photographs.csv, arrays and a page here', parsePath)
    .option('--json', 'print one JSON document to stdout')
    .action(async (photographs: string, { json, ...options }: Flags) => {
      say('opening the network')
      const { consistency } = await import('../../consistency/consistency.js')
      const { consistencyDocument } = await import('../../consistency/document.js')
      const { measureText } = await import('../../consistency/page/measureText.js')
      const result = await consistency({ ...options, photographs, onProgress: terminalProgress(), signal })
      if (json) return printJson(consistencyDocument(result))
      printTable(
        ['protocol', 'measure', 'mean', 'std error'],
        result.measures.map((measure) => [
          measure.protocol,
          measure.title,
          measureText(measure, measure.mean),
          measureText(measure, measure.standardError),
        ]),
      )
      say(
        `${counted(result.photographs.length, 'photograph')}, ${counted(result.images, 'image')} in ${duration(result.seconds)}, ${Math.round(result.imagesPerSecond)} images/s`,
      )
      if (options.out !== undefined) say(`results: ${join(options.out, 'index.html')}`)
    })
}
