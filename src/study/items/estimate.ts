import type { NetworkHandle } from '../../engine/open/handle.js'
import { processorRate } from '../../engine/open/settings.js'
import type { Scene } from '../../engine/scene/task.js'

/** What is estimated of any study. */
export interface WorkEstimate {
  /** Number of results in the folder that have other inputs and would be replaced. */
  readonly replaced: number
  /** How these results differ from those of this study, such as `stride 3 instead of 1`. */
  readonly differences: readonly string[]
  /** Number of images to compute for the results that are missing. */
  readonly images: number
  /** Bytes of all results on disk, without the report. The size of compressed features (sketches) is a rough guess. */
  readonly bytes: number
  /** Bytes of memory for the features that are in memory together. */
  readonly featureBytes: number
  /** Bytes of the largest network's weights. */
  readonly weightsBytes: number
  /**
   * Seconds to compute `images` on this machine, from a short benchmark of each network. Classifiers and arithmetic
   * take additional time. Null if no time was asked for.
   */
  readonly seconds: number | null
  /** Seconds to compute the images of the result that takes longest. Null if no time was asked for. */
  readonly unitSeconds: number | null
  /** Seconds to compute the arithmetic, from a short benchmark of its expressions. Null if no time was asked for. */
  readonly arithmeticSeconds: number | null
}

/** Closes an open network, and measures its images per second on its device. Every image is computed in full. */
export async function imageRate(handle: NetworkHandle, scene: Scene, signal: AbortSignal | undefined): Promise<number> {
  await handle.close()
  return handle.rate ?? processorRate(handle.network, scene, handle.settings, signal)
}
