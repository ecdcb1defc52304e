import { join } from 'node:path'
import { requiredTrials } from '../engine/choice.js'
import { processorName } from '../engine/device.js'
import { imagesOf } from '../engine/plan.js'
import { throwIfStopped } from '../errors.js'
import { studyClassifiers } from '../experiments/studyClassifiers.js'
import { makeWritableFolder, removeStaleTemporaries, writeFileAtomic } from '../files/atomic.js'
import { assumedInput } from '../networks/index.js'
import { progressTo } from '../progress.js'
import { type ReportOptions, writeReport } from '../report/report.js'
import { keepBackgroundPicture, keepPatchPicture } from '../results/pictures.js'
import { unplannedPatches } from '../results/study.js'
import type { Summary } from '../results/summary.js'
import { computeArithmeticPlan } from './arithmeticPlan.js'
import { computeUnits } from './compute.js'
import { arithmeticImages } from './estimate.js'
import { planStudy, type Study, unitInputs } from './plan.js'
import { describeRun, readEarlierRuns } from './runFile.js'
import { checkedRequest, type ReproduceOptions } from './runOptions.js'

/** What a study found and where it lies. */
export interface StudyResult {
  readonly out: string
  readonly units: number
  /** Units that were computed by this call; the rest stood already. */
  readonly computed: number
  readonly images: number
  readonly seconds: number
  readonly summary: Summary
}

/**
 * Runs the study: patches × sizes × networks, one unit at a time, into a results folder, and writes its
 * report. Units that stand in the folder, undamaged and made from the same inputs, are not computed again; the numbers
 * depend neither on interruptions nor on the number of workers.
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
  const runFile = join(study.out, 'run.json')
  const earlier = await readEarlierRuns(runFile)
  const settings = { ...earlier.settings }
  let computed = 0
  const describe = (finished: Date | null) => ({
    ...describeRun(study, settings),
    device,
    processor: processorName(),
    started: start.toISOString(),
    finished: finished?.toISOString() ?? null,
    computed,
    ...(earlier.runs.length > 0 && { earlier: earlier.runs }),
  })
  await writeJson(runFile, describe(null))
  await keepPictures(study)
  const classifiersFor = studyClassifiers(request.index, (line) => progress.note(line))
  for (const network of study.networks) {
    const units = study.left.filter((unit) => unit.network === network)
    if (units.length === 0) continue
    settings[network.id] = await computeUnits(study, network, units, options, classifiersFor, progress, signal)
    computed += units.length
  }
  for (const plan of study.arithmetic) await computeArithmeticPlan(plan, device, progress, signal)
  throwIfStopped(signal)
  const summary = await writeReport(study.out, reportOptions(options))
  const end = new Date()
  await writeJson(runFile, describe(end))
  return {
    out: study.out,
    units: study.units.length,
    computed: study.left.length,
    images: study.left.reduce((sum, unit) => sum + imagesOf(unit), 0) + arithmeticImages(study),
    seconds: (end.getTime() - start.getTime()) / 1000,
    summary,
  }
}

/** Stores what patches and backgrounds look like, for the page: units hold their hashes only. */
async function keepPictures({ out, patches, backgrounds }: Study): Promise<void> {
  for (const patch of patches) await keepPatchPicture(out, patch)
  for (const [frame, background] of backgrounds) await keepBackgroundPicture(out, background, frame)
}

function writeJson(path: string, document: unknown): Promise<void> {
  return writeFileAtomic(path, `${JSON.stringify(document, null, 2)}\n`)
}

function reportOptions({ paper, limits, onProgress, signal }: ReproduceOptions): ReportOptions {
  return {
    ...(paper !== undefined && { paper }),
    ...(limits && { limits }),
    ...(onProgress && { onProgress }),
    ...(signal && { signal }),
  }
}
