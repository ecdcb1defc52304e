import { WorkerError } from '../errors.js'
import { compositingGraph, featureOutput, type Network, outputOf, type Precision } from '../networks/index.js'
import { resourceError } from '../support/machine.js'
import type { Device } from './device.js'
import { type FeatureMemory, type Features, openFeatureMemory } from './features.js'
import { sharedScene } from './scene.js'
import { BatchFailure, type Job, schedule } from './scheduler.js'
import type { Frame, Frames, JobScene, Scene, Settings } from './task.js'
import { openWorkers, processPlaces, type Workers } from './workers.js'

export interface ExtractionOptions {
  /**
   * All positions of the work that these are a part of, as offsets. One plan for all gives the same bits however the
   * work is divided.
   */
  readonly whole?: Int32Array
  /** Called with the number of images done since the extraction began. */
  readonly onImages?: (done: number) => void
  /** Called with the rows that were just finished, and with the matrices, in the order of the layers. */
  readonly onRows?: (rows: Int32Array, matrices: readonly Float32Array[]) => void
  /** Ends the extraction after the batches in flight. */
  readonly signal?: AbortSignal | undefined
}

/** Workers of one kind, and the size of their batches, which may shrink. */
export interface Crew {
  readonly network: Network
  readonly workers: Workers
  readonly memory: FeatureMemory
  batch: number
  /** Whether short batches are filled up to the full size, because devices compile anew for every other size. */
  readonly hasOneSize: boolean
  /** How the note about smaller batches names the workers. */
  readonly name: string
  readonly onNote: (line: string) => void
}

interface ThreadCrewOptions extends Partial<Pick<Crew, 'memory' | 'onNote'>> {
  readonly script?: string | undefined
}

/** Workers on the processor, each with a session of its own in its thread. @param script as in `openWorkers` */
export function openThreadCrew(
  network: Network,
  { workers, threads, batch }: Settings,
  { memory = openFeatureMemory(), onNote = () => undefined, script }: ThreadCrewOptions = {},
): Crew {
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

/** Settings to open a session in a worker's thread with. */
export function threadSession({ optimization, input, layers }: Network, threads: number) {
  return { optimization, input, outputs: layers.map(outputOf), threads }
}

/** Devices, and the network that runs on them. */
export interface DevicePlan {
  readonly network: Network
  /** Each gets a worker and a process of its own; the same one may be named more than once. */
  readonly devices: readonly Device[]
  /** Images in a batch to begin with. */
  readonly batch: number
  /** Precision of the devices; float32 by default. */
  readonly precision?: Precision
  /** One line for the user. */
  readonly onNote: (line: string) => void
  /** As in `startDeviceProcess`. */
  readonly script?: string
}

/**
 * Workers on devices, whose batches fail with BatchFailure. Devices composite the images: they receive a scene and
 * offsets, and return features. If memory does not suffice, batches are halved. A lost device is opened again with the
 * next batch.
 */
export async function openDeviceCrew({
  network,
  devices,
  batch,
  precision = 'fp32',
  onNote,
  script,
}: DevicePlan): Promise<Crew> {
  const { optimization, input, layers } = network
  const onnxPath = await compositingGraph(network, precision)
  const outputs = layers.map((layer) => featureOutput(layer, precision))
  const requests = devices.map((device) => ({ device, onnxPath, optimization, input, outputs }))
  const data = { backend: 'process', requests, pids: processPlaces(), ...(script && { script }) } as const
  const name = [...new Set(devices.map((device) => device.name))].join(', ')
  const workers = openWorkers(data, devices.length)
  return { network, workers, memory: openFeatureMemory(), batch, hasOneSize: true, name, onNote }
}

/** The positions that stand for pictures: (picture, 0), as `Frames` defines them. */
export function places(frames: readonly Frame[]): Int32Array {
  return Int32Array.from(frames.flatMap((_, i) => [i, 0]))
}

let jobs = 0

/** A scene for the batches of a new job. @param more other data that these batches need */
export function jobScene(scene: Scene | Frames, more: Pick<JobScene, 'batch'> = {}): JobScene {
  return { id: ++jobs, scene: sharedScene(scene), ...more }
}

/**
 * Features of a scene's patch at every position, or of pictures.
 * @throws BatchFailure as `schedule`
 */
export async function extractFeatures(
  crew: Crew,
  scene: Scene | Frames,
  offsets: Int32Array,
  { onImages, onRows, signal }: ExtractionOptions = {},
): Promise<Features> {
  const { network, memory, workers } = crew
  const positions = offsets.length / 2
  const matrices = memory.take(network.layers, positions)
  const job = jobScene(scene)
  const finished = await run(crew, positions, {
    run: async (first, count, batch) => {
      const rows = Int32Array.from({ length: count }, (_, i) => first + i)
      const result = await workers.run({ job, offsets: batchOf(offsets, first, batch), target: { matrices, rows } })
      if (result.kind === 'written') onRows?.(rows, matrices)
      return result
    },
    onDone: onImages,
    signal,
  })
  return featuresOf(network, memory, matrices, finished)
}

/**
 * Turns a BatchFailure into an error for the user.
 * @throws WorkerError; ResourceError if the system refused something
 */
export async function failingAsWorker<T>({ batch }: Crew, work: Promise<T>): Promise<T> {
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
      `worker failed 3 times on batch ${Math.floor(first / batch)} (images ${first} to ${first + count - 1}): ${message}; run the same command again, or with a smaller \`batch\` or fewer \`workers\``,
      cause,
    )
  }
}

/** Result of an extraction. */
export function featuresOf(
  { layers }: Network,
  memory: FeatureMemory,
  matrices: readonly Float32Array[],
  finished: number,
): Features {
  return {
    layers: layers.map(({ name, dims }, i) => ({ name, dims, matrix: matrices[i] as Float32Array })),
    finished,
    release: () => memory.giveBack(matrices),
  }
}

function run(crew: Crew, positions: number, job: Omit<Job, 'positions'>): Promise<number> {
  const batch = () => (crew.hasOneSize ? crew.batch : Math.min(crew.batch, evenShare(positions, crew.workers.count)))
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

/**
 * Batch size that gives each worker one batch. Never one image, since a product with a single row is summed in another
 * order.
 */
function evenShare(positions: number, workers: number): number {
  return Math.max(Math.min(2, positions), Math.ceil(positions / workers))
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
  /out[ _]?of[ _]?.*memory|bad_alloc|failed to allocate|alloc(ation)?[ _]failed|too many storage buffers|max buffer size/i

/**
 * Whether this is a reason that drivers and ONNX Runtime give if a batch is too large for a device, its memory or its
 * bindings.
 */
export function isTooLarge(reason: string): boolean {
  return TOO_LARGE.test(reason)
}

/** Fills up a short last batch with its last position, so that every forward pass has the same shape. */
function batchOf(offsets: Int32Array, first: number, batch: number): Int32Array {
  const last = offsets.length / 2 - 1
  const chosen = new Int32Array(batch * 2)
  for (let i = 0; i < batch; i++) {
    const position = Math.min(first + i, last)
    chosen.set(offsets.subarray(position * 2, position * 2 + 2), i * 2)
  }
  return chosen
}
