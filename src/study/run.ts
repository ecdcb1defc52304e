import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { requiredTrials } from '../engine/choice.js'
import { processorName } from '../engine/device.js'
import { imagesOf, type PlannedUnit } from '../engine/plan.js'
import { throwIfStopped } from '../errors.js'
import { studyClassifiers } from '../experiments/studyClassifiers.js'
import { makeWritableFolder, removeStaleTemporaries } from '../files/atomic.js'
import type { Claims } from '../files/claims.js'
import { assumedInput } from '../networks/index.js'
import { type Progress, progressTo } from '../progress.js'
import { type ReportOptions, writeReport } from '../report/report.js'
import { fileName } from '../results/fileName.js'
import { keepBackgroundPicture, keepPatchPicture } from '../results/pictures.js'
import { reportStamp } from '../results/reportStamp.js'
import { unplannedPatches } from '../results/study.js'
import type { Summary } from '../results/summary.js'
import { type ArithmeticPlan, computeArithmeticPlan, imagesOfArithmetic } from './arithmeticPlan.js'
import { computeUnits, type UnitWork } from './compute.js'
import { planStudy, type Study, unitInputs } from './plan.js'
import { describeRun, lastReport, type NetworkSettings, writeRunFile } from './runFile.js'
import { checkedRequest, type ReproduceOptions } from './runOptions.js'
import { openTeam, type Team, type WorkerState } from './team.js'
import { openUnitQueue, unitTitle } from './unitQueue.js'

/** What a study found and where it lies. */
export interface StudyResult {
  readonly out: string
  readonly units: number
  /** Units that were computed by this call; the rest stood already. */
  readonly computed: number
  readonly images: number
  readonly seconds: number
  /** Null where the report was left to another process. */
  readonly summary: Summary | null
}

/**
 * Runs the study: patches × sizes × networks, one unit at a time, into a results folder, and writes its
 * report. Units that stand in the folder, undamaged and made from the same inputs, are not computed again; the numbers
 * depend neither on interruptions nor on the number of workers. Any number of processes, on any machines that share the
 * folder, may run the same study at once: each takes units that nobody has, and the last one writes the report.
 * @throws UsageError, InputError, DeviceError, OutputError, WorkerError or the signal's reason; finished units are kept
 */
export async function reproduce(options: ReproduceOptions = {}): Promise<StudyResult> {
  const { signal } = options
  const progress = progressTo(options.onProgress)
  const start = new Date()
  const device = options.device ?? 'auto'
  const request = checkedRequest(options)
  const study = await planStudy(options)
  for (const line of study.networks.flatMap((network) => assumedInput(network) ?? [])) progress.note(line)
  const unplanned = await unplannedPatches(
    study.out,
    study.units.map((unit) => unitInputs(study, unit)),
  )
  if (unplanned.length > 0)
    progress.note(`${study.out} holds other patches too; they count in its tables: ${unplanned.join(', ')}`)
  if (study.left[0] !== undefined) await requiredTrials(request, study.left[0].network, study.precision, signal)
  await makeWritableFolder(study.out)
  await removeStaleTemporaries(study.out)
  const skipped = study.units.length - study.left.length
  if (skipped > 0) progress.note(`${skipped} of ${study.units.length} units stand already in ${study.out}`)
  const { units: replaced, differences } = study.replaced
  if (replaced > 0)
    progress.note(
      `${replaced} ${replaced === 1 ? 'unit' : 'units'} in ${study.out} made otherwise (${differences.join('; ')}) ${replaced === 1 ? 'is' : 'are'} replaced; another \`out\` keeps both`,
    )
  await keepPictures(study)
  const team = await openTeam(study.out, progress, signal)
  const runFile = join(study.out, 'run.json')
  const settings: Record<string, NetworkSettings> = {}
  const finished: PlannedUnit[] = []
  const describe = (end: Date | null, report: string | null = null) =>
    team.alone('run.json', () => writeRunFile(runFile, { ...about(), finished: end?.toISOString() ?? null }, report))
  const about = () => ({
    ...describeRun(study),
    process: { id: team.claims.owner.id, host: team.claims.owner.host, pid: process.pid },
    settings,
    device,
    processor: processorName(),
    started: start.toISOString(),
    computed: finished.length,
  })
  try {
    await describe(null)
    const queue = openUnitQueue(study, team)
    const work = {
      ...{ study, queue, options, progress, onUnit: workerStates(team.claims) },
      classifiersFor: studyClassifiers(request.index, (line) => progress.note(line)),
    }
    const computeAll = async () => {
      for (const network of study.networks) {
        const unit = queue.left(network).length > 0 ? await queue.take(network) : undefined
        if (unit === undefined) continue
        const computed = await computeUnits(work, network, unit)
        settings[network.id] = computed.settings
        finished.push(...computed.units)
      }
    }
    const isLast = options.report !== false
    let images = 0
    let arithmetic = study.arithmetic
    for (let attempt = 0; ; attempt++) {
      throwIfStopped(signal)
      const before = finished.length
      await computeAll()
      images += await computeArithmetic(arithmetic, team, device, isLast, progress, signal)
      arithmetic = []
      const left = queue.left()
      if (left.length === 0 || !isLast) break
      if (attempt === 0) progress.note(waitingFor(left.length))
      // What others finish is looked at, and what the dead leave is taken.
      if (finished.length > before) attempt = 0
      await team.pause(attempt)
      await queue.refresh()
      await team.look()
    }
    throwIfStopped(signal)
    await team.look()
    if (queue.byOthers > 0) progress.note(`${queue.byOthers} of ${study.units.length} units were computed by others`)
    const summary = isLast ? await report(study.out, team, runFile, options, progress, describe) : null
    const end = new Date()
    await describe(end)
    return {
      out: study.out,
      units: study.units.length,
      computed: finished.length,
      images: finished.reduce((sum, unit) => sum + imagesOf(unit), images),
      seconds: (end.getTime() - start.getTime()) / 1000,
      summary,
    }
  } finally {
    await team.close()
  }
}

