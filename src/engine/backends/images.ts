import { type Compositor, createCompositor } from '../../native.js'
import type { NetworkInput } from '../../network.js'
import type { BatchPart, Scene, SceneTask } from '../scene/task.js'

/** Number of scenes whose compositors are kept, because a batch may end and the next one begin with the same scene. */
const KEPT = 2

/**
 * Returns a function that draws the images of a batch into `images`, [batch, 3, rows, cols]. The addon's threads draw
 * them, normalised.
 */
export function imageDrawing(input: NetworkInput) {
  const kept = new Map<number, Compositor>()
  const compositorOf = ({ id, scene }: SceneTask): Compositor => {
    const compositor = kept.get(id) ?? sceneCompositor(scene, input)
    // The map is in the order of insertion, so the first compositor is the one that was used longest ago.
    kept.delete(id)
    kept.set(id, compositor)
    for (const [oldest, dropped] of kept) {
      if (kept.size <= KEPT) break
      kept.delete(oldest)
      dropped.close()
    }
    return compositor
  }
  return async (parts: readonly BatchPart[], images: Float32Array): Promise<void> => {
    let done = 0
    for (const { task, offsets, movements } of parts) {
      const end = done + (offsets.length / 2) * 3 * input.rows * input.cols
      await compositorOf(task).composite(offsets, images.subarray(done, end), movements)
      done = end
    }
  }
}

export function imageCount(parts: readonly BatchPart[]): number {
  return parts.reduce((sum, { offsets }) => sum + offsets.length / 2, 0)
}

/** Creates a compositor for the scene. Its images are normalised: float32 [batch, 3, rows, cols]. */
export function sceneCompositor({ patch, background, blend }: Scene, input: NetworkInput): Compositor {
  return createCompositor({
    patch: patch.rgba,
    patchRows: patch.size,
    patchCols: patch.size,
    frameRows: input.rows,
    frameCols: input.cols,
    background,
    blend,
    normalisation: { ...input, channelOrder: input.channelOrder === 'bgr' ? 'bgr' : 'rgb' },
  })
}
