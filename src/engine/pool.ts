import { Piscina } from 'piscina'
import { WorkerError } from '../errors.js'
import { workerFile } from '../files/package.js'
import type { Network } from '../networks/index.js'
import {
  BATCH_DONE,
  CONTROL_CURSOR,
  CONTROL_STOP,
  type ExtractionTask,
  type Scene,
  type Settings,
  type WorkerData,
} from './task.js'

/** A batch lost with its worker is begun again this often before the whole extraction fails. */
const MAX_ATTEMPTS = 3

/** How often the progress of running workers is read, in milliseconds. */
const POLL_INTERVAL = 100

/** One layer's features: [positions, dims], row-major, float32, in the pool's memory. */
export interface LayerFeatures {
  readonly name: string
  readonly dims: number
  readonly matrix: Float32Array
}

export interface ExtractionOptions {
  /** Called now and then with the number of images done since the extraction began. */
  readonly onImages?: (done: number) => void
  /** Ends the extraction after the batches in flight. */
  readonly signal?: AbortSignal
}

/** What an extraction gives. */
export interface Features {
  readonly layers: readonly LayerFeatures[]
  /** How many positions, counted from the first, are finished: all of them unless the extraction was stopped. */
  readonly finished: number
}

/** One layer's features compared with those of the anchors. */
export interface LayerComparison {
  readonly name: string
  readonly dims: number
  /** Cosine with each anchor, [anchors, positions]; NaN where a feature is all zero or not finite. */
  readonly cosines: Float32Array
  /** Index of the largest feature, [positions]. */
  readonly strongest: Int32Array
  /** [anchors, dims] */
  readonly anchorFeatures: Float32Array
}

/** What a comparison gives. */
export interface Comparison {
  readonly layers: readonly LayerComparison[]
  /** As of `Features`. */
  readonly finished: number
}

/** Worker threads, or processes, that hold one network. */
export interface ExtractionPool {
  readonly network: Network
  readonly settings: Settings
  /** How many extractions' features stand at a time; it may get smaller with a call. */
  readonly buffers: 1 | 2
  /**
   * Composites the scene's patch at every offset ([positions, 2] as row, col) and runs the network on all of them.
   * The features do not depend on the number of workers or on the order in which batches end.
   * The matrices are the pool's own: with one buffer they are overwritten by the next call, with two by the call after it.
   */
  extract(scene: Scene, offsets: Int32Array, options?: ExtractionOptions): Promise<Features>
  /**
   * The same where only comparisons are needed: they are made where the network runs, and features stay there. Absent
   * where the pool was not opened for it; undefined once its devices have failed.
   * @param anchors rows of `offsets`
   */
  compare?(
    scene: Scene,
    offsets: Int32Array,
    anchors: readonly number[],
    options?: ExtractionOptions,
  ): Promise<Comparison | undefined>
  close(): Promise<void>
}

/**
 * Starts the workers of a network; each opens its session with its first batch.
 * @param script address of the workers' module; tests give one whose workers die
 */
export function openPool(
  network: Network,
  settings: Settings,
  script = workerFile('engine/worker.js'),
): ExtractionPool {
  const workerData: WorkerData = {
    onnxPath: network.onnxPath,
    input: network.input,
    layers: network.layers.map(({ name }) => name),
    threads: settings.threads,
  }
  const piscina = new Piscina({
    filename: script,
    workerData,
    minThreads: settings.workers,
    maxThreads: settings.workers,
    idleTimeout: Number.POSITIVE_INFINITY,
    concurrentTasksPerWorker: 1,
    atomics: 'disabled',
  })
  const memory = new Map<string, SharedArrayBuffer>()
  return {
    network,
    settings,
    buffers: 1,
    extract: (scene, offsets, options = {}) => extract(piscina, network, settings, memory, scene, offsets, options),
    close: () => piscina.destroy(),
  }
}

