import { DeviceError, WorkerError } from '../errors.js'
import { compositingGraph, featureOutput, type Network, type Precision } from '../networks/index.js'
import type { OpenRequest } from './backends/messages.js'
import type { Device } from './device.js'
import { type Comparison, type FeatureMemory, type Features, openFeatureMemory } from './features.js'
import { sharedScene } from './scene.js'
import { BatchFailure, type Job, schedule } from './scheduler.js'
import type { BatchComparison, Frames, JobScene, Scene, Settings } from './task.js'
import { openWorkers, processPlaces, type Workers } from './workers.js'

export interface ExtractionOptions {
  /** Called with the number of images done since the extraction began. */
  readonly onImages?: (done: number) => void
  /** Ends the extraction after the batches in flight. */
  readonly signal?: AbortSignal | undefined
}

/** A network opened on the processor or on devices: whatever is computed with it goes through its queue of batches. */
export interface NetworkHandle {
  readonly network: Network
  readonly settings: Settings
  /** Why the processor took over from devices; undefined while they work. */
  readonly failure: string | undefined
  /** Whether the processor is free while the network runs, so that one unit may be measured meanwhile. */
  readonly overlaps: boolean
  /** Takes batches of so many images from now on. */
  useBatch(batch: number): void
  /**
   * Composites the scene's patch at every offset ([positions, 2] as row, col) and runs the network on all of them.
   * The features do not depend on the number of workers or on the order in which batches end.
   */
  extract(scene: Scene, offsets: Int32Array, options?: ExtractionOptions): Promise<Features>
  /** Features of pictures of the frame, RGB [rows, cols, 3] each: of every layer [pictures, dims]. */
  encode(frames: readonly Uint8Array[], options?: ExtractionOptions): Promise<Features>
  /**
   * The same as `extract` where only comparisons are needed: where the handle was opened for that, they are made where the network runs,
   * and features stay there; otherwise the features come.
   * @param anchors rows of `offsets`
   */
  compare(
    scene: Scene,
    offsets: Int32Array,
    anchors: readonly number[],
    options?: ExtractionOptions,
  ): Promise<Comparison | Features>
  close(): Promise<void>
}

/** What a handle on devices needs to open, and what it does when they fail. */
export interface DevicePlan {
  readonly network: Network
  /** Each gets a worker and a process of its own; the same one may be named more than once. */
  readonly devices: readonly Device[]
  /** `workers` is the number of devices. */
  readonly settings: Settings
  /** In which the devices compute; float32 by default, and always on the processor. */
  readonly precision?: Precision
  /** Whether `compare` is to be made on the devices. */
  readonly compares?: boolean
  /** How the processor computes what the devices fail at. */
  readonly processor: Settings
  /** One line for the user. */
  readonly onNote: (line: string) => void
  /** As in `startDeviceProcess`. */
  readonly script?: string
}

/** Workers of one kind, and the size of their batches, which may shrink. */
interface Crew {
  readonly network: Network
  readonly workers: Workers
  readonly memory: FeatureMemory
  batch: number
  /** Whether all batches are of one size, also where there is less to do: devices compile anew for every other. */
  readonly hasOneSize: boolean
  /** What stands in the note when batches shrink. */
  readonly name: string
  readonly onNote: (line: string) => void
}

/**
 * Opens a network on the processor: worker threads, each with a session of its own.
 * @param script as in `openWorkers`
 */
export function openThreads(network: Network, settings: Settings, script?: string): NetworkHandle {
  const crew = threadCrew(network, settings, openFeatureMemory(), () => undefined, script)
  return {
    network,
    get settings() {
      return { ...settings, batch: crew.batch }
    },
    failure: undefined,
    overlaps: false,
    useBatch: (batch) => {
      crew.batch = batch
    },
    extract: (scene, offsets, options) => failingAsWorker(crew, extract(crew, scene, offsets, options)),
    encode: (frames, options) => failingAsWorker(crew, extract(crew, { frames }, places(frames), options)),
    compare: (scene, offsets, _, options) => failingAsWorker(crew, extract(crew, scene, offsets, options)),
    close: () => crew.workers.close(),
  }
}

