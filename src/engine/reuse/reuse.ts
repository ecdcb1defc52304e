import { checkNames } from '../../checks.js'
import { throwIfStopped } from '../../errors.js'
import {
  CELL_INPUTS,
  type CellGraphs,
  type CellSteps,
  cellGraphs,
  cellSteps,
  type GraphNodes,
  type Network,
  readGraphNodes,
} from '../../networks/index.js'
import type { CellWork, WorkerData } from '../backends/workerData.js'
import { type ExtractionOptions, featuresOf, jobScene } from '../crew.js'
import type { FeatureMemory, Features } from '../features.js'
import { largestDistance } from '../noiseFloor.js'
import { BatchFailure, schedule } from '../scheduler.js'
import type { Scene, Settings } from '../task.js'
import { openWorkers, type Workers } from '../workers.js'
import type { Keys } from './keys.js'
import { type CellPlan, floorGain, type PlannedCells, type PlannedPass, passesOf, planCells } from './plan.js'
import { sceneGeometry, sceneKeys } from './scene.js'

/** Whether values that images have in common are computed once: where that is faster, or never. */
export const REUSE = ['auto', 'off'] as const
export type ReuseChoice = (typeof REUSE)[number]

/** @throws UsageError for what is no choice, as a script may give it */
export function checkReuse(reuse: string | undefined): void {
  if (reuse !== undefined) checkNames('reuse', [reuse], REUSE)
}

/** What images of one size of patch shared, for the results. */
export type ReuseRecord = { readonly size: number } & (
  | {
      /** The last tensor that was computed by its distinct values alone; what follows ran on whole images. */
      readonly cut: string
      /** Of the tensors up to there: distinct places, as a share of those of all images. */
      readonly distinct: Readonly<Record<string, number>>
      /** Times as fast as the plain way: by arithmetic, and by the clock. */
      readonly predictedGain: number
      readonly measuredGain: number | null
      /** The largest |reused - plain| / |plain| of a feature at the sampled positions, with Euclidean norms. */
      readonly distance: number
      readonly workers: number
      /** Of each worker. */
      readonly threads: number
    }
  | {
      /** Why the plain way was taken. */
      readonly reason: string
    }
)

/** Computes features with every value once. */
export interface Reuse {
  /** @returns undefined where the plain way is to be taken */
  extract(scene: Scene, offsets: Int32Array, options?: ExtractionOptions): Promise<Features | undefined>
  /** By size of the patch. */
  records(): readonly ReuseRecord[]
  close(): Promise<void>
}

export interface ReusePlan {
  readonly network: Network
  /** Of the workers that compute values once. */
  readonly settings: Settings
  /** What these workers are opened with. */
  readonly workerData: (cells: CellWork) => WorkerData
  /** Whether windows are gathered some at a time, as suits processors; all at once otherwise. */
  readonly isChunked: boolean
  readonly memory: FeatureMemory
  /** The plain way, for comparison. */
  readonly plain: {
    extract(scene: Scene, offsets: Int32Array): Promise<Features>
    /** Gives its memory back until it is needed again. */
    rest(): Promise<void>
  }
  /** Images a second of the plain way, which passes have to keep up with; null: that is not asked. */
  readonly plainRate: number | null
  /** One line for the user. */
  readonly onNote: (line: string) => void
  /** As in `openWorkers`. */
  readonly script?: string | undefined
}

/** Fewer images are not worth two more sessions. */
const FEWEST_IMAGES = 64

/** Predicted gains below this are lost in what else there is to do. */
const WORTH_REUSING = 1.1

/** So much slower than the plain way, which is measured shortly and on other images, it is given up. */
const SLOWER = 0.9

/** Seconds of passes before they are compared with the plain way. */
const TRIAL_SECONDS = 3

/** Features farther than this from the plain way's, relative to these, are not used. */
const MAX_DISTANCE = 1e-5

/** Weights of so many bytes are not held twice longer than needed. */
const HEAVY = 32 * 1024 * 1024

/** Tables of keys are no larger, whatever a graph claims of its layers. */
const MAX_TABLE = 1 << 26

/** Where along each axis the sampled positions lie: the borders and two places between. */
const SAMPLED = [0, 0.37, 0.71, 1]

/** What passes are computed with. */
interface PassWork {
  readonly workers: Workers
  readonly network: Network
  readonly memory: FeatureMemory
  /** Images at a time where the plan says nothing else. */
  readonly batch: number
}

/** An open pair of graphs. */
interface Crew {
  readonly workers: Workers
  users: number
}

