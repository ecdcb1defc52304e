import { throwIfStopped } from '../../errors.js'
import { outputOf } from '../../network.js'
import { largestDistance } from '../features/distance.js'
import type { Features } from '../features/features.js'
import { type BatchQueue, schedule } from '../queue/batchQueue.js'
import { type ExtractionOptions, extractFeatures, failingAsWorker, type WorkerPool } from '../queue/workerPool.js'
import { offsetsAt } from '../scene/positions.js'
import type { Scene, SceneTask } from '../scene/task.js'

export interface PassWork extends Pick<WorkerPool, 'workers' | 'network' | 'memory'> {
  /** A scene and its id. `distanceOf` and `runPasses` use the same id, so workers prepare the scene only once. */
  readonly task: SceneTask
}

/**
 * @param pool workers that compute every image in full, and the layers to compare
 * @param rests whether to end these workers before computing with reuse, so that less memory is needed
 */
export async function distanceOf(
  work: PassWork,
  pool: WorkerPool,
  scene: Scene,
  offsets: Int32Array,
  rests: boolean,
  signal: AbortSignal | undefined,
): Promise<number> {
  const expected = await failingAsWorker(pool, extractFeatures(pool, scene, offsets, { signal }))
  if (rests) await pool.workers.rest()
  const allRows = [...Array(offsets.length / 2).keys()]
  const { network } = pool
  const task = { ...work.task, outputs: network.layers.map(outputOf) }
  const found = await runPasses({ ...work, network, task }, offsets, [allRows], { signal })
  throwIfStopped(signal)
  // See `Head.compared`.
  const distances = expected.layers.map(({ name, matrix, dims }, i) =>
    name === network.head?.layer ? 0 : largestDistance(found.layers[i]!.matrix, matrix, dims),
  )
  expected.release()
  found.release()
  return Math.max(...distances)
}

/** @param passes for each group of positions that are computed together, their indices in the list of positions */
export async function runPasses(
  { workers, network, memory, task }: PassWork,
  offsets: Int32Array,
  passes: readonly (readonly number[])[],
  { onImages, onShared, onRows, onFailure, signal }: ExtractionOptions,
): Promise<Features> {
  const isDone = new Uint8Array(offsets.length / 2)
  let done = 0
  const shared = new Set<number>()
  /** Number of finished images of each pass that is running. */
  const running = new Map<number, number>()
  const showImages = () => onImages?.([...running.values()].reduce((sum, images) => sum + images, done))
  const fill = async (matrices: readonly Float32Array[]) => {
    // For the queue, each pass is one position, so `first` is the number of a pass.
    const run: BatchQueue['run'] = async (first, _count, _batch, stop) => {
      const rows = Int32Array.from(passes[first]!)
      const places = offsetsAt(offsets, rows)
      const result = await workers
        .run({ parts: [{ task, offsets: places }], target: { matrices, rows }, stop }, (images) => {
          if (images === 0) return onShared?.(shared.add(first).size, passes.length)
          running.set(first, images)
          showImages()
        })
        .finally(() => running.delete(first))
      if (result.kind !== 'written') return result
      for (const row of rows) {
        done += 1 - isDone[row]!
        isDone[row] = 1
      }
      onRows?.(rows, matrices)
      showImages()
      return result
    }
    await schedule(
      { positions: passes.length, run, signal },
      { batch: 1, inFlight: workers.inFlight, shrink: () => false },
    )
    const undone = isDone.indexOf(0)
    return undone === -1 ? isDone.length : undone
  }
  return memory.fill(network.layers, isDone.length, fill, onFailure)
}