function threadCrew(
  network: Network,
  { workers, threads, batch }: Settings,
  memory: FeatureMemory,
  onNote: (line: string) => void,
  script?: string,
): Crew {
  const { onnxPath, input, layers } = network
  const data = { backend: 'thread', onnxPath, input, layers: layers.map(({ name }) => name), threads } as const
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

/** @throws WorkerError in place of what a batch failed of */
async function failingAsWorker<T>({ batch }: Crew, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (!(error instanceof BatchFailure)) throw error
    const { message, first, count } = error
    const cause = { cause: error.cause ?? error }
    if (first === undefined) throw new WorkerError(`the network could not be opened: ${message}`, cause)
    throw new WorkerError(
      `worker failed 3 times on batch ${Math.floor(first / batch)} (images ${first} to ${first + count - 1}): ${message}; try a smaller \`batch\` or fewer \`workers\``,
      cause,
    )
  }
}

/**
 * Opens a network on devices. Images are composited there: a scene and offsets go up, features or comparisons come back.
 * Where memory does not suffice, batches are halved; a device that is lost is opened again, and at last the processor does
 * the unit from its beginning, and all that follow; not so where float16 was asked for, which is another result.
 */
export async function openDevices(plan: DevicePlan): Promise<NetworkHandle> {
  const { network, devices, precision, compares = false, onNote } = plan
  const name = [...new Set(devices.map((device) => device.name))].join(', ')
  const memory = openFeatureMemory()
  const requests = await openRequests(plan)
  const data = {
    backend: 'process',
    requests,
    pids: processPlaces(),
    ...(plan.script && { script: plan.script }),
  } as const
  const workers = openWorkers(data, devices.length)
  let crew: Crew = { network, workers, memory, batch: plan.settings.batch, hasOneSize: true, name, onNote }
  let failure: string | undefined
  /** Work on the devices, or once these have failed, other work on the processor. */
  const orOnProcessor = async <T>(onDevices: () => Promise<T>, onProcessor: () => Promise<T>): Promise<T> => {
    if (failure !== undefined) return failingAsWorker(crew, onProcessor())
    try {
      return await onDevices()
    } catch (error) {
      if (!(error instanceof BatchFailure)) throw error
      if (precision === 'fp16')
        throw new DeviceError(
          `${name} failed: ${error.message}; run the same command again, or use \`precision fp32\`, which the processor can take over`,
        )
      failure = error.message
      onNote(`${name} failed (${failure}); the processor does this unit again and all that follow`)
      await workers.close()
      crew = threadCrew(network, plan.processor, memory, onNote)
      return failingAsWorker(crew, onProcessor())
    }
  }
  return {
    network,
    get settings() {
      return failure === undefined ? { ...plan.settings, batch: crew.batch } : { ...plan.processor, batch: crew.batch }
    },
    get failure() {
      return failure
    },
    get overlaps() {
      return failure === undefined
    },
    useBatch: (batch) => {
      if (failure === undefined) crew.batch = batch
    },
    extract: (scene, offsets, options) => {
      const work = () => extract(crew, scene, offsets, options)
      return orOnProcessor(work, work)
    },
    encode: (frames, options) => {
      const work = () => extract(crew, { frames }, places(frames), options)
      return orOnProcessor(work, work)
    },
    compare: (scene, offsets, anchors, options) => {
      const extraction = () => extract(crew, scene, offsets, options)
      return orOnProcessor<Comparison | Features>(
        compares ? () => compare(crew, scene, offsets, anchors, options) : extraction,
        extraction,
      )
    },
    close: () => crew.workers.close(),
  }
}

async function openRequests({ network, devices, precision = 'fp32', compares }: DevicePlan): Promise<OpenRequest[]> {
  const compared = compares ? network.layers : []
  const graph = await compositingGraph(network, precision, compared)
  const outputs = network.layers.map(({ name }) => featureOutput(name, precision))
  return devices.map((device) => ({ device, graph, input: network.input, outputs, compared }))
}

/** The positions of pictures. */
function places(frames: readonly Uint8Array[]): Int32Array {
  return Int32Array.from(frames.flatMap((_, i) => [i, 0]))
}

let jobs = 0

function jobScene(scene: Scene | Frames, anchors?: readonly Float32Array[]): JobScene {
  return { id: ++jobs, scene: sharedScene(scene), ...(anchors && { anchors }) }
}

/** @throws BatchFailure as `schedule` */
async function extract(
  crew: Crew,
  scene: Scene | Frames,
  offsets: Int32Array,
  { onImages, signal }: ExtractionOptions = {},
): Promise<Features> {
  const { network, memory, workers } = crew
  const positions = offsets.length / 2
  const matrices = memory.take(network.layers, positions)
  const job = jobScene(scene)
  const finished = await run(crew, positions, {
    run: (first, count, batch) => {
      const rows = network.layers.map(({ dims }, i) => matrices[i]?.subarray(first * dims, (first + count) * dims))
      return workers.run({ job, offsets: batchOf(offsets, first, batch), count, rows: rows as Float32Array[] })
    },
    onDone: onImages,
    signal,
  })
  const layers = network.layers.map(({ name, dims }, i) => ({ name, dims, matrix: matrices[i] as Float32Array }))
  return { kind: 'features', layers, finished, release: () => memory.giveBack(matrices) }
}