export function openReuse({
  network,
  settings,
  workerData,
  isChunked,
  memory,
  plain,
  plainRate,
  onNote,
  script,
}: ReusePlan): Reuse {
  const records = new Map<number, ReuseRecord>()
  const crews = new Map<string, Crew>()
  /** By geometry and cut: the distance of the sample, or why the plain way is taken. */
  const checked = new Map<string, number | string>()
  let read: { readonly graph: GraphNodes; readonly cells: CellSteps } | undefined
  let known: { readonly geometry: string; readonly keys: Keys } | undefined
  const analysis = () => {
    if (read === undefined) {
      const graph = readGraphNodes(network.onnxPath)
      read = { graph, cells: cellSteps(graph, network.input) }
    }
    return read
  }
  const keysOf = (scene: Scene): Keys => {
    const geometry = sceneGeometry(scene)
    if (known?.geometry !== geometry) known = { geometry, keys: sceneKeys(analysis().cells, scene, network.input) }
    return known.keys
  }
  const refuse = (size: number, reason: string) => {
    records.set(size, { size, reason })
    return undefined
  }
  /** A crew for the graphs, until it is left again; others that nobody uses end. */
  const enter = async (graphs: CellGraphs, steps: number): Promise<Crew> => {
    const name = `${graphs.cells} ${graphs.rest}`
    for (const [other, crew] of crews) {
      if (other === name || crew.users > 0) continue
      crews.delete(other)
      await crew.workers.close()
    }
    const { cells } = analysis()
    const data = () => workerData({ graphs, steps: cells.steps.slice(0, steps), shapes: cells.shapes })
    const crew = crews.get(name) ?? { workers: openWorkers(data(), settings.workers, script), users: 0 }
    crews.set(name, crew)
    crew.users++
    return crew
  }
  return {
    extract: async (scene, offsets, options = {}) => {
      const { size } = scene.patch
      const { whole = offsets, signal } = options
      if (whole.length / 2 < FEWEST_IMAGES) return undefined
      const { graph, cells } = analysis()
      if (cells.steps.length === 0) return refuse(size, cells.reason ?? 'the graph has no part that images could share')
      if (tableSize(cells, network, size) > MAX_TABLE) return refuse(size, 'its layers are too many or too large')
      const keys = keysOf(scene)
      const features = network.layers.map(({ name }) => name)
      const plan = planCells({ graph, cells, keys, features, image: network.input.name, isChunked }, positionsOf(whole))
      if (plan === undefined || plan.predictedGain < WORTH_REUSING) {
        const gain = plan === undefined ? '' : ` (predicted ${plan.predictedGain.toFixed(2)} times as fast)`
        return refuse(size, `images share too little${gain}${cells.reason === undefined ? '' : `: ${cells.reason}`}`)
      }
      const graphs = await cellGraphs(network, graph, cells, plan.steps, gathersOf(keys), isChunked)
      const crew = await enter(graphs, plan.steps)
      const work = { workers: crew.workers, network, memory, batch: settings.batch }
      try {
        const place = `${size} ${isVariedText(scene)} ${graphs.cells}`
        const check = checked.get(place) ?? (await distanceOf(work, plain, scene, plan, signal))
        checked.set(place, check)
        if (typeof check === 'string') return refuse(size, check)
        if (check > MAX_DISTANCE) {
          const reason = `values computed once are ${check.toExponential(1)} from the plain way's at ${size} px`
          onNote(`${network.id}: ${reason}; the plain way is taken`)
          checked.set(place, reason)
          return refuse(size, reason)
        }
        const cut = cells.steps[plan.steps - 1]?.output as string
        const run = await runPasses(work, scene, offsets, keys, plan, plainRate, options)
        if (run.features === undefined) {
          onNote(`${network.id} at ${size} px: computing values once is slower than the plain way, which is taken`)
          checked.set(place, 'it was measured to be slower')
          return refuse(size, 'it was measured to be slower')
        }
        if (run.rate > 0)
          records.set(size, {
            size,
            cut,
            distinct: plan.distinct,
            predictedGain: plan.predictedGain,
            measuredGain: plainRate === null ? null : run.rate / plainRate,
            distance: check,
            workers: settings.workers,
            threads: settings.threads,
          })
        return run.features
      } catch (error) {
        if (!(error instanceof BatchFailure)) throw error
        onNote(`${network.id}: computing values once failed (${error.message}); the plain way is taken`)
        return refuse(size, error.message)
      } finally {
        crew.users--
      }
    },
    records: () => [...records.values()],
    close: async () => {
      await Promise.all([...crews.values()].map(({ workers }) => workers.close()))
    },
  }
}

/** Numbers in the tables of keys. */
function tableSize({ shapes }: CellSteps, { input }: Network, size: number): number {
  const sides = [...shapes.values()].reduce((sum, { rows, cols }) => sum + rows + cols, 0)
  return sides * (input.rows - size + 2)
}

function isVariedText({ background }: Scene): string {
  return 'image' in background ? 'varied' : 'even'
}

/** How many times fewer multiply-adds a scene needs if every distinct value is computed once. */
export function sharedFloor(network: Network, scene: Scene, offsets: Int32Array): number {
  return floorGain(workOf(network, scene), positionsOf(offsets))
}

/** How many times as fast a scene is expected to be on the processor with values computed once; 1: as fast as the plain way. */
export function expectedGain(network: Network, scene: Scene, offsets: Int32Array): number {
  if (offsets.length / 2 < FEWEST_IMAGES) return 1
  const cells = cellSteps(readGraphNodes(network.onnxPath), network.input)
  if (tableSize(cells, network, scene.patch.size) > MAX_TABLE) return 1
  const gain = planCells(workOf(network, scene), positionsOf(offsets))?.predictedGain ?? 1
  return gain < WORTH_REUSING ? 1 : gain
}

