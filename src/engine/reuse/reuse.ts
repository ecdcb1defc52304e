import { isDeepStrictEqual } from 'node:util'
import { type FeatureLayer, outputOf } from '../../network.js'
import type { WorkerData } from '../backends/backend.js'
import { BatchFailure } from '../features/batchFailure.js'
import type { Features } from '../features/features.js'
import { type Crew, type ExtractionOptions, jobScene, threadSession } from '../queue/crew.js'
import type { Workers } from '../queue/workers.js'
import type { Scene, Settings } from '../scene/task.js'
import { type CellWork, cellGraphs } from './cellGraphs.js'
import { type CellPlan, passesOf } from './cellPlan.js'
import { FEWEST_IMAGES, plannedReuse } from './expected.js'
import { distanceOf, type PassWork, runPasses } from './passes.js'
import type { ReuseRecord } from './record.js'
import { samplePositions, sceneGeometry, scenePixels } from './sceneKeys.js'

/**
 * Computes each value only once, even if several images share it (reuse). Reuse is tried only if a prediction says that
 * it is faster. It must agree with full computation at a few positions of each patch. The prediction uses no
 * measurements on this machine, so the same work is always done in the same way.
 */
export interface Reuse {
  /** @returns undefined if every image must be computed in full */
  extract(scene: Scene, offsets: Int32Array, options?: ExtractionOptions): Promise<Features | undefined>
  /** One record per patch size, or two if reuse worked for some patches of this size but not for others. */
  records(): readonly ReuseRecord[]
  close(): Promise<void>
}

/** Largest accepted relative distance between features with reuse and features from full computation. */
const MAX_DISTANCE = 1e-5

/**
 * Largest accepted relative distance of the features themselves if earlier values are compared, which may be those of a
 * simplified graph. A step of float16 is up to 2^-10 of a value.
 */
const MAX_ROUNDING = 2 ** -9

/**
 * The workers without reuse are closed while reuse is checked, if the weights take more than `bytes` and there are at
 * least `images` images. This frees memory. For fewer images, starting these workers again would take too long.
 */
const HEAVY = { bytes: 32 * 1024 * 1024, images: 4096 } as const

interface OpenCells {
  readonly workers: Workers
  /** Number of calls that use the workers now. */
  users: number
}

type OpenWorkers = (data: WorkerData<CellWork>, count: number) => Workers

/**
 * @param crew workers that compute every image in full. Their features are compared with those of reuse, as a check.
 * @param settings settings of the workers that compute with reuse
 * @param open starts the workers that compute with reuse
 */
