import { InputError } from '../../errors.js'
import { type Network, outputOf } from '../../networks/index.js'
import type { WorkerData } from '../backends/backend.js'
import { type ExtractionOptions, jobScene } from '../crew.js'
import type { FeatureMemory, Features } from '../features.js'
import { BatchFailure } from '../scheduler.js'
import type { Scene, Settings } from '../task.js'
import { openWorkers, type Workers } from '../workers.js'
import { type CellWork, cellGraphs } from './cellGraphs.js'
import { type CellPlan, passesOf, planCells, positionsOf } from './cellPlan.js'
import { type NetworkCells, networkCells } from './cellSteps.js'
import { CELL_INPUTS } from './cellWindowNodes.js'
import { FEWEST_IMAGES, haveRoomForKeys, WORTH_REUSING } from './expected.js'
import type { Keys } from './keys.js'
import { distanceOf, type PassWork, type PlainWay, runPasses } from './passes.js'
import type { ReuseRecord } from './record.js'
import { samplePositions, sceneKeysOf, scenePixels } from './sceneKeys.js'

/**
 * Computes features with every value once, or leaves them to the plain way. It decides before the work and never by
 * time, so that equal work is always done in the same way: the plan must predict a gain, and a sample of each patch
 * must agree with the plain way.
 */
export interface Reuse {
  /** @returns undefined if the plain way must be taken */
  extract(scene: Scene, offsets: Int32Array, options?: ExtractionOptions): Promise<Features | undefined>
  /** One for each patch size; two if only some patches of a size had their values computed once. */
  records(): readonly ReuseRecord[]
  close(): Promise<void>
}

export interface ReusePlan {
  readonly network: Network
  /** Settings of the workers that compute values once. */
  readonly settings: Settings
  /** Data to open these workers with. */
  readonly workerData: (cells: CellWork) => WorkerData
  readonly memory: FeatureMemory
  /** The plain way, for comparison. */
  readonly plain: PlainWay
  /** One line for the user. */
  readonly onNote: (line: string) => void
  /** As in `openWorkers`. */
  readonly script?: string | undefined
}

/** Largest relative distance from the features of the plain way. Features farther from these are not used. */
const MAX_DISTANCE = 1e-5

/**
 * If the weights have more bytes than this and there are at least this many images, the plain way gives its weights
 * back meanwhile. For fewer images, reading them again would take too long.
 */
const HEAVY = { bytes: 32 * 1024 * 1024, images: 4096 } as const

/** Workers that hold a pair of graphs open. */
interface OpenCells {
  readonly workers: Workers
  users: number
}

