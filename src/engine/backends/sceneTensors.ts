import * as ort from 'onnxruntime-node'
import type { NetworkInput } from '../../network.js'
import { SCENE_INPUTS } from '../../onnx/edit/compositing.js'
import type { SceneArrays } from '../scene/sceneArrays.js'

/** The graph's inputs that are the same for all batches of a scene. */
export interface CompositedScene {
  /** Side in pixels of the padded patch (the patch with a border of one transparent pixel). */
  readonly side: number
  readonly tensors: Readonly<Record<string, ort.Tensor>>
}

export function sceneTensors(
  { side, paddedPatch, transparency, background }: SceneArrays,
  { rows, cols }: NetworkInput,
): CompositedScene {
  const pixels = side * side
  const backgroundShape =
    background.length === 3 ? [1, 3, 1, 1] : [background.length / (3 * rows * cols), 3, rows, cols]
  return {
    side,
    tensors: {
      [SCENE_INPUTS.paddedPatch]: new ort.Tensor('float32', paddedPatch, [paddedPatch.length]),
      [SCENE_INPUTS.transparency]: new ort.Tensor('float32', transparency, [pixels]),
      [SCENE_INPUTS.background]: new ort.Tensor('float32', background, backgroundShape),
      [SCENE_INPUTS.channels]: new ort.Tensor('int32', Int32Array.of(0, pixels, 2 * pixels), [3, 1, 1]),
    },
  }
}

/**
 * Makes the tensors that put the padded patch (see `CompositedScene`) in each image. For each row and column of the
 * frame, they tell which row or column of the padded patch to draw there. Outside the patch, they select its transparent
 * border.
 * @param offsets [images, 2] as row, col of the patch's top-left corner
 */
export function offsetTensors(
  offsets: Int32Array,
  side: number,
  { rows, cols }: NetworkInput,
): Readonly<Record<string, ort.Tensor>> {
  const images = offsets.length / 2
  const rowStarts = new Int32Array(images * rows)
  const columns = new Int32Array(images * cols)
  for (let image = 0; image < images; image++) {
    const [top, left] = [offsets[image * 2]!, offsets[image * 2 + 1]!]
    for (let row = 0; row < rows; row++) rowStarts[image * rows + row] = side * within(row - top + 1, side)
    for (let col = 0; col < cols; col++) columns[image * cols + col] = within(col - left + 1, side)
  }
  return {
    [SCENE_INPUTS.rows]: new ort.Tensor('int32', rowStarts, [images, 1, rows, 1]),
    [SCENE_INPUTS.cols]: new ort.Tensor('int32', columns, [images, 1, 1, cols]),
  }
}

function within(index: number, side: number): number {
  return Math.min(Math.max(index, 0), side - 1)
}
