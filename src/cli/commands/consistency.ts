import { join } from 'node:path'
import { Command, Option } from 'commander'
import { PROTOCOLS } from '../../experiments/answers/protocols.js'
import { PRECISIONS } from '../../network.js'
import { READINGS } from '../../patches/reading.js'
import type { Consistency } from '../../study/answers/consistency.js'
import type { ConsistencyOptions } from '../../study/answers/options.js'
import { counted } from '../../support/text.js'
import { addDeviceOptions, addOwnOptions, BACKGROUNDS } from '../options/extractionOptions.js'
import { addExamples } from '../options/help.js'
import { parseList, parseNatural, parsePath, parseWhole } from '../options/parse.js'
import { addOpenOption, type PageFlags, sayPage } from '../output/openPage.js'
import { byteSize, duration, print, printJson, say } from '../output/output.js'
import { printReplaced, printTimes } from '../output/printedEstimate.js'
import { terminalProgress } from '../output/progressBar.js'
import type { CommandContext } from '../process/context.js'
import { toldToSupervisor } from '../process/supervisor.js'

export function consistencyCommand({ signal }: CommandContext): Command {
  const command = addExamples(
    new Command('consistency'),
    'shiftscope consistency photographs --model mobilenet_v2 --protocols crop --out crops',
  ).description('measure on photographs how often a small shift changes a network’s answer')
  addConsistencyOptions(command).option('--no-report', 'skip the report; another process writes it')
  return addOpenOption(command)
    .option('--json', 'print one JSON document to stdout')
    .optionsGroup(HOW)
    .option('--dry-run', 'estimate the study’s size and time without running it')
    .action(async (photographs: string, { json, dryRun, open, ...flags }: Flags) => {
      const options = { ...flags, photographs, signal }
      if (dryRun) return printEstimate(options, json)
      say('opening the network')
      const { consistency, consistencyDocument } = await import('../../study/answers/consistency.js')
      const result = await consistency({ ...options, onProgress: toldToSupervisor(terminalProgress()) })
      if (json) printJson(consistencyDocument(result))
      else await printResult(result)
      if (result.report && options.out !== undefined) await sayPage(join(options.out, 'index.html'), { open, json })
    })
}

type Flags = Omit<ConsistencyOptions, 'photographs'> & PageFlags & { readonly dryRun?: boolean }

const HOW = 'How to run:'

export function addConsistencyOptions(studyCommand: Command): Command {
  const command = studyCommand
    .argument('<images>', 'folder of photographs, or a text file with a path on each line')
    .optionsGroup('What to study:')
    .option('--model <id>', 'run this network: id (see shiftscope models list), ONNX file or checkpoint')
    .option('--models <a,b>', 'run these networks, each [NAME=]id or file, on the same shifts', parseList)
    .option('--labels <file>', 'read right classes from this CSV file, or “folders”: from their names', parsePath)
    .option('--weights <file>', 'load the network’s weights from this file')
    .option('--layers <name>', 'compare the answers of this output [default: the main class scores]', parseList)
    .addOption(new Option('--reading <kind>', 'read photographs this way').choices(READINGS).default('torchvision'))
    .option(
      '--protocols <a,b>',
      `shift by ${PROTOCOLS.map(({ name }) => name).join(', ')} [default: crop,diagonal]`,
      parseList,
    )
    .option('--exact', 'compute the protocol crop over all pairs of windows instead of draws')
    .option('--draws <n>', 'draw this many pairs of random shifts per photograph [default: 5]', parseWhole)
    .option('--seed <n>', 'seed the random shifts', parseNatural, 0)
    .option('--background <what>', `draw embedded photographs on ${BACKGROUNDS}`, '#000000')
  addOwnOptions(command)
    .optionsGroup(HOW)
    .addOption(new Option('--precision <kind>', 'choose the GPU’s precision').choices(PRECISIONS).default('fp32'))
  return addDeviceOptions(command)
    .optionsGroup('Where results go:')
    .option('--out <folder>', 'write answers, tables and a page to this folder', parsePath)
}

async function printEstimate(options: ConsistencyOptions, json: boolean | undefined): Promise<void> {
  const { estimateConsistency } = await import('../../study/answers/estimate.js')
  const { replacedText } = await import('../../study/items/workItem.js')
  const estimate = await estimateConsistency(options)
  if (json) return printJson(estimate)
  const { photographs, networks, protocols, images, replaced, differences, bytes } = estimate
  print(
    `${counted(photographs, 'photograph')}, ${counted(networks, 'network')}, ${counted(protocols, 'protocol')}; ${counted(images, 'image')} left`,
  )
  if (replaced > 0) printReplaced(replacedText(`answers to ${counted(replaced, 'photograph')}`, differences))
  print(`${byteSize(bytes)} of answers on disk`)
  printTimes(estimate)
}

async function printResult({ networks, ranking, warnings }: Consistency): Promise<void> {
  const { printAnswers, printWarnings } = await import('../output/printedReport.js')
  const areSeveral = networks.length > 1
  const hasMeasures = networks.some(({ measures }) => measures.length > 0)
  printWarnings(warnings)
  if (hasMeasures) printAnswers(networks, ranking)
  for (const { model, photographs, images, seconds, imagesPerSecond } of networks)
    say(
      `${areSeveral ? `${model}: ` : ''}${hasMeasures ? `${counted(photographs.length, 'photograph')}, ` : ''}${counted(images, 'image')} in ${duration(seconds)}, ${Math.round(imagesPerSecond)} images/s`,
    )
}
