import * as ort from 'onnxruntime-node'
import type { NetworkInput } from '../../network.js'
import type { Backend, WorkerData } from '../backends/backend.js'
import { openSession } from '../backends/session.js'
import { type SceneArrays, sceneArrays } from '../scene/sceneArrays.js'
import type { Scene } from '../scene/task.js'
import type { CellWork } from './cellGraphs.js'
import { CELL_INPUTS, type PassCells, passCells, positionsOf } from './cells.js'
import type { Keys } from './keys.js'
import { cachedSceneKeys } from './sceneKeys.js'

type CellData = Extract<WorkerData<CellWork>, { backend: 'cells' }>

/**
 * Computes features with two sessions in this thread. The first computes each distinct cell once: a cell is all
 * channels at one row and column (see `CellSteps`). The second copies these cells into whole activations and runs the
 * other layers.
 */
export async function cellBackend({ cells: work, optimization, input, outputs, threads }: CellData): Promise<Backend> {
  const { graphs, steps, shapes } = work
  const graph = (onnxPath: string) => ({ onnxPath, optimization })
  // A memory pool would not help, because the tensors' sizes change with every task.
  const first = await openSession(graph(graphs.cells), threads, false)
  const second = await openSession(graph(graphs.rest), threads)
  const keysOf = cachedSceneKeys()
  let current: { readonly id: number; readonly keys: Keys; readonly arrays: SceneArrays } | undefined
  const sceneOf = (id: number, scene: Scene) => {
    if (current?.id !== id) current = { id, keys: keysOf({ steps }, scene, input), arrays: sceneArrays(scene, input) }
    return current
  }
  return async ([part, other], put, { onShared, isStopped } = {}) => {
    if (part === undefined || other !== undefined) throw new Error('reuse needs images of one scene')
    if (isStopped?.()) return
    const { task, offsets } = part
    const { id, scene, batch = 1, outputs: asked = outputs } = task
    const { keys, arrays } = sceneOf(id, scene)
    const cells = passCells(keys, steps, input.name, positionsOf(offsets, keys.first))
    const made = await first.run(cellFeeds(cells, keys, arrays, input))
    onShared?.()
    const images = offsets.length / 2
    const size = input.batch ?? evenSize(images, batch)
    for (let begin = 0; begin < images && !isStopped?.(); begin += size) {
      // If the last batch is short, copies of its last image fill it up.
      const count = Math.min(size, images - begin)
      const feeds: Record<string, ort.Tensor> = {}
      for (const name of graphs.handedOn) {
        const { rows, cols } = shapes.get(name)!
        const frames = new Int32Array(size * rows * cols)
        for (let image = 0; image < size; image++) {
          const at = 2 * (begin + Math.min(image, count - 1))
          const frame = frames.subarray(image * rows * cols, (image + 1) * rows * cols)
          const [row, col] = [offsets[at]! - keys.first.rows, offsets[at + 1]! - keys.first.cols]
          cells.frame(name, row, col, frame)
        }
        feeds[CELL_INPUTS.cells(name)] = made[name]!
        feeds[CELL_INPUTS.frames(name)] = new ort.Tensor('int32', frames, [size, rows * cols])
      }
      const results = await second.run(feeds, asked)
      put(
        begin,
        size,
        asked.map((output) => results[output]?.data as Float32Array),
      )
    }
  }
}

/**
 * Batch size for the fewest batches of at most `most` images, so that all batches are about equally large. It is at
 * least 2, even if `most` or `images` is 1: with a single image, matrix products are summed in a different order, which
 * changes the last bits.
 */
function evenSize(images: number, most: number): number {
  return Math.max(2, Math.ceil(images / Math.ceil(images / most)))
}

function cellFeeds(cells: PassCells, keys: Keys, arrays: SceneArrays, input: NetworkInput): Record<string, ort.Tensor> {
  const pixels = cellPixels(cells.pixels, keys, arrays, input)
  const feeds: Record<string, ort.Tensor> = {
    [input.name]: new ort.Tensor('float32', pixels, [pixels.length / 3, 3, 1, 1]),
  }
  for (const [name, { indices, taps }] of cells.gathers)
    feeds[name] = new ort.Tensor('int32', indices, [indices.length / taps, taps])
  return feeds
}

/**
 * Composites each of the given pixels once. The values equal those of `native/core/composite.h` in every bit.
 * @param pixels [pixels, 2]: the row key and the column key of each pixel (see `Keys`)
 * @returns [pixels, 3]
 */
function cellPixels(
  pixels: Int32Array,
  { pixels: shown }: Keys,
  { side, paddedPatch, transparency, background }: SceneArrays,
  { rows, cols }: NetworkInput,
): Float32Array {
  const values = new Float32Array((pixels.length / 2) * 3)
  const isColour = background.length === 3
  for (let at = 0; at < pixels.length / 2; at++) {
    const [rowKey, colKey] = [pixels[2 * at]!, pixels[2 * at + 1]!]
    const [row, col] = [shown.rows.ofPatch[rowKey]!, shown.cols.ofPatch[colKey]!]
    // If `row` or `col` is 0, the pixel is outside the patch. Then the value at index 0 of `paddedPatch` is used, which is
    // transparent.
    const place = row === 0 || col === 0 ? 0 : row * side + col
    const behind = shown.rows.ofFrame[rowKey]! * cols + shown.cols.ofFrame[colKey]!
    for (let channel = 0; channel < 3; channel++) {
      const ground = background[isColour ? channel : channel * rows * cols + behind]!
      const seen = Math.fround(transparency[place]! * ground)
      values[at * 3 + channel] = paddedPatch[channel * side * side + place]! + seen
    }
  }
  return values
}
