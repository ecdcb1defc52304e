import { RUN_AGAIN, WorkerError, words } from '../../errors.js'
import type { Wording } from '../../message.js'
import { type Network, outputOf, type Precision } from '../../network.js'
import { compositingGraph, featureOutput } from '../../onnx/edit/compositing.js'
import { resourceError } from '../../support/machine.js'
import type { OpenRequest } from '../backends/backend.js'
import type { Device } from '../devices/device.js'
import { BatchFailure } from '../features/batchFailure.js'
import { type FeatureMemory, type Features, openFeatureMemory } from '../features/features.js'
import { offsetsAt } from '../scene/positions.js'
import { inColoursOf, sharedScene } from '../scene/scene.js'
import type { BatchPart, ImageSpec, Movement, Scene, SceneTask, Settings } from '../scene/task.js'
import { type BatchQueue, MAX_ATTEMPTS, schedule } from './batchQueue.js'
import { openWorkers, processPlaces, type Workers } from './workers.js'

export interface ExtractionOptions {
  /**
   * All positions of the extraction, if `extractFeatures` is called for only some of them. The plan to share values
   * between images is made for all positions. So the features have the same bits, however many calls compute them.
   */
  readonly whole?: Int32Array
  /**
   * Called at the start of work on whole images, and after each batch. `done` is the number of images that are finished
   * so far in this extraction.
   */
  readonly onImages?: (done: number) => void
  /**
   * Called if images share layers, before the first call of `onImages` and then after each pass (a group of positions)
   * whose shared layers are computed.
   */
  readonly onShared?: (done: number, passes: number) => void
  /** Called after each batch. `rows` are the indices of the rows that the batch has filled. */
  readonly onRows?: (rows: Int32Array, matrices: readonly Float32Array[]) => void
  /**
   * Called after a failure. When its promise settles, the matrices must not be read any more, because others may use
   * their memory. If the rows can be computed in another way, all of them come again through `onRows`.
   */
  readonly onFailure?: () => Promise<void>
  /** Stops the extraction; forward passes that are already running finish. */
  readonly signal?: AbortSignal | undefined
}

/** A group of workers on the processor or on devices. Their batch size becomes smaller if they run out of memory. */
export interface WorkerPool {
  readonly network: Network
  readonly workers: Workers
  readonly memory: FeatureMemory
  batch: number
  /**
   * Whether a short batch is filled up to the full size. Devices need this, because they compile the network again for
   * each new size.
   */
  readonly hasOneSize: boolean
  /** Name of the workers in notes to the user, such as `the processor` or `cuda`. */
  readonly name: string
  readonly onNote: (line: Wording) => void
}

export interface ThreadPoolOptions extends Partial<Pick<WorkerPool, 'memory' | 'onNote'>> {
  readonly script?: string | undefined
}

export function openThreadPool(
  network: Network,
  { workers, threads, batch }: Settings,
  { memory = openFeatureMemory(), onNote = () => undefined, script }: ThreadPoolOptions = {},
): WorkerPool {
  const data = { backend: 'thread', onnxPath: network.onnxPath, ...threadSession(network, threads) } as const
  return {
    network,
    workers: openWorkers(data, workers, script),
    memory,
    batch,
    hasOneSize: false,
    name: 'the processor',
    onNote,
  }
}

export function threadSession({ optimization, input, layers }: Network, threads: number) {
  return { optimization, input, outputs: layers.map(outputOf), threads }
}

export async function deviceSession(network: Network, precision: Precision): Promise<Omit<OpenRequest, 'device'>> {
  const { optimization, input, layers } = network
  const outputs = layers.map((layer) => featureOutput(layer, precision))
  return { onnxPath: await compositingGraph(network, precision), optimization, input, outputs }
}

export interface DevicePoolOptions {
  readonly network: Network
  /** Device of each worker. Each worker has its own process, so a device may occur twice. */
  readonly devices: readonly Device[]
  readonly batch: number
  readonly precision?: Precision
  readonly onNote: (line: Wording) => void
  readonly script?: string
}

/**
 * Starts workers on devices. The devices also composite the images. If memory runs out, the batch size is halved. If a
 * device's process ends, a new process is started for the next batch.
 */
export async function openDevicePool({
  network,
  devices,
  batch,
  precision = 'fp32',
  onNote,
  script,
}: DevicePoolOptions): Promise<WorkerPool> {
  const session = await deviceSession(network, precision)
  const requests = devices.map((device) => ({ device, ...session }))
  const data = { backend: 'process', requests, pids: processPlaces(), ...(script && { script }) } as const
  const name = [...new Set(devices.map((device) => device.name))].join(', ')
  const workers = openWorkers(data, devices.length)
  return { network, workers, memory: openFeatureMemory(), batch, hasOneSize: true, name, onNote }
}

let lastId = 0

export function sceneTask(
  { input }: Pick<Network, 'input'>,
  scene: Scene,
  more: Pick<SceneTask, 'batch'> = {},
): SceneTask {
  return { id: ++lastId, scene: sharedScene(inColoursOf(scene, input)), ...more }
}

/**
 * Runs the network on the images of a scene, and writes their features into one shared matrix per layer.
 * @throws BatchFailure if a batch fails repeatedly, or if no session can be opened
 * @throws ResourceError if there is too little memory for the features
 */
export async function extractFeatures(
  pool: WorkerPool,
  scene: Scene,
  offsets: Int32Array,
  options?: ExtractionOptions,
): Promise<Features> {
  const task = sceneTask(pool.network, scene)
  const partsOf = (first: number, batch: number) => [{ task, offsets: batchOf(offsets, first, batch) }]
  return featuresOf(pool, offsets.length / 2, partsOf, options)
}

