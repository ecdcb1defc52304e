import { join } from 'node:path'
import { Command, Option } from 'commander'
import { counted } from '../../counted.js'
import { FOLD_SCHEMES } from '../../experiments/folds.js'
import { LOSSES } from '../../experiments/separability.js'
import { verdictTable } from '../../report/findings/document.js'
import { isTooSmall } from '../../report/findings/findings.js'
import type { Report } from '../../report/report.js'
import { cellText } from '../../report/tables/render.js'
import { NO_PAPER, resultTables } from '../../report/tables/tables.js'
import { FEWEST_PATCHES } from '../../results/rows.js'
import { ARITHMETIC_ACCURACY } from '../../results/tableKinds.js'
import { estimateStudy, type StudyEstimate } from '../../study/estimate.js'
import { reproduce, type StudyResult } from '../../study/run.js'
import type { ReproduceOptions } from '../../study/runOptions.js'
import type { CommandContext } from '../context.js'
import { addExtractionOptions, addInputOptions, addPoolOption } from '../extractionOptions.js'
import { addOpenOption, type PageFlags, sayPage } from '../openPage.js'
import { byteSize, duration, print, printJson, printTable, say } from '../output.js'
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
} from '../parse.js'
import { terminalProgress } from '../progressBar.js'
import { toldToSupervisor } from '../supervisor.js'

export function reproduceCommand({ signal }: CommandContext): Command {
  const command = addStudyOptions(
    new Command('reproduce').description(
      'run the study: patches × sizes × networks into a results folder with tables, heatmaps and a page; several processes may run it in one folder, and share its units',
    ),
  )
    .option('--dry-run', 'only say what would be done: units, images, bytes, time')
    .option('--no-report', 'leave the report to another process, and wait for nobody')
  return addOpenOption(command)
    .option('--json', 'print one JSON document to stdout')
    .action(async ({ dryRun, json, open, ...options }: ReproduceOptions & PageFlags & { dryRun?: boolean }) => {
      if (dryRun) return printEstimate({ ...options, signal }, json)
      const result = await reproduce({ ...options, onProgress: toldToSupervisor(terminalProgress()), signal })
      if (json) printJson(result)
      else printResult(result)
      if (result.report) await sayPage(join(result.out, 'index.html'), { open, json })
    })
}

function printResult({ report, units, computed, images, seconds }: StudyResult): void {
  if (report) printReport(report)
  say(
    `${units > 0 ? `${computed} of ${counted(units, 'unit')} computed, ` : ''}${counted(images, 'image')} in ${duration(seconds)}`,
  )
}

/** Adds what decides a study, how its networks are run, and where its results go. */
export function addStudyOptions(studyCommand: Command): Command {
  const command = studyCommand
    .addOption(
      new Option(
        '--preset <name>',
        'quick: embedded networks and patches, coarse stride; paper: the paper’s networks, stride 1',
      )
        .choices(['quick', 'paper'])
        .default('quick'),
    )
    .option(
      '--models <a,b>',
      'networks by id (see: shiftscope models list), ONNX files, or checkpoints; the preset’s by default',
      parseList,
    )
    .option(
      '--layers <[id=]a,b>',
      'features to read of every network, or of one of them (may be repeated); by default the catalog’s, of an ONNX file the last output and what enters the last fully connected layer',
      collectLayers,
    )
    .option(
      '--patches <path>',
      'folder of pictures, manifest.json, or built-in patches by name (dog,car); all ten built-in ones by default',
    )
    .option('--sizes <a,b>', 'sides of the square patches in pixels; 125,75 by default', parseWholeList)
    .option('--stride <n>', 'distance of neighbouring positions in pixels; quick 4, paper 1', parseWhole)
    .option(
      '--experiments <a,b>',
      'what to measure: similarity, separability, arithmetic; the first two by default',
      parseList,
    )
    .option('--cv <a,b>', `fold schemes of separability (${FOLD_SCHEMES.join(', ')}); all by default`, parseList)
    .addOption(new Option('--loss <name>', 'loss of the classifier').choices(LOSSES).default('hinge'))
    .option('--C <weight>', 'weight of the classifier’s losses', parsePositive, 1)
    .option('--seed <n>', 'seed of the fold schemes shuffled and blocks, and of random expressions', parseNatural, 0)
    .option('--expressions <n>', 'random expressions of each kind that arithmetic is measured on; 50', parseWhole)
    .option('--weights <id=file>', 'checkpoint in place of the published one; may be repeated', collectAssignments)
  return addExtractionOptions(addInputOptions(addPoolOption(command)))
    .option('--limits <low,high>', 'ends of the heatmaps’ colour scale; 0.88,1 by default', parseLimits)
    .option('--paper', 'list the paper’s values in the tables also where nothing was measured')
    .option(
      '--keep-features',
      'also store the features at all positions (features-<layer>.npy), so that any position can be the anchor of every object; see --dry-run for the bytes',
    )
    .option('--out <folder>', 'results folder', parsePath, 'shiftscope-results')
}

async function printEstimate(options: ReproduceOptions, json: boolean | undefined): Promise<void> {
  const estimate = await estimateStudy(options)
  if (json) return printJson(estimate)
  print(
    `${counted(estimate.units, 'unit')}, ${estimate.finished} of them finished; ${counted(estimate.images, 'image')} left`,
  )
  if (estimate.replaced > 0)
    print(`${estimate.replaced} that were made otherwise are replaced: ${estimate.differences.join('; ')}`)
  if (estimate.arithmeticImages > 0) print(`${counted(estimate.arithmeticImages, 'image')} of arithmetic left`)
  const kept = options.keepFeatures ? 'features' : 'sketches of features'
  const inPage = estimate.pageFeatureBytes > 0 ? `, ${byteSize(estimate.pageFeatureBytes)} of ${kept} in the page` : ''
  const inMemory = `at most ${byteSize(estimate.featureBytes)} of features in memory`
  print(`${byteSize(estimate.bytes)} of arrays on disk${inPage}, ${inMemory}`)
  print(`about ${duration(estimate.seconds)} for the images on this machine, classifiers and arithmetic not counted`)
  if (estimate.missing.length > 0) printMissing(estimate.missing)
}

function printMissing(missing: StudyEstimate['missing']): void {
  const files = missing.map(({ id, bytes }) => `${id} (${byteSize(bytes)})`)
  const all = byteSize(missing.reduce((sum, { bytes }) => sum + bytes, 0))
  const command = `shiftscope models pull ${missing.map(({ id }) => id).join(' ')}`
  print(`missing weights: ${files.join(', ')}; ${all} in all: ${command}`)
  say('the time of these networks is measured with made-up weights')
}

/** What a study found: how much arithmetic was exact, and a verdict for each claim and network. */
export function printReport({ rows, findings }: Report): void {
  const exact = rows.filter(({ metric, variant }) => metric === 'arithmetic-exact' && !variant.startsWith('control'))
  for (const { kind, title, head, rows: lines } of resultTables(exact, NO_PAPER)) {
    // All kinds of expressions together.
    if (kind !== ARITHMETIC_ACCURACY) continue
    print(`${title}:`)
    printTable(
      head,
      lines.map((line) => line.map(cellText)),
    )
  }
  if (findings.length === 0) return
  if (isTooSmall(findings)) {
    print(`no verdicts: they need at least ${FEWEST_PATCHES} objects; findings.md has the numbers`)
    return
  }
  const { head, rows: lines } = verdictTable(findings)
  printTable(
    head,
    lines.map((line) => line.map(cellText)),
  )
  print('✓ supported, ✗ contradicted, ? open; findings.md has the numbers')
}
