import { type FeatureMap, featureMapOf } from '../../engine/features/featureMap.js'
import type { NetworkHandle } from '../../engine/open/handle.js'
import { pictureSpec } from '../../engine/scene/scene.js'
import type { Scene } from '../../engine/scene/task.js'
import { throwIfStopped } from '../../errors.js'
import type { Network } from '../../network.js'
import { drawObject } from '../scenes/layout.js'
import { backgroundPixels } from '../scenes/scenePatches.js'
import { DIRECTIONS, type Direction } from './mapMeasures.js'

/**
 * Equivariance error: the distance between a feature map and a map that moves exactly with the object, divided by the
 * change that the object makes in the map. It is 0 for a map that moves exactly, and about 1.4 for unrelated maps.
 */
export interface EquivarianceError {
  /** Distance that the object moves, in pixels. */
  readonly dx: number
  /** The whole error. */
  readonly total: number
  /**
   * Error that the frame's borders cause. If `dx` is a multiple of the layer's stride, this is the whole error. For
   * other `dx`, it is interpolated linearly between these multiples.
   */
  readonly border: number
  /**
   * Error that subsampling causes, if it is independent of the borders' error. The squares of independent errors add, so
   * this is √(total² − border²). Null if the interpolated error of the borders is larger than the whole error.
   */
  readonly aliasing: number | null
}

/** Names of an error's numbers. In results, the distance comes before the name, as in `8px border`. */
export const ERROR_PARTS = ['total', 'border', 'aliasing'] as const

/** The object moves at most this many pixels, and at most two strides of the layer. */
const FARTHEST = 64

/**
 * Equivariance errors of a layer's map, for each distance dx in pixels that its object moves:
 *
 *     E(dx) = ‖S₋dx[F(x + dx) − F(blank)] − [F(x) − F(blank)]‖ / ‖F(x) − F(blank)‖, mean of both axes
 *
 * S₋dx moves the map back by dx / stride rows (columns). For fractions, it interpolates by sinc, which is exact for
 * every map that was sampled without aliasing. Linear interpolation would blur the map, and so hide a part of the
 * aliasing. Beyond the map's border, F(x + dx) − F(blank) counts as 0. The measure follows Zhang, "Making convolutional
 * networks shift-invariant again", 2019, section 3.1, who uses whole rows (columns) only.
 *
 * @param features [2 + 2n, dims], dims in the order of the map, and images in this order: the blank frame, the object
 *   at x, the object moved right by 1 to n pixels, and the object moved down by 1 to n pixels
 * @returns errors for dx = 1, 2, … up to two strides, or up to one stride if two exceed n or 64; empty if one stride
 *   exceeds n or 64, or if the object changes nothing
 */
export function equivarianceErrors(features: Float32Array, map: FeatureMap): readonly EquivarianceError[] {
  const { stride } = map
  const cells = map.rows * map.cols
  const plain = { dims: map.channels * cells, first: 0, channelStep: cells, cellStep: 1 }
  const { dims, first, channelStep, cellStep } = map.order ?? plain
  const moves = features.length / dims / 2 - 1
  const change = (row: number) =>
    Float64Array.from({ length: plain.dims }, (_, i) => {
      const at = first + Math.floor(i / cells) * channelStep + (i % cells) * cellStep
      return features[row * dims + at]! - features[at]!
    })
  const still = change(1)
  const norm = Math.sqrt(still.reduce((sum, value) => sum + value * value, 0))
  if (!(norm > 0)) return []
  const errors = Array.from({ length: reachOf(map, moves) + 1 }, (_, dx) => {
    if (dx === 0) return 0
    const ofAxes = DIRECTIONS.map((axis, i) => distance(change(1 + i * moves + dx), still, map, axis, dx))
    return ofAxes.reduce((sum, one) => sum + one) / DIRECTIONS.length / norm
  })
  return errors.slice(1).map((total, i) => {
    const dx = i + 1
    const cell = Math.floor(dx / stride)
    const [before = 0, after = 0] = [errors[cell * stride], errors[(cell + 1) * stride]]
    const border = before + (after - before) * (dx / stride - cell)
    return { dx, total, border, aliasing: aliasingOf(total, border) }
  })
}

function aliasingOf(total: number, border: number): number | null {
  return total < border ? null : Math.sqrt(total ** 2 - border ** 2)
}

/** @param room largest distance in pixels that the object can move */
function reachOf({ stride }: FeatureMap, room: number): number {
  return stride * Math.min(2, Math.floor(Math.min(room, FARTHEST) / stride))
}

/** Returns ‖S₋dx[moved] − still‖, the numerator of the error; see `equivarianceErrors`. */
function distance(
  moved: Float64Array,
  still: Float64Array,
  { rows, cols, stride }: FeatureMap,
  axis: Direction,
  dx: number,
): number {
  const [length, step] = axis === 'vertical' ? [rows, cols] : [cols, 1]
  const whole = dx / stride
  // If the map moves by whole rows (columns), only one row (column) has a weight other than 0.
  const [from, to] = Number.isInteger(whole) ? [whole, whole] : [1 - length, length - 1]
  const weights = Float64Array.from({ length: to - from + 1 }, (_, i) => sinc(from + i - whole))
  let sum = 0
  for (let first = 0; first < still.length; first++) {
    if (Math.floor(first / step) % length !== 0) continue
    for (let i = 0; i < length; i++) {
      let difference = -still[first + i * step]!
      for (let k = Math.max(from, -i); k <= Math.min(to, length - 1 - i); k++)
        difference += weights[k - from]! * moved[first + (i + k) * step]!
      sum += difference * difference
    }
  }
  return Math.sqrt(sum)
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x)
}

/** Distance in pixels that an object of this size must move so that all layers are measured; 0 if no layer can be. */
export function equivarianceReach(network: Network, size: number): number {
  const maps = network.layers.flatMap((layer) => featureMapOf(network, layer) ?? [])
  const room = Math.ceil((network.input.rows - size) / 2)
  return Math.max(0, ...maps.map((map) => reachOf(map, room)))
}

/**
 * Measures all layers while a scene's object moves from the center to the right and down, pixel by pixel. It computes
 * up to 130 images for this, because the features on the study's grid are not enough: a coarse grid shows no aliasing,
 * and with a fine grid the features of early layers do not fit into memory.
 * @returns for each layer, the result of `equivarianceErrors`; empty for layers without a feature map
 */
export async function measureEquivariance(
  handle: NetworkHandle,
  scene: Scene,
  signal?: AbortSignal,
): Promise<readonly (readonly EquivarianceError[])[]> {
  const { network, encode } = handle
  const { patch, background, blend } = scene
  const side = network.input.rows
  const steps = Array.from({ length: equivarianceReach(network, patch.size) }, (_, i) => i + 1)
  if (steps.length === 0) return network.layers.map(() => [])
  const blank = backgroundPixels(background, side)
  const center = Math.floor((side - patch.size) / 2)
  const drawn = (down: number, right: number) => {
    const pixels = blank.slice()
    drawObject(pixels, side, patch, { row: center + down, col: center + right }, blend)
    return pixels
  }
  const pictures = [blank, drawn(0, 0), ...steps.map((dx) => drawn(0, dx)), ...steps.map((dx) => drawn(dx, 0))]
  const { layers, finished, release } = await encode(pictures.map(pictureSpec), { signal })
  try {
    if (finished < pictures.length) throwIfStopped(signal)
    return network.layers.map((layer, i) => {
      const map = featureMapOf(network, layer)
      return map === undefined ? [] : equivarianceErrors(layers[i]!.matrix, map)
    })
  } finally {
    release()
  }
}
