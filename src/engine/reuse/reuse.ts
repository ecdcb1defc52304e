import { isDeepStrictEqual } from 'node:util'
import { BatchFailure } from '../features/batchFailure.js'
import type { Features } from '../features/features.js'
import { type ExtractionOptions, sceneTask, threadSession, type WorkerPool } from '../queue/workerPool.js'
import type { Workers } from '../queue/workers.js'
import type { Scene, Settings } from '../scene/task.js'
import type { CellWork } from './cellGraphs.js'
import { FEWEST_IMAGES } from './expected.js'
import { type PassWork, runPasses } from './passes.js'
import type { ReuseRecord } from './record.js'
import { type OpenWorkers, ReuseCheck } from './reuseCheck.js'
import { ReuseLog } from './reuseLog.js'
import { passesOf } from './reusePlan.js'
import { sceneGeometry } from './sceneKeys.js'
import { planShared, type SharedPlan } from './sharedPlan.js'

/** Largest accepted relative distance between features with reuse and features from full computation. */
const MAX_DISTANCE = 1e-5

interface LastPlan {
  readonly geometry: string
  readonly whole: Int32Array
  readonly plan: SharedPlan | string
}

/**
 * Computes each value only once, even if several images share it (reuse). Reuse is tried only if a prediction says that
 * it is faster. It must agree with full computation at a few positions of each patch. The prediction uses no
 * measurements on this machine, so the same work is always done in the same way.
 */
export class Reuse {
  readonly #pool: WorkerPool
  readonly #settings: Settings
  readonly #cellWorkers: ReturnType<typeof openCellWorkers>
  readonly #check: ReuseCheck
  readonly #log: ReuseLog
  #last: LastPlan | undefined

  /**
   * @param pool workers that compute every image in full. Their features are compared with those of reuse, as a check.
   * @param settings settings of the workers that compute with reuse
   * @param open starts the workers that compute with reuse
   */
  constructor(pool: WorkerPool, settings: Settings, open: OpenWorkers) {
    const { network, onNote } = pool
    const { workers, threads } = settings
    this.#pool = pool
    this.#settings = settings
    this.#cellWorkers = openCellWorkers(({ graphs, steps, shapes }) =>
      open({ ...threadSession(network, threads), backend: 'cells', cells: { graphs, steps, shapes } }, workers),
    )
    this.#check = new ReuseCheck(pool, threads, open)
    this.#log = new ReuseLog(network.id, onNote)
  }

  /** @returns undefined if every image must be computed in full */
  async extract(scene: Scene, offsets: Int32Array, options: ExtractionOptions = {}): Promise<Features | undefined> {
    const { whole = offsets } = options
    if (whole.length / 2 < FEWEST_IMAGES) return undefined
    const plan = await this.#planFor(scene, whole)
    const result = typeof plan === 'string' ? plan : await this.#tryShared(scene, offsets, plan, options)
    if (typeof result !== 'string') return result
    this.#log.declined(scene.patch.size, result)
    return undefined
  }

  /** One record per patch size, or two if reuse worked for some patches of this size but not for others. */
  records(): readonly ReuseRecord[] {
    return this.#log.records()
  }

  async close(): Promise<void> {
    await Promise.all([this.#cellWorkers.close(), this.#check.close()])
  }

  /** Plans only once for scenes of equal geometry at equal positions, such as photographs. */
  async #planFor(scene: Scene, whole: Int32Array): Promise<SharedPlan | string> {
    const geometry = sceneGeometry(scene)
    if (this.#last?.geometry === geometry && isDeepStrictEqual(this.#last.whole, whole)) return this.#last.plan
    const plan = await planShared(this.#pool.network, this.#log, scene, whole)
    this.#last = { geometry, whole, plan }
    return plan
  }

  /** @returns the reason if every image must be computed in full */
  async #tryShared(
    scene: Scene,
    offsets: Int32Array,
    shared: SharedPlan,
    options: ExtractionOptions,
  ): Promise<Features | string> {
    const { cells } = shared.graphs
    const known = this.#log.failureOf(cells)
    if (known !== undefined) return known
    const { network, memory } = this.#pool
    const own = await this.#cellWorkers.enter(shared)
    const task = sceneTask(network, scene, { batch: shared.plan.batch ?? this.#settings.batch })
    let result: Features | string
    try {
      result = await this.#computeShared(
        { workers: own.workers, network, memory, task },
        scene,
        offsets,
        shared,
        options,
      )
    } catch (error) {
      if (!(error instanceof BatchFailure)) throw error
      result = `reuse failed (${error.message})`
      this.#log.failed(cells, result)
    } finally {
      own.users--
    }
    if (typeof result === 'string') this.#log.noteSize(scene.patch.size, result)
    return result
  }

  /** @returns the reason if features with reuse differ from those of full computation */
  async #computeShared(
    work: PassWork,
    scene: Scene,
    offsets: Int32Array,
    shared: SharedPlan,
    options: ExtractionOptions,
  ): Promise<Features | string> {
    const { plan, steps } = shared
    const { distinct, predictedGain } = plan
    const { workers, threads } = this.#settings
    const images = offsets.length / 2
    const passes = passesOf(offsets, plan.modulus)
    options.onShared?.(0, passes.length)
    const distance = await this.#check.distance(work, shared, scene, images, options.signal)
    if (distance > MAX_DISTANCE)
      return `sharing values would change features by ${distance.toExponential(1)} (relative)`
    const features = await runPasses(work, offsets, passes, options)
    const { size } = scene.patch
    const cut = steps.at(-1)!.output
    if (features.finished === images)
      this.#log.computed({ size, cut, distinct, predictedGain, distance, workers, threads })
    return features
  }
}

interface OpenCells {
  readonly workers: Workers
  /** Number of calls that use the workers now. */
  users: number
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
