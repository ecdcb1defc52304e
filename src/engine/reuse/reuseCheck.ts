import type { WorkerData } from '../backends/backend.js'
import { threadSession, type WorkerPool } from '../queue/workerPool.js'
import type { Workers } from '../queue/workers.js'
import type { Scene } from '../scene/task.js'
import type { CellWork } from './cellGraphs.js'
import { distanceOf, type PassWork } from './passes.js'
import { samplePositions, scenePixels } from './sceneKeys.js'
import type { SharedPlan } from './sharedPlan.js'

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

export type OpenWorkers = (data: WorkerData<CellWork>, count: number) => Workers

/** Compares reuse with full computation at a few positions of each patch. */
export class ReuseCheck {
  readonly #pool: WorkerPool
  readonly #threads: number
  readonly #open: OpenWorkers
  /** Distances by graph and pixels. */
  readonly #distances = new Map<string, number>()
  #comparing: WorkerPool | undefined

  constructor(pool: WorkerPool, threads: number, open: OpenWorkers) {
    this.#pool = pool
    this.#threads = threads
    this.#open = open
  }

  /**
   * Relative distance between values with reuse and from full computation. It is that of the features if they differ by
   * more than rounding.
   * @param images number of images that will be computed after the check
   */
  async distance(
    work: PassWork,
    shared: SharedPlan,
    scene: Scene,
    images: number,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    const full = this.#fullPool(shared)
    const pixels = scenePixels(scene)
    const key = `${shared.graphs.cells} ${pixels.toString('hex')}`
    const known = this.#distances.get(key)
    if (known !== undefined) return known
    const { input, weightsBytes } = this.#pool.network
    const rests = weightsBytes > HEAVY.bytes && images >= HEAVY.images
    const offsets = samplePositions(pixels, scene, input)
    const ofFeatures = full === this.#pool ? 0 : await distanceOf(work, this.#pool, scene, offsets, rests, signal)
    const ofCompared = await distanceOf(work, full, scene, offsets, rests, signal)
    const distance = ofFeatures > MAX_ROUNDING ? ofFeatures : ofCompared
    this.#distances.set(key, distance)
    return distance
  }

  /** The workers that compute the compared layers in full. They are others than the pool if these are not the features. */
  #fullPool({ graphs: { whole }, compared }: SharedPlan): WorkerPool {
    if (whole === undefined) return this.#pool
    const layers = { ...this.#pool.network, onnxPath: whole, layers: compared }
    const data = { backend: 'thread', onnxPath: whole, ...threadSession(layers, this.#threads) } as const
    this.#comparing ??= { ...this.#pool, network: layers, workers: this.#open(data, 1) }
    return this.#comparing
  }

  async close(): Promise<void> {
    await this.#comparing?.workers.close()
  }
}
