import type { BatchComparison, JobScene } from '../task.js'

/** A session, wherever it is held: what a worker calls. Several batches may be on their way; they end in their order. */
export interface Backend {
  /** @returns of each layer [images, dims], until the next batch ends */
  features(job: JobScene, offsets: Int32Array): Promise<readonly Float32Array[]>
  /** Compares a batch with the job's anchors, by layer. */
  compare(job: JobScene, offsets: Int32Array): Promise<readonly BatchComparison[]>
  /** Whether it must be opened again. */
  isLost(): boolean
}
