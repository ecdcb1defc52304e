import { DeviceError, RUN_AGAIN } from '../../errors.js'
import type { Network, Precision } from '../../network.js'
import { type Device, processorName } from '../devices/device.js'
import { PROVIDERS } from '../devices/providers.js'
import { BatchFailure } from '../features/batchFailure.js'
import type { Features } from '../features/features.js'
import {
  type ExtractionOptions,
  encodeImages,
  extractFeatures,
  failingAsWorker,
  openThreadPool,
  type ThreadPoolOptions,
  type WorkerPool,
} from '../queue/workerPool.js'
import { openWorkers } from '../queue/workers.js'
import type { ReuseRecord } from '../reuse/record.js'
import { Reuse } from '../reuse/reuse.js'
import type { ImageSpec, Scene, Settings } from '../scene/task.js'
import type { NoiseFloor } from './noiseFloor.js'

/** Device and settings that computed a network's features. */
export interface ExecutionRecord {
  readonly device: Device['name']
  /** Name of ONNX Runtime's execution provider, such as `CUDAExecutionProvider`. */
  readonly executionProvider: string
  /** Floating-point type of the network's arithmetic: float32 (`fp32`) or float16 (`fp16`). */
  readonly precision: Precision
  /** The device's name in the operating system or driver; null if unknown. */
  readonly adapter: string | null
  /** How much the GPU's features differ from the processor's; absent on the processor. */
  readonly noiseFloor?: NoiseFloor
  /**
   * For each patch size, which values were computed once for several images, or why there are no such values. Absent
   * with `reuse: 'off'` and on GPUs.
   */
  readonly reuse?: readonly ReuseRecord[]
  /** Why the GPU failed and the processor took over; absent if no GPU failed. */
  readonly failure?: string
}

/** A network that is open on the processor or on GPUs. */
export interface NetworkHandle {
  readonly network: Network
  readonly settings: Settings
  /** Images per second that were measured on the GPU; null on the processor. */
  readonly rate: number | null
  /** Whether the network runs on a GPU. The processor is then free to measure the previous object's features. */
  readonly overlaps: boolean
  /** Describes how the features have been computed so far. The description is stored with the results. */
  ran(): ExecutionRecord
  /**
   * Pastes the patch at every offset and runs the network on the images. `offsets` is [positions, 2] as row, col. The
   * features do not depend on the number of workers or on the order in which batches end.
   */
  extract(scene: Scene, offsets: Int32Array, options?: ExtractionOptions): Promise<Features>
  /** Runs the network on images of several scenes. The features are [frames, dims] for each layer. */
  encode(images: readonly ImageSpec[], options?: ExtractionOptions): Promise<Features>
  close(): Promise<void>
}

interface ThreadOptions extends ThreadPoolOptions {
  /** Settings for computing shared values once. If left out, every image is computed in full. */
  readonly reusing?: Settings | undefined
}

export function openThreads(
  network: Network,
  settings: Settings,
  { reusing, ...options }: ThreadOptions = {},
): NetworkHandle {
  const pool = openThreadPool(network, settings, options)
  const reuse = reusing && new Reuse(pool, reusing, (data, count) => openWorkers(data, count, options.script))
  return {
    network,
    get settings() {
      return { ...settings, batch: pool.batch }
    },
    rate: null,
    overlaps: false,
    ran: () => ({
      device: 'cpu',
      executionProvider: PROVIDERS.cpu.profileName,
      precision: 'fp32',
      adapter: processorName(),
      ...(reuse && { reuse: reuse.records() }),
    }),
    extract: async (scene, offsets, options) =>
      (await reuse?.extract(scene, offsets, options)) ??
      failingAsWorker(pool, extractFeatures(pool, scene, offsets, options)),
    encode: (images, options) => failingAsWorker(pool, encodeImages(pool, images, options)),
    close: async () => {
      await Promise.all([reuse?.close(), pool.workers.close()])
    },
  }
}

interface DeviceOptions {
  /** Settings of the processor if it takes over. */
  readonly processor: Settings
  readonly rate: number
  readonly record: ExecutionRecord
}

/**
 * Returns a network that runs on GPUs. If they keep failing, the processor repeats the failed call and computes all
 * later ones. With `fp16`, the processor cannot take over, because its features would differ. `extract` and `encode`
 * then throw DeviceError.
 */
export function deviceHandle(devices: WorkerPool, { processor, rate, record }: DeviceOptions): NetworkHandle {
  const { network, name, memory, onNote } = devices
  let takenOver: { readonly pool: WorkerPool; readonly failure: string } | undefined
  /** Starts workers that replace the failed GPUs. If several extractions fail, only the first failure does so. */
  const takeOver = (failure: string): NonNullable<typeof takenOver> => {
    if (record.precision === 'fp16')
      throw DeviceError.of`${name} failed: ${failure}; ${RUN_AGAIN}, or use \`precision fp32\`, so that the processor can take over`
    onNote(`${name} failed (${failure}); the processor repeats the current work and does the rest`)
    return { pool: openThreadPool(network, processor, { memory, onNote }), failure }
  }
  const compute = async (work: (pool: WorkerPool) => Promise<Features>): Promise<Features> => {
    if (takenOver === undefined)
      try {
        return await work(devices)
      } catch (error) {
        if (!(error instanceof BatchFailure)) throw error
        takenOver ??= takeOver(error.message)
        await devices.workers.close()
      }
    return failingAsWorker(takenOver.pool, work(takenOver.pool))
  }
  return {
    network,
    get settings() {
      if (takenOver !== undefined) return { ...processor, batch: takenOver.pool.batch }
      return { workers: devices.workers.count, threads: 1, batch: devices.batch }
    },
    rate,
    get overlaps() {
      return takenOver === undefined
    },
    ran: () => ({ ...record, ...(takenOver && { failure: takenOver.failure }) }),
    extract: (scene, offsets, options) => compute((pool) => extractFeatures(pool, scene, offsets, options)),
    encode: (images, options) => compute((pool) => encodeImages(pool, images, options)),
    close: async () => {
      await Promise.all([devices.workers.close(), takenOver?.pool.workers.close()])
    },
  }
}