/** Does the same as `extractFeatures` for images of several scenes. */
export async function encodeImages(
  pool: WorkerPool,
  images: readonly ImageSpec[],
  options?: ExtractionOptions,
): Promise<Features> {
  const tasks = new Map<Scene, SceneTask>()
  const taskOf = (scene: Scene): SceneTask => {
    const task = tasks.get(scene) ?? sceneTask(pool.network, scene)
    tasks.set(scene, task)
    return task
  }
  return featuresOf(pool, images.length, (first, batch) => imageParts(images, first, batch, taskOf), options)
}

/** @param partsOf returns a batch, beginning with the image `first`; see `batchOf` */
async function featuresOf(
  pool: WorkerPool,
  positions: number,
  partsOf: (first: number, batch: number) => readonly BatchPart[],
  { onImages, onRows, onFailure, signal }: ExtractionOptions = {},
): Promise<Features> {
  const { network, memory, workers } = pool
  onImages?.(0)
  const fill = (matrices: readonly Float32Array[]) =>
    run(pool, positions, {
      run: async (first, count, batch, stop) => {
        const rows = Int32Array.from({ length: count }, (_, i) => first + i)
        const result = await workers.run({ parts: partsOf(first, batch), target: { matrices, rows }, stop })
        if (result.kind === 'written') onRows?.(rows, matrices)
        return result
      },
      onDone: onImages,
      signal,
    })
  return memory.fill(network.layers, positions, fill, onFailure)
}

/**
 * Waits for work, and replaces a BatchFailure by an error that tells the user what to do.
 * @throws ResourceError if the network could not be opened because memory ran out or too many files were open
 * @throws WorkerError for any other BatchFailure
 */
export async function failingAsWorker<T>({ batch }: WorkerPool, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (!(error instanceof BatchFailure)) throw error
    const { message, first, count } = error
    const cause = { cause: error.cause ?? error }
    if (first === undefined) {
      const work = 'the network could not be opened'
      throw resourceError(error, work) ?? new WorkerError(`${work}: ${message}`, cause)
    }
    throw new WorkerError(
      words`a worker failed ${MAX_ATTEMPTS} times on batch ${Math.floor(first / batch)} (images ${first} to ${first + count - 1}): ${message}; ${RUN_AGAIN}, or with a smaller \`batch\` or fewer \`workers\``,
      cause,
    )
  }
}

function run(pool: WorkerPool, positions: number, batches: Omit<BatchQueue, 'positions'>): Promise<number> {
  const batch = () => (pool.hasOneSize ? pool.batch : Math.min(pool.batch, evenShare(positions, pool.workers.count)))
  return schedule(
    { positions, ...batches },
    {
      get batch() {
        return pool.network.input.batch ?? batch()
      },
      inFlight: pool.workers.inFlight,
      shrink: (reason) => halveBatch(pool, batch(), reason),
    },
  )
}

/**
 * Images per batch if every worker gets one batch. At least 2 if possible: a matrix product with a single row adds its
 * terms in a different order, which changes the last bits of the features.
 */
function evenShare(positions: number, workers: number): number {
  return Math.max(Math.min(2, positions), Math.ceil(positions / workers))
}

/** @returns whether the batch size was halved, so that it is worth trying again */
function halveBatch(pool: WorkerPool, batch: number, reason: string): boolean {
  const { name, network, onNote } = pool
  if (!isTooLarge(reason) || batch === 1 || network.input.batch !== null) return false
  pool.batch = Math.floor(batch / 2)
  onNote(`batches of ${batch} images are too large for ${name}; continuing with ${pool.batch}`)
  return true
}

const TOO_LARGE =
  /out[ _]?of[ _]?.*memory|bad_alloc|failed to allocate|alloc(ation)?[ _]failed|too many storage buffers|max buffer size/i

/** Whether an error message of a driver or of ONNX Runtime says that a batch was too large. */
export function isTooLarge(reason: string): boolean {
  return TOO_LARGE.test(reason)
}

/** A short last batch repeats its last position, so that all batches have the same shape. */
function batchOf(offsets: Int32Array, first: number, batch: number): Int32Array {
  const last = offsets.length / 2 - 1
  return offsetsAt(
    offsets,
    Array.from({ length: batch }, (_, i) => Math.min(first + i, last)),
  )
}

/** Groups the frames of a batch by their scenes, in their order. A short last batch repeats its last frame. */
function imageParts(
  images: readonly ImageSpec[],
  first: number,
  batch: number,
  taskOf: (scene: Scene) => SceneTask,
): readonly BatchPart[] {
  const chosen = Array.from({ length: batch }, (_, i) => images[Math.min(first + i, images.length - 1)]!)
  const parts: BatchPart[] = []
  for (let begin = 0, end = 0; begin < batch; begin = end) {
    const { scene } = chosen[begin]!
    while (chosen[end]?.scene === scene) end++
    const shown = chosen.slice(begin, end)
    const offsets = Int32Array.from(shown.flatMap(({ row, col }) => [row, col]))
    const moves = shown.some(({ movement }) => movement)
    parts.push({ task: taskOf(scene), offsets, ...(moves && { movements: movementsOf(shown) }) })
  }
  return parts
}

function movementsOf(images: readonly ImageSpec[]): Float64Array {
  return Float64Array.from(
    images.flatMap(({ movement: { rows, cols, rowStep, colStep } = STILL }) => [rows, cols, rowStep, colStep]),
  )
}

const STILL: Movement = { rows: 0, cols: 0, rowStep: 0, colStep: 0 }
