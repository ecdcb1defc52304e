import { join } from 'node:path'
import { requiredTrials } from '../engine/choice.js'
import { processorName } from '../engine/device.js'
import { imageCost } from '../engine/reuse/expected.js'
import { InputError, throwIfStopped } from '../errors.js'
import { studyClassifiers } from '../experiments/classifiers.js'
import { makeWritableFolder } from '../files/atomic.js'
import { pause } from '../files/lock.js'
import { readRegular } from '../files/regularFile.js'
import { sha256 } from '../files/sha256.js'
import { removeDeadTemporaries } from '../files/temporaries.js'
import { type Network, networkNotes } from '../networks/index.js'
import { type Progress, progressTo } from '../progress.js'
import { type Report, type ReportOptions, writeReport } from '../report/report.js'
import { storedPairs } from '../results/pairs.js'
import { keepBackgroundPicture, keepPatchPicture } from '../results/pictures.js'
import { reportStamp } from '../results/reportStamp.js'
import { unplannedPatches } from '../results/study.js'
import { isUnitThere } from '../results/unit/store.js'
import { counted } from '../support/text.js'
import { type ArithmeticItem, computeArithmetic } from './arithmetic/arithmeticPlan.js'
import { computeUnits, type OpenForUnits, openForUnits, type UnitWork } from './maps/compute.js'
import { type ReproduceOptions, type ResolvedOptions, resolveOptions } from './maps/options.js'
import { planStudy, replacedText, type Study, type StudyItem, unitsLeft } from './maps/plan.js'
import { describeRun, lastReport, type NetworkSettings, writeRunFile } from './runFile.js'
import { openTeam, type Team } from './team.js'
import type { FinishedItem } from './timeLeft.js'
import { imagesOf, lanesOf } from './workItem.js'
import { openWorkQueue } from './workQueue.js'

/** Result of a study. */
export interface StudyResult {
  readonly out: string
  /** Number of all units of the study (a unit is one object at one size in one network). */
  readonly units: number
  /** Number of units that this call computed. */
  readonly computed: number
  /** Number of images that this call computed. */
  readonly images: number
  readonly seconds: number
  /** Numbers and findings of the report; null with `report: false`. */
  readonly report: Report | null
}

/**
 * Runs a study and writes its report into a results folder. A study has one unit per network, object and size.
 *
 * Run it again to resume it: it computes only units that are missing, damaged or made from other inputs. Neither
 * interruptions nor the number of workers change the numbers. Several processes, also on several machines that share
 * the folder, can run the same study at once. They divide the units among themselves. Finished units stay in the
 * folder, even after an error.
 * @throws UsageError for invalid options
 * @throws InputError for missing or damaged files; with the code `ERR_SHIFTSCOPE_DEGENERATE_FEATURE` for a feature that
 *   is all zero or not finite
 * @throws DeviceError for a GPU that cannot be used
 * @throws OutputError if the folder cannot be written
 * @throws WorkerError if a worker fails repeatedly
 * @throws ResourceError for too little memory
 * @throws the signal's reason after an abort
 */
export function reproduce(options: ReproduceOptions = {}): Promise<StudyResult> {
  return runStudy(options, openForUnits)
}

/**
 * Does what `reproduce` does, but opens networks with the function `open`. The live page calls this function to store
 * features that the page already has.
 */
export async function runStudy(given: ReproduceOptions, open: OpenForUnits): Promise<StudyResult> {
  const options = resolveOptions(given)
  const { request, signal } = options
  const progress = progressTo(options.onProgress)
  const start = new Date()
  const begin = performance.now()
  const study = await planStudy(options)
  await notePlan(study, progress)
  const [first] = unitsLeft(study)
  if (first !== undefined) await requiredTrials(request, first.network, signal)
  await makeWritableFolder(study.out)
  const team = openTeam(study.out, progress, signal)
  // Temporary files of other machines may be in use, so this call only remembers when they last changed. When the
  // report is written, a second call removes those that have not changed since.
  await removeDeadTemporaries(study.out)
  await keepPictures(study)
  const run: Run = { study, team, options, open, progress, settings: {}, finished: [], start }
  try {
    await describe(run, null)
    await computeStudy(run)
    const written = options.report ? await report(run) : null
    await describe(run, new Date())
    return {
      out: study.out,
      units: study.units.length,
      computed: computedUnits(run),
      images: imagesOf(run.finished.map(({ item }) => item)),
      // This clock is monotonic: setting the system's time does not change it.
      seconds: (performance.now() - begin) / 1000,
      report: written,
    }
  } finally {
    await team.locks.close()
  }
}

interface Run {
  readonly study: Study
  readonly team: Team
  readonly options: ResolvedOptions
  readonly open: OpenForUnits
  readonly progress: Progress
  readonly start: Date
  readonly settings: Record<string, NetworkSettings>
  readonly finished: FinishedItem[]
}

/** Number of units that this process has computed. */
function computedUnits({ finished }: Run): number {
  return finished.filter(({ item }) => item.kind === 'maps').length
}

async function notePlan(study: Study, progress: Progress): Promise<void> {
  const { out, networks, units, replaced } = study
  for (const line of networks.flatMap(networkNotes)) progress.note(line)
  const planned = units.map(({ inputs }) => inputs)
  const unplanned = await unplannedPatches(out, planned)
  if (unplanned.length > 0)
    progress.note(`${out} also has results of other objects (${unplanned.join(', ')}), and the tables include them`)
  const skipped = units.length - unitsLeft(study).length
  if (skipped > 0) progress.note(`resuming: ${skipped} of ${counted(units.length, 'unit')} in ${out} are finished`)
  if (replaced.count > 0)
    progress.note(`replacing ${replacedText(replaced)} in ${out}; choose another \`out\` to keep both`)
}

