import type { NetworkInput, RunnableGraph } from '../../networks/index.js'
import type { Device } from '../device.js'
import type { CellWork } from '../reuse/cellGraphs.js'
import type { JobScene } from '../task.js'

/**
 * Receives the features of some images, which are valid only during the call.
 * @param first index of the first image
 * @param layers one matrix per layer, [images, dims]
 */
type PutFeatures = (first: number, images: number, layers: readonly Float32Array[]) => void

/**
 * A session as a worker calls it, in its own thread or in another process. Several batches may be in flight; they end
 * in order.
 */
export interface Backend {
  /** Computes features and hands them out, all at once or part by part. */
  features(job: JobScene, offsets: Int32Array, put: PutFeatures): Promise<void>
  /** Whether the session is lost and must be opened again. */
  isLost(): boolean
}

/** Request that opens a device's process: the network's graph with compositing in front. */
export interface OpenRequest extends RunnableGraph {
  readonly device: Device
  readonly input: NetworkInput
  /** Outputs of the graph to read. */
  readonly outputs: readonly string[]
  /** As in `openDeviceSession`. */
  readonly profileFolder?: string
}

/** Settings of sessions in a worker's own thread. */
interface ThreadSession extends Pick<RunnableGraph, 'optimization'> {
  readonly input: NetworkInput
  /** Outputs of the graph to read. */
  readonly outputs: readonly string[]
  readonly threads: number
}

/** Kind and data of a worker's session, for its whole life. */
export type WorkerData =
  | (ThreadSession & { readonly backend: 'thread'; readonly onnxPath: string })
  | (ThreadSession & { readonly backend: 'cells'; readonly cells: CellWork })
  | {
      readonly backend: 'process'
      /** One request per worker; workers find theirs by `pids`. */
      readonly requests: readonly OpenRequest[]
      /** As in `startDeviceProcess`. */
      readonly script?: string
      /** Shared: how many workers have started, then each one's process, or 0. */
      readonly pids: Int32Array
    }
