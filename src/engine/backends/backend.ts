import type { NetworkInput, RunnableGraph } from '../../network.js'
import type { Device } from '../devices/device.js'
import type { BatchPart } from '../scene/task.js'

/**
 * Receives the features of some images of a batch, [images, dims] per layer. `first` is the index of the first image in
 * the batch. The arrays are valid only during the call.
 */
export type PutFeatures = (first: number, images: number, layers: readonly Float32Array[]) => void

interface BatchHooks {
  /** If images share layers: called when these are computed. */
  readonly onShared?: () => void
  /** Asked before each forward pass. If it returns true, the batch ends without its remaining images. */
  readonly isStopped?: () => boolean
}

/**
 * Computes the features of a batch with a worker's session, in its thread or in another process. It calls `put` once
 * with all images, or several times, each with some images. Several batches may run at a time. The oldest ends first.
 */
export type Backend = (parts: readonly BatchPart[], put: PutFeatures, hooks?: BatchHooks) => Promise<void>

/** What the process for a device needs to open a session. Its graph first composites the images. */
export interface OpenRequest extends RunnableGraph {
  readonly device: Device
  readonly input: NetworkInput
  readonly outputs: readonly string[]
  /** An empty folder for ONNX Runtime's profile (see `openDeviceSession`). */
  readonly profileFolder?: string
}

interface ThreadSession extends Pick<RunnableGraph, 'optimization'> {
  readonly input: NetworkInput
  readonly outputs: readonly string[]
  readonly threads: number
}

/** `Cells` is what the backend `cells` computes: work of `engine/reuse`, which this folder does not know. */
export type WorkerData<Cells = unknown> =
  | (ThreadSession & { readonly backend: 'thread'; readonly onnxPath: string })
  | (ThreadSession & { readonly backend: 'cells'; readonly cells: Cells })
  | {
      readonly backend: 'process'
      /** One request per worker. */
      readonly requests: readonly OpenRequest[]
      readonly script?: string
      /** Shared memory: the number of workers that have started, then the PID of each one's process; 0 if it has none. */
      readonly pids: Int32Array
    }
