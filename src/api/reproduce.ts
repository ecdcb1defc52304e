import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import { featureBytes, imagesOf, mapBytes, type PlannedUnit, planUnits } from '../engine/plan.js'
import { type ExtractionPool, openPool } from '../engine/pool.js'
import { sceneOf, WHITE } from '../engine/scene.js'
import {
  candidateSettings,
  chooseSettings,
  type MeasuredSettings,
  measureSettings,
  type WishedSettings,
} from '../engine/settings.js'
import type { Scene } from '../engine/task.js'
import { InterruptedError, UsageError } from '../errors.js'
import { similarityMaps } from '../experiments/similarity.js'
import { makeWritableFolder, removeStaleTemporaries, writeFileAtomic } from '../files/atomic.js'
import { packageVersion } from '../files/package.js'
import { instructionSet } from '../native.js'
import { catalog, type Network } from '../networks/index.js'
import { builtInPatches, patchesFrom } from '../patches/collection.js'
import { readImage } from '../patches/image.js'
import { type Patch, patchAtSize } from '../patches/patch.js'
import { type Progress, silent } from '../progress.js'
import type { ColourLimits } from '../report/heatmap.js'
import { type ReportOptions, writeReport } from '../report/report.js'
import type { Summary } from '../results/summary.js'
import { findUnit, type Unit, type UnitInputs, writeUnit } from '../results/unit.js'
import { chooseDevice, chooseNetwork } from './options.js'

/** The experiments that a unit may hold. */
export const EXPERIMENTS = ['similarity'] as const
export type Experiment = (typeof EXPERIMENTS)[number]