/**
 * First the anchors' features come back, then go up again as what all positions are compared with.
 * @throws BatchFailure as `schedule`
 */
async function compare(
  crew: Crew,
  scene: Scene,
  offsets: Int32Array,
  anchors: readonly number[],
  { onImages, signal }: ExtractionOptions = {},
): Promise<Comparison> {
  const { workers } = crew
  const positions = offsets.length / 2
  const places = Int32Array.from(anchors.flatMap((row) => [...offsets.subarray(row * 2, row * 2 + 2)]))
  const atAnchors = await extract(crew, scene, places)
  const layers = atAnchors.layers.map(({ name, dims, matrix }) => ({
    name,
    dims,
    cosines: new Float32Array(anchors.length * positions),
    strongest: new Int32Array(positions),
    anchorFeatures: matrix.slice(),
  }))
  atAnchors.release()
  const job = jobScene(
    scene,
    layers.map(({ dims, anchorFeatures }) => unitColumns(anchorFeatures, dims)),
  )
  const putAway = (first: number, count: number, compared: readonly BatchComparison[]) => {
    for (const [i, { cosines, strongest }] of compared.entries()) {
      const layer = layers[i] as (typeof layers)[number]
      layer.strongest.set(strongest.subarray(0, count), first)
      for (let image = 0; image < count; image++) {
        for (let anchor = 0; anchor < anchors.length; anchor++)
          layer.cosines[anchor * positions + first + image] = cosines[image * anchors.length + anchor] as number
      }
    }
  }
  const finished = await run(crew, positions, {
    run: async (first, count, batch) => {
      const result = await workers.run({ job, offsets: batchOf(offsets, first, batch), count })
      if (result.kind === 'compared') putAway(first, count, result.layers)
      return result
    },
    onDone: onImages,
    signal,
  })
  return { kind: 'comparison', layers, finished }
}

function run(crew: Crew, positions: number, job: Omit<Job, 'positions'>): Promise<number> {
  const batch = () => (crew.hasOneSize ? crew.batch : Math.max(1, Math.min(crew.batch, positions)))
  return schedule(
    { positions, ...job },
    {
      get batch() {
        return crew.network.input.batch ?? batch()
      },
      inFlight: crew.workers.inFlight,
      shrink: (reason) => halveBatch(crew, batch(), reason),
    },
  )
}

/** Whether the batch was too large and a smaller one is left to try. */
function halveBatch(crew: Crew, batch: number, reason: string): boolean {
  const { name, network, onNote } = crew
  if (!isTooLarge(reason) || batch === 1 || network.input.batch !== null) return false
  crew.batch = Math.floor(batch / 2)
  onNote(`${name} cannot take batches of ${batch}; going on with ${crew.batch}`)
  return true
}

const TOO_LARGE =
  /out[ _]?of[ _]?.*memory|bad_alloc|failed to allocate|alloc(ation)?_failed|too many storage buffers|max buffer size/i

/** Whether it is what drivers and ONNX Runtime say when a batch is too large for a device, its memory or its bindings. */
export function isTooLarge(reason: string): boolean {
  return TOO_LARGE.test(reason)
}

/** A short last batch is filled up with its last position: every forward pass has the same shape. */
function batchOf(offsets: Int32Array, first: number, batch: number): Int32Array {
  const last = offsets.length / 2 - 1
  const chosen = new Int32Array(batch * 2)
  for (let i = 0; i < batch; i++) {
    const position = Math.min(first + i, last)
    chosen.set(offsets.subarray(position * 2, position * 2 + 2), i * 2)
  }
  return chosen
}

/** The rows of a matrix as columns of length 1; NaN where a row has no direction. */
function unitColumns(matrix: Float32Array, dims: number): Float32Array {
  const count = matrix.length / dims
  const columns = new Float32Array(matrix.length)
  for (let column = 0; column < count; column++) {
    const row = matrix.subarray(column * dims, (column + 1) * dims)
    const norm = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0))
    for (let i = 0; i < dims; i++) columns[i * count + column] = (row[i] as number) / norm
  }
  return columns
}