export function openReuse(crew: Crew, settings: Settings, open: OpenWorkers): Reuse {
  const { network, memory, onNote } = crew
  /** Records by patch size: `computed` for patches with reuse, `declined` for patches without. */
  const computed = new Map<number, Extract<ReuseRecord, { readonly cut: string }>>()
  const declined = new Map<number, ReuseRecord>()
  const distanceTo = sampleDistances(crew)
  let comparing: Crew | undefined
  /** The workers that compute the compared layers in full. They are others than `crew` if these are not the features. */
  const fullCrew = ({ graphs, compared }: Prepared): Crew => {
    if (graphs.whole === undefined) return crew
    const layers = { ...network, onnxPath: graphs.whole, layers: compared }
    const data = { backend: 'thread', onnxPath: graphs.whole, ...threadSession(layers, settings.threads) } as const
    comparing ??= { ...crew, network: layers, workers: open(data, 1) }
    return comparing
  }
  /** Reasons why reuse failed, by path of the graph that computes cells. Reuse is not tried again with this graph. */
  const failed = new Map<string, string>()
  const noted = new Set<number | string>()
  const noteOnce = (about: number | string, line: string) => {
    if (!noted.has(about)) onNote(line)
    noted.add(about)
  }
  const cellWorkers = openCellWorkers(({ graphs, steps, shapes }) =>
    open(
      { ...threadSession(network, settings.threads), backend: 'cells', cells: { graphs, steps, shapes } },
      settings.workers,
    ),
  )
  /** Plans reuse for a scene, or returns the reason why every image must be computed in full. */
  const planFor = async (scene: Scene, whole: Int32Array): Promise<Prepared | string> => {
    const planned = await plannedReuse(network, scene, whole)
    if ('reason' in planned) {
      const { reason, isOfGraph } = planned
      if (isOfGraph) noteOnce(reason, `${network.id} computes every image in full, because ${reason}`)
      return reason
    }
    const { graph, compared, cells, keys, plan } = planned
    const graphs = await cellGraphs(planned.network, graph, compared.map(outputOf), cells, plan.steps, keys.sources)
    return { plan, compared, graphs, steps: cells.steps.slice(0, plan.steps), shapes: cells.shapes }
  }
  let last: { readonly geometry: string; readonly whole: Int32Array; readonly prepared: Prepared | string } | undefined
  /** Plans only once for scenes of equal geometry at equal positions, such as photographs. */
  const prepare = async (scene: Scene, whole: Int32Array): Promise<Prepared | string> => {
    const geometry = sceneGeometry(scene)
    if (last?.geometry === geometry && isDeepStrictEqual(last.whole, whole)) return last.prepared
    const prepared = await planFor(scene, whole)
    last = { geometry, whole, prepared }
    return prepared
  }
  const compute = async (
    scene: Scene,
    offsets: Int32Array,
    prepared: Prepared,
    options: ExtractionOptions,
  ): Promise<Features | string> => {
    const { size } = scene.patch
    const { plan, graphs, steps } = prepared
    const known = failed.get(graphs.cells)
    if (known !== undefined) return known
    const decline = (reason: string) => {
      noteOnce(size, `${network.id} at ${size} px: ${reason}; every image is computed in full`)
      return reason
    }
    const own = await cellWorkers.enter(prepared)
    const job = jobScene(network, scene, { batch: plan.batch ?? settings.batch })
    const work = { workers: own.workers, network, memory, job }
    try {
      const passes = passesOf(offsets, plan.modulus)
      options.onShared?.(0, passes.length)
      const full = fullCrew(prepared)
      const distance = await distanceTo(work, full, graphs.cells, scene, offsets.length / 2, options.signal)
      if (distance > MAX_DISTANCE)
        return decline(`sharing values would change features by ${distance.toExponential(1)} (relative)`)
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
      const reason = `reuse failed (${error.message})`
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
    close: async () => {
      await Promise.all([cellWorkers.close(), comparing?.workers.close()])
    },
  }
}

function sampleDistances(crew: Crew) {
  const { input, weightsBytes } = crew.network
  const checked = new Map<string, number>()
  return async (work: PassWork, full: Crew, graphs: string, scene: Scene, images: number, signal?: AbortSignal) => {
    const pixels = scenePixels(scene)
    const key = `${graphs} ${pixels.toString('hex')}`
    const known = checked.get(key)
    if (known !== undefined) return known
    const rests = weightsBytes > HEAVY.bytes && images >= HEAVY.images
    const offsets = samplePositions(pixels, scene, input)
    const ofFeatures = full === crew ? 0 : await distanceOf(work, crew, scene, offsets, rests, signal)
    const ofCompared = await distanceOf(work, full, scene, offsets, rests, signal)
    const distance = ofFeatures > MAX_ROUNDING ? ofFeatures : ofCompared
    checked.set(key, distance)
    return distance
  }
}

function openCellWorkers(open: (work: CellWork) => Workers) {
  const opened = new Map<string, OpenCells>()
  return {
    /** Returns the workers for `work`, and closes idle workers for other graphs. The caller later decreases `users`. */
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

interface Prepared extends CellWork {
  readonly plan: CellPlan
  /** See `comparedLayers`. */
  readonly compared: readonly FeatureLayer[]
}
