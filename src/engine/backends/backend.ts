import type { BatchComparison, JobScene } from '../task.js'

/**
 * Takes the features of some images, which stand no longer than the call.
 * @param first of the images
 * @param layers of each layer [images, dims]
 */
export type PutFeatures = (first: number, images: number, layers: readonly Float32Array[]) => void

/** A session, wherever it is held: what a worker calls. Several batches may be on their way; they end in their order. */
export interface Backend {
  /** Computes features and hands them out, all at once or part by part. */
  features(job: JobScene, offsets: Int32Array, put: PutFeatures): Promise<void>
  /** Compares a batch with the job's anchors, by layer. */
  compare(job: JobScene, offsets: Int32Array): Promise<readonly BatchComparison[]>
  /** Whether it must be opened again. */
  isLost(): boolean
}
