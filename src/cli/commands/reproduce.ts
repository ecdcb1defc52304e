import { join } from 'node:path'
import { Command, Option } from 'commander'
import { FOLD_SCHEMES } from '../../experiments/classifiers/folds.js'
import type { ReproduceOptions } from '../../study/maps/options.js'
import type { StudyResult } from '../../study/maps/reproduce.js'
import { counted } from '../../support/text.js'
import {
  addOwnOptions,
  addPairOption,
  addPoolOption,
  addRunOptions,
  addSceneOptions,
} from '../options/extractionOptions.js'
import { addExamples } from '../options/help.js'
import {
  collectAssignments,
  collectLayers,
  parseLimits,
  parseList,
  parseNatural,
  parsePath,
  parsePositive,
  parseWhole,
  parseWholeList,
} from '../options/parse.js'
import { addOpenOption, type PageFlags, sayPage } from '../output/openPage.js'
import { byteSize, duration, print, printJson, say } from '../output/output.js'
import { printReplaced, printTimes } from '../output/printedEstimate.js'
import { terminalProgress } from '../output/progressBar.js'
import type { CommandContext } from '../process/context.js'
import { toldToSupervisor } from '../process/supervisor.js'

export function reproduceCommand({ signal }: CommandContext): Command {
  const command = addExamples(
    new Command('reproduce'),
    'shiftscope reproduce',
    'shiftscope reproduce --patches dog,car --stride 8 --out dog-and-car',
    'shiftscope reproduce --preset paper --dry-run',
  ).description('run a study and write its tables, figures and page')
  addStudyOptions(command).option('--no-report', 'skip the report; another process writes it')
  return addOpenOption(command)
    .option('--json', 'print one JSON document to stdout')
    .optionsGroup(HOW)
    .option('--dry-run', 'estimate the study’s size and time without running it')
    .action(async ({ dryRun, json, open, ...options }: ReproduceOptions & PageFlags & { dryRun?: boolean }) => {
      if (dryRun) return printEstimate({ ...options, signal }, json)
      say('opening networks')
      const { reproduce } = await import('../../study/maps/reproduce.js')
      const result = await reproduce({ ...options, onProgress: toldToSupervisor(terminalProgress()), signal })
      if (json) printJson(result)
      else await printResult(result)
      if (result.report) await sayPage(join(result.out, 'index.html'), { open, json })
    })
}

async function printResult({ report, units, computed, images, seconds }: StudyResult): Promise<void> {
  const { printReport } = await import('../output/printedReport.js')
  if (report) printReport(report)
  say(
    `${units > 0 ? `${computed} of ${counted(units, 'unit')} computed, ` : ''}${counted(images, 'image')} in ${duration(seconds)}`,
  )
}

const HOW = 'How to run:'

export function addStudyOptions(studyCommand: Command): Command {
  const command = studyCommand
    .optionsGroup('What to study:')
    .addOption(new Option('--preset <name>', 'choose a study').choices(['quick', 'paper']).default('quick'))
    .option('--models <a,b>', 'study these, [NAME=]id or file [default: preset’s]', parseList)
    .option('--layers <[id=]a,b>', 'read these layers from all networks, or only from ID', collectLayers)
    .option('--patches <path>', 'use objects: folder or dog,car [default: built-in]')
    .option('--sizes <a,b>', 'resize objects to these px [default: 125,75 of 224]', parseWholeList)
    .option('--stride <n>', 'move the object by this many px [default: ≤4; paper: 1]', parseWhole)
    .option(
      '--experiments <a,b>',
      'measure similarity,separability (default), equivariance, readout, arithmetic',
      parseList,
    )
    .option('--cv <a,b>', `use folds ${FOLD_SCHEMES.join(', ')} [all]`, parseList)
    .option('--C <weight>', 'set the SVM’s C, the weight of errors', parsePositive, 1)
    .option('--seed <n>', 'seed random folds, samples and expressions', parseNatural, 0)
    .option('--expressions <n>', 'test n random expressions per kind [default: 50]', parseWhole)
    .option('--weights <id=file>', 'load a network’s weights from a file; may be repeated', collectAssignments)
  addSceneOptions(addOwnOptions(addPoolOption(addPairOption(command))))
  addRunOptions(command.optionsGroup(HOW))
  return command
    .optionsGroup('Where results go:')
    .option('--limits <low,high>', 'set colour scales [default: 0.88,1; figures: by layer]', parseLimits)
    .option('--keep-features', 'store features, so that any position can be an anchor')
    .option('--out <folder>', 'write results here', parsePath, 'shiftscope-results')
}

async function printEstimate(options: ReproduceOptions, json: boolean | undefined): Promise<void> {
  const { estimateStudy } = await import('../../study/maps/estimate.js')
  const { replacedText } = await import('../../study/items/workItem.js')
  const estimate = await estimateStudy(options)
  if (json) return printJson(estimate)
  print(
    `${counted(estimate.units, 'unit')}, ${estimate.finished} of them finished; ${counted(estimate.images, 'image')} left`,
  )
  if (estimate.replaced > 0) printReplaced(replacedText(counted(estimate.replaced, 'unit'), estimate.differences))
  if (estimate.arithmeticImages > 0) print(`${counted(estimate.arithmeticImages, 'more image')} for arithmetic`)
  const kept = options.keepFeatures ? 'features' : 'compressed features'
  print(`${byteSize(estimate.bytes)} of arrays on disk`)
  if (estimate.pageFeatureBytes > 0) print(`${byteSize(estimate.pageFeatureBytes)} of ${kept} in the page`)
  print(`at most ${byteSize(estimate.featureBytes)} of features in memory`)
  printTimes(estimate, ', not counting classifiers')
}