/** @param report key of the report that was just written */
function describe(run: Run, end: Date | null, report: string | null = null): Promise<void> {
  const { study, team, options, settings, start } = run
  const entry = () => ({
    ...describeRun(study, options),
    process: team.locks.owner,
    settings,
    device: options.device,
    processor: processorName(),
    started: start.toISOString(),
    finished: end?.toISOString() ?? null,
    computed: computedUnits(run),
  })
  return team.alone('run.json', () => writeRunFile(runFile(study), entry(), report))
}

function runFile({ out }: Study): string {
  return join(out, 'run.json')
}

/**
 * Computes items until all are finished or taken by other processes. If this process writes the report, it also waits
 * for the items of the others.
 */
async function computeStudy(run: Run): Promise<void> {
  const { study, team, options, progress } = run
  const queue = openWorkQueue<StudyItem>(study, team)
  const work: UnitWork = {
    ...run,
    queue,
    locks: team.locks,
    classifiersFor: studyClassifiers(options.request.index, (line) => progress.note(line)),
    costs: await imageCosts(unitsLeft(study).map(({ network }) => network)),
    begin: performance.now(),
  }
  for (let idleRounds = 0; ; idleRounds++) {
    for (const lane of lanesOf(study.left)) {
      throwIfStopped(options.signal)
      const item = await queue.take(lane)
      if (item === undefined) continue
      if (item.kind === 'maps') run.settings[item.network.id] = await computeUnits(work, item)
      else await computeArithmeticOf(work, item)
      idleRounds = 0
    }
    const left = queue.left()
    if (left.length === 0 || !options.report) break
    if (idleRounds === 0) progress.note(waitingFor(left))
    await pause(idleRounds, options.signal)
  }
  await team.look()
  const byOthers = queue.byOthers.filter(({ kind }) => kind === 'maps').length
  if (byOthers > 0) progress.note(`other processes computed ${byOthers} of ${counted(study.units.length, 'unit')}`)
}

async function imageCosts(networks: readonly Network[]): Promise<ReadonlyMap<Network, number>> {
  const costs = new Map<Network, number>()
  for (const network of new Set(networks)) costs.set(network, await imageCost(network))
  return costs
}

async function computeArithmeticOf(work: UnitWork, item: ArithmeticItem): Promise<void> {
  const { queue, options, progress, finished } = work
  const begin = performance.now()
  try {
    const images = await computeArithmetic(item, options.request, progress, options.signal)
    finished.push({ item: { ...item, images }, seconds: (performance.now() - begin) / 1000 })
  } finally {
    await queue.finish(item)
  }
}

function waitingFor(left: readonly StudyItem[]): string {
  const count = (kind: StudyItem['kind']) => left.filter((item) => item.kind === kind).length
  const [units, arithmetic] = [count('maps'), count('arithmetic')]
  const what = [
    ...(units > 0 ? [counted(units, 'unit')] : []),
    ...(arithmetic > 0 ? [`the arithmetic of ${counted(arithmetic, 'network')}`] : []),
  ]
  return `waiting for ${what.join(' and ')}, which other processes compute; if one of them stops, this process computes the rest`
}
/** Writes the report. If another process wrote the same report while this process ran, returns that report instead. */
function report(run: Run): Promise<Report> {
  const { study, team, options, progress } = run
  const { out } = study
  return team.alone('report', async () => {
    const { limits = null } = options
    const stamp = await reportStamp(out, { limits, pairs: await storedPairs(out) })
    const written = team.hadOthers ? await writtenReport(study, stamp) : undefined
    if (written !== undefined) {
      progress.note('another process wrote the report')
      return written
    }
    await checkUnits(study)
    const report = await writeReport(out, reportOptions(options))
    await describe(run, null, reportMark(stamp, await reportTexts(out)))
    return report
  })
}

function reportTexts(out: string): Promise<readonly string[]> {
  const read = (file: string) => readRegular(join(out, file)).then(String, () => '')
  return Promise.all(['summary.json', 'findings.json'].map(read))
}

/** Mark by which run.json identifies a report. */
function reportMark(stamp: string, texts: readonly string[]): string {
  return `${stamp} ${sha256(...texts)}`
}

async function writtenReport(study: Study, stamp: string): Promise<Report | undefined> {
  const texts = await reportTexts(study.out)
  if ((await lastReport(runFile(study))) !== reportMark(stamp, texts)) return undefined
  const [rows, findings] = texts.map((text) => text && JSON.parse(text)) as [Report['rows'], Report['findings'] | '']
  return { rows, findings: findings || [] }
}

/** @throws InputError if finished units have disappeared, because the tables would be averages of fewer units */
async function checkUnits(study: Study): Promise<void> {
  const { out, units } = study
  let gone = 0
  for (const { inputs } of units) if (!(await isUnitThere(out, inputs))) gone++
  if (gone === 0) return
  throw new InputError(
    `${gone} of ${counted(units.length, 'unit')} disappeared from ${out} after they were computed; run the same command again to compute them`,
  )
}

/** Stores the pictures of patches and backgrounds for the page, because units hold only their hashes. */
async function keepPictures({ out, patches, backgrounds }: Study): Promise<void> {
  for (const patch of patches) await keepPatchPicture(out, patch)
  for (const [frame, background] of backgrounds) await keepBackgroundPicture(out, background, frame)
}

function reportOptions({ limits, onProgress, signal }: ResolvedOptions): ReportOptions {
  return {
    ...(limits && { limits }),
    ...(onProgress && { onProgress }),
    ...(signal && { signal }),
  }
}
