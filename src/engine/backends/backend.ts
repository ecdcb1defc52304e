import type { NetworkInput, RunnableGraph } from '../../networks/index.js'
import type { Device } from '../device.js'
import type { CellWork } from '../reuse/cellGraphs.js'
import type { JobScene } from '../task.js'

/** Receives features of images from index `first` on, [images, dims] per layer. They are valid only during the call. */
type PutFeatures = (first: number, images: number, layers: readonly Float32Array[]) => void

/** A worker's session, in its thread or in another process. Several batches may be in flight; they end in order. */
export interface Backend {
  /** Computes the features of a batch. It calls `put` once for all images, or once per group of images. */
  features(job: JobScene, offsets: Int32Array, put: PutFeatures): Promise<void>
  /** Whether the session can no longer be used. A new one must be opened then. */
  isLost(): boolean
}

/** Opens a session in a device's process. The graph composites its images itself. */
export interface OpenRequest extends RunnableGraph {
  readonly device: Device
  readonly input: NetworkInput
  /** Names of the graph's outputs to read. */
  readonly outputs: readonly string[]
  /** See `openDeviceSession`. */
  readonly profileFolder?: string
}

interface ThreadSession extends Pick<RunnableGraph, 'optimization'> {
  readonly input: NetworkInput
  /** Names of the graph's outputs to read. */
  readonly outputs: readonly string[]
  readonly threads: number
}

/** Settings that a worker gets when it starts. */
export type WorkerData =
  | (ThreadSession & { readonly backend: 'thread'; readonly onnxPath: string })
  | (ThreadSession & { readonly backend: 'cells'; readonly cells: CellWork })
  | {
      readonly backend: 'process'
      /** One per worker. */
      readonly requests: readonly OpenRequest[]
      /** See `startDeviceProcess`. */
      readonly script?: string
      /** Shared memory: the number of workers that have started, then for each worker the PID of its process, or 0. */
      readonly pids: Int32Array
    }