function waitingFor(units: number): string {
  return `waiting for ${units} ${units === 1 ? 'unit' : 'units'} that others compute; what they leave is taken over`
}

/** Tells others what this process is at. */
function workerStates(claims: Claims): UnitWork['onUnit'] {
  const begin = performance.now()
  let current: PlannedUnit | undefined
  let since = ''
  let before = 0
  return (unit, images) => {
    const isNew = unit !== current
    if (isNew) {
      before += current === undefined ? 0 : imagesOf(current)
      current = unit
      since = new Date().toISOString()
    }
    const state: WorkerState = {
      unit: unitTitle(unit),
      since,
      images: before + images,
      seconds: (performance.now() - begin) / 1000,
    }
    claims.describe(state, isNew)
  }
}

/**
 * Computes the arithmetic that nobody has taken, network by network, and waits for that of others if it is to be waited for.
 * @returns how many images were computed
 */
async function computeArithmetic(
  plans: Study['arithmetic'],
  team: Team,
  device: string,
  isWaiting: boolean,
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<number> {
  let images = 0
  const compute = async (planned: ArithmeticPlan) => {
    const plan = await planned.again()
    images += imagesOfArithmetic(plan)
    await computeArithmeticPlan(plan, device, progress, signal)
  }
  for (const plan of plans) {
    const name = fileName(`arithmetic ${plan.models.network.id}`)
    if (isWaiting) await team.alone(name, () => compute(plan))
    else if (await team.claims.take(name)) await compute(plan).finally(() => team.claims.release(name))
  }
  return images
}

/** Writes the report, unless another process has written the same one since this one began. */
async function report(
  out: string,
  team: Team,
  runFile: string,
  options: ReproduceOptions,
  progress: Progress,
  describe: (end: Date | null, report: string) => Promise<void>,
): Promise<Summary> {
  return team.alone('report', async () => {
    const { paper = false, limits = null } = options
    const stamp = await reportStamp(out, { paper, limits })
    if (team.hadOthers && (await lastReport(runFile)) === stamp) {
      progress.note('the report was written by another process')
      return JSON.parse(await readFile(join(out, 'summary.json'), 'utf8')) as Summary
    }
    const summary = await writeReport(out, reportOptions(options))
    await describe(null, stamp)
    return summary
  })
}

/** Stores what patches and backgrounds look like, for the page: units hold their hashes only. */
async function keepPictures({ out, patches, backgrounds }: Study): Promise<void> {
  for (const patch of patches) await keepPatchPicture(out, patch)
  for (const [frame, background] of backgrounds) await keepBackgroundPicture(out, background, frame)
}

function reportOptions({ paper, limits, onProgress, signal }: ReproduceOptions): ReportOptions {
  return {
    ...(paper !== undefined && { paper }),
    ...(limits && { limits }),
    ...(onProgress && { onProgress }),
    ...(signal && { signal }),
  }
}