async function extract(
  piscina: Piscina,
  network: Network,
  settings: Settings,
  memory: Map<string, SharedArrayBuffer>,
  scene: Scene,
  offsets: Int32Array,
  { onImages, signal }: ExtractionOptions,
): Promise<Features> {
  const positions = offsets.length / 2
  const layers = network.layers.map(({ name, dims }) => ({
    name,
    dims,
    matrix: matrixOf(memory, name, positions * dims),
  }))
  const task = newTask(scene, settings.batch, offsets, layers)
  const stop = () => Atomics.store(task.control, CONTROL_STOP, 1)
  signal?.addEventListener('abort', stop)
  const poll = setInterval(() => onImages?.(imagesDone(task)), POLL_INTERVAL)
  try {
    if (signal?.aborted) return { layers, finished: 0 }
    await runBatches(piscina, settings.workers, task, signal)
    onImages?.(imagesDone(task))
    const [left] = batchesLeft(task)
    return { layers, finished: left === undefined ? positions : left * settings.batch }
  } finally {
    clearInterval(poll)
    signal?.removeEventListener('abort', stop)
  }
}

/** Runs rounds until every batch is done: batches that were lost with a worker go into the next round. */
async function runBatches(
  piscina: Piscina,
  workers: number,
  task: ExtractionTask,
  signal?: AbortSignal,
): Promise<void> {
  for (let queue = batchesLeft(task); queue.length > 0; queue = batchesLeft(task)) {
    Atomics.store(task.control, CONTROL_CURSOR, 0)
    const round: ExtractionTask = { ...task, queue }
    const begun = sum(task.attempts)
    const ends = await Promise.allSettled(Array.from({ length: workers }, () => piscina.run(round)))
    if (signal?.aborted) return
    const failure = ends.find((end) => end.status === 'rejected')
    if (failure === undefined) continue
    const hopeless = batchesLeft(task).find((batch) => (task.attempts[batch] as number) >= MAX_ATTEMPTS)
    if (hopeless !== undefined || sum(task.attempts) === begun) throw workerFailure(failure.reason, task, hopeless)
  }
}

function sum(counts: Int32Array): number {
  return counts.reduce((total, count) => total + count, 0)
}

/** @param batch that failed too often; undefined: no worker began any in the last round */
function workerFailure(reason: unknown, task: ExtractionTask, batch: number | undefined): Error {
  const cause = reason instanceof Error ? reason.message : String(reason)
  if (batch === undefined) return new WorkerError(`the network could not be opened: ${cause}`, { cause: reason })
  const first = batch * task.batch
  return new WorkerError(
    `worker failed ${MAX_ATTEMPTS} times on batch ${batch} (images ${first} to ${Math.min(first + task.batch, task.offsets.length / 2) - 1}): ${cause}; try a smaller --batch or fewer --workers`,
    { cause: reason },
  )
}

function newTask(scene: Scene, batch: number, offsets: Int32Array, layers: readonly LayerFeatures[]): ExtractionTask {
  const batches = Math.ceil(offsets.length / 2 / batch)
  const shared = (length: number) => new Int32Array(new SharedArrayBuffer(length * Int32Array.BYTES_PER_ELEMENT))
  const sharedOffsets = shared(offsets.length)
  sharedOffsets.set(offsets)
  return {
    scene,
    batch,
    offsets: sharedOffsets,
    features: layers.map(({ matrix }) => matrix),
    queue: new Int32Array(0),
    control: shared(2),
    states: shared(batches),
    attempts: shared(batches),
  }
}

function batchesLeft({ states }: ExtractionTask): Int32Array {
  return Int32Array.from(states.keys()).filter((batch) => Atomics.load(states, batch) !== BATCH_DONE)
}

function imagesDone({ states, batch, offsets }: ExtractionTask): number {
  const done = states.reduce((count, state) => count + (state === BATCH_DONE ? 1 : 0), 0)
  return Math.min(done * batch, offsets.length / 2)
}

/** A layer's matrix in memory that is kept from unit to unit, so that its pages are touched for the first time once. */
function matrixOf(memory: Map<string, SharedArrayBuffer>, name: string, length: number): Float32Array {
  const bytes = length * Float32Array.BYTES_PER_ELEMENT
  let buffer = memory.get(name)
  if (buffer === undefined || buffer.byteLength < bytes) {
    buffer = new SharedArrayBuffer(bytes)
    memory.set(name, buffer)
  }
  return new Float32Array(buffer, 0, length)
}
