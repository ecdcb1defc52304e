import type { NetworkInput } from '../../src/network.js'
import { imagenetInput } from './imagenetInput.js'

/**
 * Weights and images by formula, the same as in test/golden/make_networks.py, so that features can be compared with
 * PyTorch's without storing weights.
 */

/** A tensor of a state dict. Its values are computed on request. */
export interface FormulaTensor {
  readonly key: string
  readonly shape: readonly number[]
  readonly data: () => Float32Array
}

/** Numbers in [0, 1) for a key: FNV-1a of the key, then MurmurHash3's finaliser of hash + golden ratio · index. */
function uniform(key: string, count: number): Float64Array {
  return fill(new Float64Array(count), key, 1, 0, 1)
}

/** Fills an array with (factor · x + summand) · scale, where x are the numbers of `uniform`. */
function fill<T extends Float32Array | Float64Array>(
  values: T,
  key: string,
  factor: number,
  summand: number,
  scale: number,
): T {
  let seed = 0x811c9dc5
  for (const byte of Buffer.from(key)) seed = Math.imul(seed ^ byte, 0x01000193)
  for (let i = 0; i < values.length; i++) {
    let x = (Math.imul(i, 0x9e3779b1) + seed) >>> 0
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b)
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
    x ^= x >>> 16
    values[i] = (((x >>> 0) / 2 ** 32) * factor + summand) * scale
  }
  return values
}

/** Weights for a state dict's key: He's scale for weights, statistics around 1 for batch normalisation. */
export function weight(key: string, shape: readonly number[]): Float32Array {
  const count = shape.reduce((product, size) => product * size, 1)
  const name = key.slice(key.lastIndexOf('.') + 1)
  if (name === 'filt') {
    const at = (i: number) => [1, 4, 6, 4, 1][i % 5] as number
    return Float32Array.from({ length: count }, (_, i) => (at(Math.floor(i / 5)) * at(i)) / 256)
  }
  const values = new Float32Array(count)
  const scale = Math.sqrt(6 / (count / (shape[0] ?? 1)))
  if (shape.length > 1) return fill(values, key, 2, -1, scale)
  return name === 'weight' || name === 'running_var' ? fill(values, key, 1, 0.5, 1) : fill(values, key, 0.5, -0.25, 1)
}

/** RGB frames [images, side, side, 3]: a disc of 75 pixels at (20, 130), then one of 125 at (62, 31), on white. */
export function testImages(side = 224): Uint8Array {
  const discs = [
    { size: 75, top: 20, left: 130 },
    { size: 125, top: 62, left: 31 },
  ]
  const frames = new Uint8Array(discs.length * side * side * 3).fill(255)
  discs.forEach(({ size, top, left }, image) => {
    for (let row = 0; row < size; row++) {
      for (let col = 0; col < size; col++) {
        if ((2 * row + 1 - size) ** 2 + (2 * col + 1 - size) ** 2 > size * size) continue
        const at = ((image * side + top + row) * side + left + col) * 3
        for (let channel = 0; channel < 3; channel++) {
          frames[at + channel] = (row * (3 + channel) + col * (7 - 2 * channel) + 50 * channel) % 251
        }
      }
    }
  })
  return frames
}

/** RGB frames [images, rows, cols, 3] as the network's input [images, 3, rows, cols]. */
export function normalise(frames: Uint8Array, input: NetworkInput = imagenetInput): Float32Array {
  const { rows, cols, divisor, mean, std, channelOrder } = input
  const plane = rows * cols
  return Float32Array.from({ length: frames.length }, (_, i) => {
    const channel = Math.floor(i / plane) % 3
    const image = Math.floor(i / (3 * plane))
    const value = frames[(image * plane + (i % plane)) * 3 + (channelOrder === 'rgb' ? channel : 2 - channel)] as number
    return (value * (1 / divisor) - (mean[channel] as number)) / (std[channel] as number)
  })
}

/** Two features, [2, dims], from −8 to 8. */
export function testFeatures(dims: number): Float32Array {
  return Float32Array.from(uniform('feature', 2 * dims), (value) => 16 * value - 8)
}
