import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { env } from 'onnxruntime-node'
import {
  type Compositing,
  checkCompositing,
  checkPrecision,
  type Execution,
  type ExecutionRecord,
  openExecution,
  requiredTrials,
} from '../engine/choice.js'
import { type DeviceRequest, parseDevice, processorName } from '../engine/device.js'
import type { Comparison, Features } from '../engine/features.js'
import type { NetworkHandle } from '../engine/handle.js'
import { arrayBytes, featureBytes, imagesOf, type PlannedUnit } from '../engine/plan.js'
import { sceneOf } from '../engine/scene.js'
import type { MeasuredSettings, WishedSettings } from '../engine/settings.js'
import { InterruptedError } from '../errors.js'
import type { ClassifierRecord, Classifiers } from '../experiments/classifiers.js'
import { studyClassifiers } from '../experiments/studyClassifiers.js'
import { makeWritableFolder, removeStaleTemporaries, writeFileAtomic } from '../files/atomic.js'
import { packageVersion } from '../files/package.js'
import { instructionSet } from '../native.js'
import type { Network } from '../networks/index.js'
import { type Progress, silent } from '../progress.js'
import type { ColourLimits } from '../report/colormap.js'
import { checkLimits, type ReportOptions, writeReport } from '../report/report.js'
import { siteFeatureBytes } from '../report/viewer/siteFeatures.js'
import { keepBackgroundPicture, keepPatchPicture } from '../results/pictures.js'
import { unplannedPatches } from '../results/study.js'
import type { Summary } from '../results/summary.js'
import { computeArithmeticPlan, imagesOfArithmetic } from './arithmeticStudy.js'
import { storeUnit } from './storeUnit.js'
import { backgroundFor, planStudy, type Study, type StudyOptions, unitInputs } from './studyPlan.js'

export interface ReproduceOptions extends StudyOptions, WishedSettings {
  readonly device?: string
  /** As for `extract`. */
  readonly compositing?: Compositing
  /** Ends of the heatmaps' colour scale. */
  readonly limits?: ColourLimits
  /** Also the paper's rows that were not measured. */
  readonly paper?: boolean
  readonly progress?: Progress
  readonly signal?: AbortSignal
}

/** What a study will cost. */
export interface StudyEstimate {
  readonly units: number
  /** Units that a results folder holds already. */
  readonly finished: number
  /** Units of a results folder that were made from other inputs and would be replaced. */
  readonly replaced: number
  /** In what these differ: `stride 3, not 1`. */
  readonly differences: readonly string[]
  /** Images of the units that are left. */
  readonly images: number
  /** Images of arithmetic that are left; each is also decoded from every layer. */
  readonly arithmeticImages: number
  /** Bytes that all units take on disk, reports aside. */
  readonly bytes: number
  /** Bytes of the page's own copy of the features that units keep. */
  readonly pageFeatureBytes: number
  /** Largest features of a unit in memory. */
  readonly featureBytes: number
  /** Seconds for the images that are left, from a short measured trial of each network; classifiers and arithmetic come on top. */
  readonly seconds: number
}

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
 * @throws UsageError, InputError, DeviceError, OutputError, WorkerError or InterruptedError; finished units are kept
 */