export interface ReproduceOptions extends WishedSettings {
  /** quick (default): the embedded networks and patches on a coarse stride; paper: the paper's networks at stride 1. */
  readonly preset?: 'quick' | 'paper'
  /** Ids of the catalog, or paths that end in .onnx. */
  readonly models?: readonly string[]
  /** Which features of every network to read; all of the catalog's layers by default, required for ONNX files. */
  readonly layers?: readonly string[]
  /** Folder of pictures or manifest.json; the built-in patches by default. */
  readonly patches?: string
  /** Sides of the square patches in pixels, 75 and 125 by default. */
  readonly sizes?: readonly number[]
  readonly stride?: number
  readonly experiments?: readonly Experiment[]
  readonly device?: string
  /** `white` (default) or `#rrggbb`. */
  readonly background?: string
  readonly blend?: Scene['blend']
  /** Checkpoints in place of the published weights, by network id. */
  readonly weights?: Readonly<Record<string, string>>
  /** Results folder, `shiftscope-results` by default. */
  readonly out?: string
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
  /** Images of the units that are left. */
  readonly images: number
  /** Bytes that all units take on disk, reports aside. */
  readonly bytes: number
  /** Largest features of a unit in memory. */
  readonly featureBytes: number
  /** Seconds for the images that are left, from a short measured trial of each network. */
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

interface Study {
  readonly out: string
  readonly networks: readonly Network[]
  readonly patches: readonly Patch[]
  readonly sources: readonly string[]
  readonly stride: number
  readonly background: string
  readonly blend: Scene['blend']
  readonly units: readonly PlannedUnit[]
  readonly left: readonly PlannedUnit[]
}

const PRESETS = {
  quick: { kind: 'embedded', stride: 3 },
  paper: { kind: 'published', stride: 1 },
} as const

/**
 * Runs the study: patches × sizes × networks, one unit at a time, into a results folder (SPEC section 4), and writes its
 * report. Units that stand in the folder, undamaged and made from the same inputs, are not computed again; the numbers
 * depend neither on interruptions nor on the number of workers.
 * @throws UsageError, InputError, DeviceError, OutputError, WorkerError or InterruptedError; finished units are kept
 */
export async function reproduce(options: ReproduceOptions = {}): Promise<StudyResult> {
  const { progress = silent, signal } = options
  const start = new Date()
  const device = chooseDevice(options.device)
  const study = await planStudy(options)
  await makeWritableFolder(study.out)
  await removeStaleTemporaries(study.out)
  const skipped = study.units.length - study.left.length
  if (skipped > 0) progress.note(`${skipped} of ${study.units.length} units stand already in ${study.out}`)
  const settings: Record<string, MeasuredSettings> = {}
  for (const network of study.networks) {
    const units = study.left.filter((unit) => unit.network === network)
    if (units.length > 0) settings[network.id] = await computeUnits(study, network, units, options, progress, signal)
  }
  const summary = await writeReport(study.out, reportOptions(options))
  const end = new Date()
  const run = { ...describeRun(study, settings), device, started: start.toISOString(), finished: end.toISOString() }
  await writeFileAtomic(join(study.out, 'run.json'), `${JSON.stringify(run, null, 2)}\n`)
  return {
    out: study.out,
    units: study.units.length,
    computed: study.left.length,
    images: study.left.reduce((sum, unit) => sum + imagesOf(unit), 0),
    seconds: (end.getTime() - start.getTime()) / 1000,
    summary,
  }
}

/** What `reproduce` would do with the same options, with a short trial of each network for the time. */
export async function estimateStudy(options: ReproduceOptions = {}): Promise<StudyEstimate> {
  chooseDevice(options.device)
  const study = await planStudy(options)
  let seconds = 0
  for (const network of study.networks) {
    const units = study.left.filter((unit) => unit.network === network)
    const [unit] = units
    const [settings] = candidateSettings(network, options, availableParallelism())
    if (unit === undefined || settings === undefined) continue
    const { imagesPerSecond } = await measureSettings(
      network,
      sceneOf(unit.patch, study.background, study.blend),
      settings,
    )
    seconds += units.reduce((sum, one) => sum + imagesOf(one), 0) / imagesPerSecond
  }
  return {
    units: study.units.length,
    finished: study.units.length - study.left.length,
    images: study.left.reduce((sum, unit) => sum + imagesOf(unit), 0),
    bytes: study.units.reduce((sum, unit) => sum + mapBytes(unit), 0),
    featureBytes: study.units.reduce((most, unit) => Math.max(most, featureBytes(unit)), 0),
    seconds,
  }
}

async function planStudy(options: ReproduceOptions): Promise<Study> {
  const { preset = 'quick', sizes = [125, 75], background = WHITE, blend = 'hard' } = options
  checkExperiments(options.experiments)
  const { kind, stride: presetStride } = PRESETS[preset]
  const stride = options.stride ?? presetStride
  const models =
    options.models ??
    catalog()
      .filter((entry) => entry.kind === kind)
      .map(({ id }) => id)
  const strayWeights = Object.keys(options.weights ?? {}).find((id) => !models.includes(id))
  if (strayWeights !== undefined)
    throw new UsageError(
      `--weights names ${strayWeights}, which is not among the networks of this run; add it to --models`,
    )
  const networks: Network[] = []
  for (const model of new Set(models)) {
    const weights = options.weights?.[model]
    const { layers } = options
    networks.push(await chooseNetwork({ model, ...(weights !== undefined && { weights }), ...(layers && { layers }) }))
  }
  checkIds(networks)
  const frame = Math.min(...networks.map(({ input }) => input.rows))
  const sources = options.patches === undefined ? await builtInPatches() : await patchesFrom(options.patches)
  const patches: Patch[] = []
  for (const { name, path } of sources) {
    const image = await readImage(path)
    for (const size of new Set(sizes)) patches.push(patchAtSize(name, image, size, frame))
  }
  const order = [...new Set(sizes)]
  patches.sort((a, b) => order.indexOf(a.size) - order.indexOf(b.size))
  const units = planUnits(networks, patches, stride)
  const out = resolve(options.out ?? 'shiftscope-results')
  const left: PlannedUnit[] = []
  for (const unit of units) {
    if ((await findUnit(out, inputsOf(unit, background, blend))) === undefined) left.push(unit)
  }
  return { out, networks, patches, sources: sources.map(({ name }) => name), stride, background, blend, units, left }
}

function checkExperiments(experiments: readonly string[] = EXPERIMENTS): void {
  const unknown = experiments.find((name) => !(EXPERIMENTS as readonly string[]).includes(name))
  if (unknown !== undefined) throw new UsageError(`experiment ${unknown} is not known; use ${EXPERIMENTS.join(', ')}`)
}

/** Results are kept by the network's id, which is the stem of an ONNX file's name. */
function checkIds(networks: readonly Network[]): void {
  const ids = networks.map(({ id }) => id)
  const twice = ids.find((id, i) => ids.indexOf(id) < i)
  if (twice !== undefined)
    throw new UsageError(`two networks of this run are called ${twice}; rename one of the ONNX files`)
}

async function computeUnits(
  study: Study,
  network: Network,
  units: readonly PlannedUnit[],
  options: ReproduceOptions,
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<MeasuredSettings> {
  const total = units.reduce((sum, unit) => sum + imagesOf(unit), 0)
  const firstScene = sceneOf((units[0] as PlannedUnit).patch, study.background, study.blend)
  const settings = await chooseSettings(network, firstScene, total, options)
  const pool = openPool(network, settings)
  progress.start(network.id, total)
  try {
    let done = 0
    for (const unit of units) {
      await computeUnit(study, pool, unit, (images) => progress.update(done + images), signal)
      done += imagesOf(unit)
    }
    return settings
  } finally {
    progress.stop()
    await pool.close()
  }
}

async function computeUnit(
  study: Study,
  pool: ExtractionPool,
  unit: PlannedUnit,
  onImages: (done: number) => void,
  signal: AbortSignal | undefined,
): Promise<Unit> {
  const { network, patch, grid } = unit
  const scene = sceneOf(patch, study.background, study.blend)
  const { layers: features, finished } = await pool.extract(scene, grid.offsets, {
    onImages,
    ...(signal && { signal }),
  })
  if (finished < imagesOf(unit)) throw new InterruptedError()
  const mapLength = grid.anchors.length * grid.rows * grid.cols
  const maps = new Float32Array(features.length * mapLength)
  const layers: Unit['layers'] = []
  for (const [i, { name, dims, matrix }] of features.entries()) {
    const named = `${network.id} ${name}, patch ${patch.name}`
    const similarity = await similarityMaps({ layer: named, matrix, dims, ...grid }, availableParallelism())
    maps.set(similarity.maps, i * mapLength)
    layers.push({ name, dims, similarity: similarity.anchors })
  }
  const inputs = inputsOf(unit, study.background, study.blend)
  return writeUnit(study.out, { inputs, rows: grid.rows, cols: grid.cols, layers }, maps)
}

function inputsOf({ network, patch, grid }: PlannedUnit, background: string, blend: Scene['blend']): UnitInputs {
  return {
    model: network.id,
    weightsSha256: network.weightsSha256,
    layers: network.layers.map(({ name }) => name),
    patch: patch.name,
    patchSha256: patch.sha256,
    size: patch.size,
    stride: grid.stride,
    background,
    blend,
  }
}

function reportOptions({ paper, limits }: ReproduceOptions): ReportOptions {
  return { ...(paper !== undefined && { paper }), ...(limits && { limits }) }
}

/** What run.json holds: all that a reader needs to judge or repeat the run, and the only place of timestamps. */
function describeRun(study: Study, settings: Readonly<Record<string, MeasuredSettings>>) {
  return {
    shiftscope: packageVersion(),
    node: process.version,
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
    background: study.background,
    blend: study.blend,
    settings,
  }
}