function workOf(network: Network, scene: Scene): PlannedCells {
  const graph = readGraphNodes(network.onnxPath)
  const cells = cellSteps(graph, network.input)
  const keys = sceneKeys(cells, scene, network.input)
  const features = network.layers.map(({ name }) => name)
  return { graph, cells, keys, features, image: network.input.name, isChunked: true }
}

/** Names of the index tensors that steps need. */
export function gathersOf({ sources }: Keys): Set<string> {
  return new Set(
    [...sources].flatMap(([output, inputs]) =>
      inputs.flatMap((source, i) => (source === null ? [] : [CELL_INPUTS.gather(output, i)])),
    ),
  )
}

/** The rows and columns of some positions, whose keys' times are offsets in pixels. */
function positionsOf(offsets: Int32Array) {
  const along = (axis: 0 | 1) => [...new Set(offsets.filter((_, i) => i % 2 === axis))]
  return { rows: along(0), cols: along(1), count: offsets.length / 2 }
}

/**
 * How far features of values computed once are from the plain way's at a sample of positions, the corners among them.
 * @throws BatchFailure
 */
async function distanceOf(
  { workers, network, memory, batch }: PassWork,
  plain: ReusePlan['plain'],
  scene: Scene,
  plan: CellPlan,
  signal: AbortSignal | undefined,
): Promise<number> {
  const last = network.input.rows - scene.patch.size
  const places = [...new Set(SAMPLED.map((share) => Math.round(share * last)))]
  const offsets = Int32Array.from(places.flatMap((row) => places.flatMap((col) => [row, col])))
  const rows = Int32Array.from({ length: offsets.length / 2 }, (_, row) => row)
  const expected = await plain.extract(scene, offsets)
  // Both ways are not held at the same time.
  if (network.weightsBytes > HEAVY) await plain.rest()
  const job = jobScene(scene, { batch: plan.batch ?? batch })
  const matrices = memory.take(network.layers, rows.length)
  const run = () => workers.run({ job, offsets, target: { matrices, rows } })
  await schedule({ positions: 1, run, signal }, { batch: 1, inFlight: 1, shrink: () => false })
  throwIfStopped(signal)
  const distances = expected.layers.map(({ matrix, dims }, i) =>
    largestDistance(matrices[i] as Float32Array, matrix, dims),
  )
  expected.release()
  memory.giveBack(matrices)
  return Math.max(...distances)
}

/**
 * Computes all passes of some positions.
 * @returns features, undefined where passes turned out to be slower than the plain way; and images a second
 * @throws BatchFailure
 */
async function runPasses(
  { workers, network, memory, batch }: PassWork,
  scene: Scene,
  offsets: Int32Array,
  keys: Keys,
  plan: CellPlan,
  plainRate: number | null,
  { onImages, onRows, signal }: ExtractionOptions,
): Promise<{ readonly features: Features | undefined; readonly rate: number }> {
  const passes = passesOf(offsets, plan.modulus, keys)
  const matrices = memory.take(network.layers, offsets.length / 2)
  const job = jobScene(scene, { batch: plan.batch ?? batch })
  const isDone = new Uint8Array(offsets.length / 2)
  const tooSlow = new AbortController()
  const stop = signal === undefined ? tooSlow.signal : AbortSignal.any([signal, tooSlow.signal])
  let done = 0
  let begin: { readonly time: number; readonly done: number } | undefined
  let isTried = false
  const run = async (first: number) => {
    const { positions } = passes[first] as PlannedPass
    const rows = Int32Array.from(positions)
    const places = Int32Array.from(
      positions.flatMap((position) => [...offsets.subarray(2 * position, 2 * position + 2)]),
    )
    const result = await workers.run({ job, offsets: places, target: { matrices, rows } })
    if (result.kind !== 'written') return result
    for (const row of rows) {
      done += 1 - (isDone[row] as number)
      isDone[row] = 1
    }
    onRows?.(rows, matrices)
    onImages?.(done)
    // What opens the sessions is not the passes' fault.
    const now = performance.now() / 1000
    begin ??= { time: now, done }
    const seconds = now - begin.time
    if (!isTried && plainRate !== null && seconds > TRIAL_SECONDS) {
      isTried = true
      if ((done - begin.done) / seconds < SLOWER * plainRate) tooSlow.abort()
    }
    return result
  }
  const start = performance.now()
  try {
    await schedule(
      { positions: passes.length, run, signal: stop },
      { batch: 1, inFlight: workers.inFlight, shrink: () => false },
    )
  } catch (error) {
    memory.giveBack(matrices)
    throw error
  }
  if (tooSlow.signal.aborted && !signal?.aborted) {
    memory.giveBack(matrices)
    return { features: undefined, rate: 0 }
  }
  const undone = isDone.indexOf(0)
  const finished = undone === -1 ? isDone.length : undone
  const rate = undone === -1 ? (isDone.length / (performance.now() - start)) * 1000 : 0
  return { features: featuresOf(network, memory, matrices, finished), rate }
}