export function openReuse({ network, settings, workerData, memory, plain, onNote, script }: ReusePlan): Reuse {
  /** Records by patch size: of patches whose values were computed once, and of patches that took the plain way. */
  const computed = new Map<number, Extract<ReuseRecord, { readonly cut: string }>>()
  const declined = new Map<number, ReuseRecord>()
  const distanceTo = sampleDistances(network, plain)
  /** By the path of the first graph: why every patch takes the plain way. */
  const failed = new Map<string, string>()
  /** Sizes for which the user was told the reason. */
  const noted = new Set<number>()
  const cellWorkers = openCellWorkers(({ graphs, steps, shapes }) =>
    openWorkers(workerData({ graphs, steps, shapes }), settings.workers, script),
  )
  let keysOf: ((scene: Scene) => Keys) | undefined
  /** What to compute for a scene, or the reason to take the plain way. */
  const prepare = async (scene: Scene, whole: Int32Array): Promise<Prepared | string> => {
    let read: NetworkCells
    try {
      read = networkCells(network)
    } catch (error) {
      // ONNX Runtime also runs graphs whose description Shiftscope does not understand.
      if (error instanceof InputError) return error.message
      throw error
    }
    const { graph, cells } = read
    if (cells.steps.length === 0) return cells.reason ?? 'the graph has no part that images could share'
    if (!haveRoomForKeys(cells, network, scene.patch.size)) return 'its layers are too many or too large'
    keysOf ??= sceneKeysOf(cells, network.input)
    const keys = keysOf(scene)
    const features = network.layers.map(outputOf)
    const plan = planCells({ graph, cells, keys, features, image: network.input.name }, positionsOf(whole))
    if (plan === undefined || plan.predictedGain < WORTH_REUSING) {
      const gain = plan === undefined ? '' : ` (predicted ${plan.predictedGain.toFixed(2)} times as fast)`
      return `images share too little${gain}${cells.reason === undefined ? '' : `: ${cells.reason}`}`
    }
    const graphs = await cellGraphs(network, graph, cells, plan.steps, gathersOf(keys))
    return { plan, keys, graphs, steps: cells.steps.slice(0, plan.steps), shapes: cells.shapes }
  }
  /** Features, or the reason to take the plain way. */
  const compute = async (
    scene: Scene,
    offsets: Int32Array,
    prepared: Prepared,
    options: ExtractionOptions,
  ): Promise<Features | string> => {
    const { size } = scene.patch
    const { plan, keys, graphs, steps } = prepared
    const known = failed.get(graphs.cells)
    if (known !== undefined) return known
    const decline = (reason: string) => {
      if (!noted.has(size)) onNote(`${network.id} at ${size} px: ${reason}; every image is computed in full`)
      noted.add(size)
      return reason
    }
    const own = await cellWorkers.enter(prepared)
    const job = jobScene(scene, { batch: plan.batch ?? settings.batch })
    const work = { workers: own.workers, network, memory, job }
    try {
      const distance = await distanceTo(work, graphs.cells, scene, offsets.length / 2, options.signal)
      if (distance > MAX_DISTANCE)
        return decline(`with reuse, features differ by ${distance.toExponential(1)} (relative)`)
      const passes = passesOf(offsets, plan.modulus, keys)
      const features = await runPasses(work, offsets, passes, options)
      const before = computed.get(size)
      if (features.finished === offsets.length / 2)
        computed.set(size, {
          size,
          cut: steps.at(-1)?.output as string,
          distinct: plan.distinct,
          predictedGain: plan.predictedGain,
          distance: Math.max(distance, before?.distance ?? 0),
          workers: settings.workers,
          threads: settings.threads,
        })
      return features
    } catch (error) {
      if (!(error instanceof BatchFailure)) throw error
      const reason = `computing values once failed (${error.message})`
      failed.set(graphs.cells, reason)
      return decline(reason)
    } finally {
      own.users--
    }
  }
  return {
    extract: async (scene, offsets, options = {}) => {
      const { whole = offsets } = options
      if (whole.length / 2 < FEWEST_IMAGES) return undefined
      const prepared = await prepare(scene, whole)
      const result = typeof prepared === 'string' ? prepared : await compute(scene, offsets, prepared, options)
      if (typeof result !== 'string') return result
      declined.set(scene.patch.size, { size: scene.patch.size, reason: result })
      return undefined
    },
    records: () => [...computed.values(), ...declined.values()],
    close: cellWorkers.close,
  }
}

/** Measures how far the features of a scene's sample are from the plain way's, once for equal graphs and pixels. */
function sampleDistances(network: Network, plain: ReusePlan['plain']) {
  const checked = new Map<string, number>()
  return async (work: PassWork, graphs: string, scene: Scene, images: number, signal?: AbortSignal) => {
    const pixels = scenePixels(scene)
    const key = `${graphs} ${pixels.toString('hex')}`
    const known = checked.get(key)
    if (known !== undefined) return known
    const rests = network.weightsBytes > HEAVY.bytes && images >= HEAVY.images
    const offsets = samplePositions(pixels, scene, network.input)
    const distance = await distanceOf(work, plain, scene, offsets, rests, signal)
    checked.set(key, distance)
    return distance
  }
}

/** Workers by the graphs that they hold open. */
function openCellWorkers(open: (work: CellWork) => Workers) {
  const opened = new Map<string, OpenCells>()
  return {
    /**
     * Workers for the graphs. The caller decreases `users` when it is done. Ends workers of other graphs that nobody
     * uses.
     */
    enter: async (work: CellWork): Promise<OpenCells> => {
      const { cells } = work.graphs
      for (const [other, { workers, users }] of opened) {
        if (other === cells || users > 0) continue
        opened.delete(other)
        await workers.close()
      }
      const own = opened.get(cells) ?? { workers: open(work), users: 0 }
      opened.set(cells, own)
      own.users++
      return own
    },
    close: async (): Promise<void> => {
      await Promise.all([...opened.values()].map(({ workers }) => workers.close()))
    },
  }
}

/** The prepared work of a scene. */
interface Prepared extends CellWork {
  readonly plan: CellPlan
  readonly keys: Keys
}

/** Names of the index tensors that steps need. */
export function gathersOf({ sources }: Keys): Set<string> {
  return new Set(
    [...sources].flatMap(([output, inputs]) =>
      inputs.flatMap((source, i) => (source === null ? [] : [CELL_INPUTS.gather(output, i)])),
    ),
  )
}
