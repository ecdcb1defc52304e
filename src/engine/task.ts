import type { NetworkInput } from '../networks/index.js'
import type { Background } from '../patches/background.js'
import type { Patch } from '../patches/patch.js'

/** How a network is spread over the processor. */
export interface Settings {
  /** Worker threads, each with a session of its own. */
  readonly workers: number
  /** Threads that ONNX Runtime uses inside a session. */
  readonly threads: number
  /** Images in one forward pass. */
  readonly batch: number
}

/** How a patch is drawn onto its background. */
export interface Scene {
  readonly patch: Patch
  readonly background: Background
  /** hard: a pixel is the patch's (alpha ≥ 128) or the background's; soft: mixed by alpha. */
  readonly blend: 'hard' | 'soft'
}

/** What a worker keeps for its whole life. */
export interface WorkerData {
  readonly onnxPath: string
  readonly input: NetworkInput
  readonly layers: readonly string[]
  readonly threads: number
}

/** State of a finished batch in `ExtractionTask.states`; 0 before. */
export const BATCH_DONE = 1

/** Places in `ExtractionTask.control`. */
export const CONTROL_CURSOR = 0
export const CONTROL_STOP = 1

/**
 * One scene's images as every worker gets it. The arrays marked shared lie on SharedArrayBuffers, so all workers and the
 * main thread see the same memory.
 */
export interface ExtractionTask {
  readonly scene: Scene
  readonly batch: number
  /** Shared, [positions, 2] as row, col. */
  readonly offsets: Int32Array
  /** Shared, one matrix a layer, [positions, dims]. */
  readonly features: readonly Float32Array[]
  /** Batches still to be done; workers take them in this order. */
  readonly queue: Int32Array
  /** Shared: the place in the queue of the next batch, and whether to stop early. */
  readonly control: Int32Array
  /** Shared, one a batch: 0 or BATCH_DONE. */
  readonly states: Int32Array
  /** Shared, one a batch: how often a worker has begun it. */
  readonly attempts: Int32Array
}