export async function reproduce(options: ReproduceOptions = {}): Promise<StudyResult> {
  const { progress = silent, signal } = options
  const start = new Date()
  const device = options.device ?? 'auto'
  const request = checkedRequest(options)
  const study = await planStudy(options)
  const beside = await unplannedPatches(
    study.out,
    study.units.map((unit) => unitInputs(study, unit)),
  )
  if (beside.length > 0)
    progress.note(`${study.out} holds other patches too; they count in its tables: ${beside.join(', ')}`)
  if (study.left[0] !== undefined) await requiredTrials(request, study.left[0].network, study.precision, signal)
  await makeWritableFolder(study.out)
  await removeStaleTemporaries(study.out)
  const skipped = study.units.length - study.left.length
  if (skipped > 0) progress.note(`${skipped} of ${study.units.length} units stand already in ${study.out}`)
  const { units: replaced, differences } = study.replaced
  if (replaced > 0)
    progress.note(
      `${replaced} ${replaced === 1 ? 'unit' : 'units'} in ${study.out} made otherwise (${differences.join('; ')}) ${replaced === 1 ? 'is' : 'are'} replaced; another --out keeps both`,
    )
  const runFile = join(study.out, 'run.json')
  const settings = await settingsOf(runFile)
  const describe = (finished: Date | null) => ({
    ...describeRun(study, settings),
    device,
    processor: processorName(),
    started: start.toISOString(),
    finished: finished?.toISOString() ?? null,
  })
  await writeJson(runFile, describe(null))
  await keepPictures(study)
  const classifiersFor = studyClassifiers(request.index, (line) => progress.note(line))
  for (const network of study.networks) {
    const units = study.left.filter((unit) => unit.network === network)
    if (units.length > 0)
      settings[network.id] = await computeUnits(study, network, units, options, classifiersFor, progress, signal)
  }
  for (const plan of study.arithmetic) await computeArithmeticPlan(plan, device, progress, signal)
  if (signal?.aborted) throw new InterruptedError()
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

/** The wanted device. @throws UsageError for it and what has to go with it, before anything is read */
function checkedRequest({ device = 'auto', precision, compositing, limits }: ReproduceOptions): DeviceRequest {
  const request = parseDevice(device)
  checkPrecision(request, precision)
  checkCompositing(request, compositing)
  if (limits) checkLimits(limits)
  return request
}

/** Stores what patches and backgrounds look like, for the page: units hold their hashes only. */
async function keepPictures({ out, patches, backgrounds }: Study): Promise<void> {
  for (const patch of patches) await keepPatchPicture(out, patch)
  for (const [frame, background] of backgrounds) await keepBackgroundPicture(out, background, frame)
}

/** How a network was run, and on what; in a study without classifiers nothing trained them. */
type NetworkSettings = MeasuredSettings & ExecutionRecord & { readonly classifiers?: ClassifierRecord }

/** The settings that earlier runs into the same folder chose, by network; a run that computes nothing keeps them. */
async function settingsOf(runFile: string): Promise<Record<string, NetworkSettings>> {
  try {
    const { settings } = JSON.parse(await readFile(runFile, 'utf8')) as { settings?: Record<string, NetworkSettings> }
    return { ...settings }
  } catch {
    return {}
  }
}

function writeJson(path: string, document: unknown): Promise<void> {
  return writeFileAtomic(path, `${JSON.stringify(document, null, 2)}\n`)
}

/** What `reproduce` would do with the same options, with a short trial of each network for the time. */
export async function estimateStudy(options: ReproduceOptions = {}): Promise<StudyEstimate> {
  checkedRequest(options)
  const study = await planStudy(options)
  let seconds = 0
  for (const network of study.networks) {
    const units = study.left.filter((unit) => unit.network === network)
    const [unit] = units
    if (unit === undefined) continue
    const { handle, settings } = await openUnits(study, network, unit, 0, options)
    await handle.close()
    seconds += units.reduce((sum, one) => sum + imagesOf(one), 0) / settings.imagesPerSecond
  }
  return {
    units: study.units.length,
    finished: study.units.length - study.left.length,
    replaced: study.replaced.units,
    differences: study.replaced.differences,
    images: study.left.reduce((sum, unit) => sum + imagesOf(unit), 0),
    arithmeticImages: arithmeticImages(study),
    bytes: study.units.reduce(
      (sum, unit) => sum + arrayBytes(unit) + (study.keepsFeatures ? keptFeatureBytes(unit) : 0),
      0,
    ),
    pageFeatureBytes: study.keepsFeatures ? study.units.reduce((sum, unit) => sum + pageFeatureBytes(unit), 0) : 0,
    featureBytes: study.units.reduce((most, unit) => Math.max(most, featureBytes(unit)), 0),
    seconds,
  }
}

function arithmeticImages({ arithmetic }: Study): number {
  return arithmetic.reduce((sum, plan) => sum + imagesOfArithmetic(plan), 0)
}

/** Bytes on disk of a unit's features at all positions of the grid. */
function keptFeatureBytes({ network, grid }: PlannedUnit): number {
  const dims = network.layers.reduce((sum, layer) => sum + layer.dims, 0)
  return grid.rows * grid.cols * dims * Float32Array.BYTES_PER_ELEMENT
}

function pageFeatureBytes({ network, grid }: PlannedUnit): number {
  return network.layers.reduce((sum, { dims }) => sum + siteFeatureBytes(grid.rows * grid.cols, dims), 0)
}

async function computeUnits(
  study: Study,
  network: Network,
  units: readonly PlannedUnit[],
  options: ReproduceOptions,
  classifiersFor: (device: ExecutionRecord['device']) => Classifiers,
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<NetworkSettings> {
  const total = units.reduce((sum, unit) => sum + imagesOf(unit), 0)
  const { handle, settings, ran } = await openUnits(study, network, units[0] as PlannedUnit, total, options)
  const classifiers = classifiersFor(ran().device)
  progress.start(network.id, total)
  // A unit is measured while the next one is extracted, where that leaves the processor free.
  let stored: Promise<void> = Promise.resolve()
  try {
    let done = 0
    for (const unit of units) {
      const response = await respond(study, handle, unit, (images) => progress.update(done + images), signal)
      await stored
      stored = storeUnit(study, unit, response, progress, classifiers)
      if (!handle.overlaps) await stored
      else stored.catch(() => undefined)
      done += imagesOf(unit)
    }
    await stored
    const trained = study.separability === null ? {} : { classifiers: classifiers.ran() }
    return { ...settings, ...handle.settings, ...ran(), ...trained }
  } finally {
    // What was extracted before an interruption is kept.
    await stored.catch(() => undefined)
    progress.stop()
    await handle.close()
  }
}

/** Opens a network for units of so many images together; no images: with the least of trials. */
function openUnits(
  study: Study,
  network: Network,
  { patch }: PlannedUnit,
  images: number,
  options: ReproduceOptions,
): Promise<Execution> {
  const { progress = silent, signal } = options
  return openExecution({
    network,
    scene: sceneOf(patch, backgroundFor(study, network).background, study.blend),
    images,
    request: parseDevice(options.device ?? 'auto'),
    wished: options,
    precision: study.precision,
    ...(options.compositing && { compositing: options.compositing }),
    compares: needsComparisonsAlone(study),
    onNote: (line) => progress.note(line),
    ...(signal && { signal }),
  })
}

/** Comparisons where these are all that is needed, or features. @throws InterruptedError when the signal ends it */
async function respond(
  study: Study,
  handle: NetworkHandle,
  { network, patch, grid }: PlannedUnit,
  onImages: (done: number) => void,
  signal: AbortSignal | undefined,
): Promise<Comparison | Features> {
  const scene = sceneOf(patch, backgroundFor(study, network).background, study.blend)
  const options = { onImages, signal }
  const anchors = grid.anchors.map(({ index }) => index)
  const response = await (needsComparisonsAlone(study)
    ? handle.compare(scene, grid.offsets, anchors, options)
    : handle.extract(scene, grid.offsets, options))
  if (response.finished < grid.offsets.length / 2) throw new InterruptedError()
  return response
}

function needsComparisonsAlone({ separability, keepsFeatures }: Study): boolean {
  return separability === null && !keepsFeatures
}

function reportOptions({ paper, limits, progress, signal }: ReproduceOptions): ReportOptions {
  return {
    ...(paper !== undefined && { paper }),
    ...(limits && { limits }),
    ...(progress && { progress }),
    ...(signal && { signal }),
  }
}

/** What run.json holds: all that a reader needs to judge or repeat the run, and the only place of timestamps. */
function describeRun(study: Study, settings: Readonly<Record<string, NetworkSettings>>) {
  return {
    shiftscope: packageVersion(),
    node: process.version,
    onnxruntime: env.versions.node ?? null,
    platform: `${process.platform}-${process.arch}`,
    instructionSet: instructionSet(),
    networks: study.networks.map(({ id, weightsPath, weightsSha256, layers }) => ({
      id,
      weightsPath,
      weightsSha256,
      layers: layers.map(({ name }) => name),
    })),
    patches: study.patches.map(({ name, size, sha256 }) => ({ name, size, sha256 })),
    stride: study.stride,
    background: [...new Set([...study.backgrounds.values()].map(({ identity }) => identity))].join(' '),
    blend: study.blend,
    separability: study.separability,
    arithmetic: study.arithmetic.map(({ models: { network, generators }, accuracy }) => ({
      model: network.id,
      weightsPath: network.weightsPath,
      weightsSha256: network.weightsSha256,
      generators: generators.map(({ id, weightsPath, weightsSha256 }) => ({ id, weightsPath, weightsSha256 })),
      expressionsPerKind: accuracy.inputs.trialsPerKind,
      seed: accuracy.inputs.seed,
    })),
    settings,
  }
}
