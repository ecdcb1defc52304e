import { DeviceError, WorkerError } from '../errors.js'
import { compositingGraph, featureOutput, type Network, outputOf, type Precision } from '../networks/index.js'
import { resourceError } from '../support/machine.js'
import type { OpenRequest } from './backends/messages.js'
import { type Crew, compare, type ExtractionOptions, extract, places } from './crew.js'
import type { Device } from './device.js'
import { type Comparison, type FeatureMemory, type Features, openFeatureMemory } from './features.js'
import type { ReuseRecord } from './reuse/record.js'
import { openReuse, type Reuse, type ReusePlan } from './reuse/reuse.js'
import { BatchFailure } from './scheduler.js'
import type { Scene, Settings } from './task.js'
import { openWorkers, processPlaces } from './workers.js'

/** A network opened on the processor or on devices: whatever is computed with it goes through its queue of batches. */
export interface NetworkHandle {
  readonly network: Network
  readonly settings: Settings
  /** Why the processor took over from devices; undefined while they work. */
  readonly failure: string | undefined
  /** Whether the processor is free while the network runs, so that one unit may be measured meanwhile. */
  readonly overlaps: boolean
  /** What images shared, by size of the patch; empty where that was not asked for. */
  reused(): readonly ReuseRecord[]
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
  /** Whether values that images have in common are computed once from now on; by default never. */
  readonly reuses?: () => boolean
  /** How the processor computes what the devices fail at. */
  readonly processor: Settings
  /** One line for the user. */
  readonly onNote: (line: string) => void
  /** As in `startDeviceProcess`. */
  readonly script?: string
}

/**
 * Opens a network on the processor: worker threads, each with a session of its own.
 * @param script as in `openWorkers`
 * @param reusing computes values that images have in common once, where that pays
 */
export function openThreads(
  network: Network,
  settings: Settings,
  script?: string,
  reusing?: Pick<ReusePlan, 'settings' | 'onNote'>,
): NetworkHandle {
  const memory = openFeatureMemory()
  const crew = threadCrew(network, settings, memory, () => undefined, script)
  const plain = (scene: Scene, offsets: Int32Array, options?: ExtractionOptions) =>
    failingAsWorker(crew, extract(crew, scene, offsets, options))
  const rest = () => crew.workers.rest()
  const reuse =
    reusing &&
    openReuse({
      ...{ network, memory, plain: { extract: plain, rest }, script, isChunked: true },
      workerData: (cells) => ({ ...threadData(network, reusing.settings.threads), backend: 'cells', cells }),
      ...reusing,
    })
  const features = async (scene: Scene, offsets: Int32Array, options?: ExtractionOptions) =>
    (await reuse?.extract(scene, offsets, options)) ?? plain(scene, offsets, options)
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
    reused: () => reuse?.records() ?? [],
    extract: features,
    encode: (frames, options) => failingAsWorker(crew, extract(crew, { frames }, places(frames), options)),
    compare: (scene, offsets, _, options) => features(scene, offsets, options),
    close: async () => {
      await Promise.all([reuse?.close(), crew.workers.close()])
    },
  }
}

function threadCrew(
  network: Network,
  { workers, threads, batch }: Settings,
  memory: FeatureMemory,
  onNote: (line: string) => void,
  script?: string,
): Crew {
  const data = { backend: 'thread', onnxPath: network.onnxPath, ...threadData(network, threads) } as const
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

function threadData({ optimization, input, layers }: Network, threads: number) {
  return { optimization, input, layers: layers.map(outputOf), threads }
}

/** @throws WorkerError, or ResourceError, in place of what a batch failed of */
async function failingAsWorker<T>({ batch }: Crew, work: Promise<T>): Promise<T> {
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
      // Of several calls that fail together, the first lets the processor take over for all.
      if (failure === undefined) {
        failure = error.message
        onNote(`${name} failed (${failure}); the processor does this unit again and all that follow`)
        crew = threadCrew(network, plan.processor, memory, onNote)
        await workers.close()
      }
      return failingAsWorker(crew, onProcessor())
    }
  }
  const { reuses = () => false } = plan
  let opened: Reuse | undefined
  const reuse = () => {
    if (!reuses() || precision === 'fp16' || failure !== undefined) return undefined
    opened ??= deviceReuse(plan, memory, () => crew)
    return opened
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
    reused: () => opened?.records() ?? [],
    useBatch: (batch) => {
      if (failure === undefined) crew.batch = batch
    },
    extract: async (scene, offsets, options) => {
      const reused = await reuse()?.extract(scene, offsets, options)
      const work = () => extract(crew, scene, offsets, options)
      return reused ?? orOnProcessor(work, work)
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
    close: async () => {
      await Promise.all([opened?.close(), crew.workers.close()])
    },
  }
}

/** Values computed once on devices: a process each for the two graphs, beside those that take every image by itself. */
function deviceReuse(
  { network, devices, settings, onNote }: DevicePlan,
  memory: FeatureMemory,
  crew: () => Crew,
): Reuse {
  const { optimization, input, layers } = network
  const outputs = layers.map(outputOf)
  return openReuse({
    ...{ network, settings, memory, onNote, isChunked: false },
    workerData: (cells) => ({
      backend: 'process',
      requests: devices.map((device) => ({ device, graph: '', optimization, input, outputs, compared: [], cells })),
      pids: processPlaces(),
    }),
    plain: {
      extract: (scene, offsets) => extract(crew(), scene, offsets),
      // They are needed for whole pictures and comparisons, and hold a device's memory, not this process's.
      rest: async () => undefined,
    },
  })
}

async function openRequests({ network, devices, precision = 'fp32', compares }: DevicePlan): Promise<OpenRequest[]> {
  const compared = compares ? network.layers : []
  const graph = await compositingGraph(network, precision, compared)
  const outputs = network.layers.map((layer) => featureOutput(layer, precision))
  const { optimization, input, classes } = network
  const answering = classes?.layer
  return devices.map((device) => ({ device, graph, optimization, input, outputs, compared, answering }))
}
