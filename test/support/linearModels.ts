import { type ArithmeticModels, pixelsOf, rectified } from '../../src/experiments/arithmetic/models.js'
import type { RgbPixels } from '../../src/experiments/scenes/layout.js'
import type { Network } from '../../src/network.js'
import type { FeatureStage, Generator } from '../../src/networks/open/generator.js'
import { normalise } from './formulas.js'
import { imagenetInput } from './imagenetInput.js'

/** Side of the frame in pixels. */
export const FRAME = 24
const PIXELS = FRAME * FRAME

const input = { ...imagenetInput, rows: FRAME, cols: FRAME }
const file = { inputSource: 'catalog', weightsPath: '', weightsSha256: '0123', weightsBytes: 0 }
const layers = [
  { name: 'pixels', dims: 3 * PIXELS },
  { name: 'mean', dims: 3 },
]
const network: Network = { id: 'linear', title: 'linear', onnxPath: '', layers, input, ...file }

/**
 * A network that is linear, and its generators, in plain JavaScript: the layer `pixels` holds every normalised value of
 * the frame, and `mean` only the mean of each channel.
 */
export function linearModels(feature: FeatureStage = 'pre-relu'): ArithmeticModels {
  const generators = layers.map(({ name, dims }): Generator => {
    const origin = { encoder: 'linear', layer: name }
    return { id: `draws-${name}`, onnxPath: '', ...file, ...origin, dims, feature, input }
  })
  return {
    network,
    generators,
    encode: async (images) => {
      const pixels = images.map((image) => normalise(image, input))
      const means = pixels.map((values) => Float32Array.from([0, 1, 2], (channel) => meanOf(values, channel)))
      return [pixels, means].map((rows) => {
        const matrix = Float32Array.from(rows.flatMap((row) => [...row]))
        return feature === 'post-relu' ? rectified(matrix) : matrix
      })
    },
    decode: async (layer, features) => {
      const { dims } = layers[layer] as (typeof layers)[number]
      return Array.from({ length: features.length / dims }, (_, image) => {
        const row = features.subarray(image * dims, (image + 1) * dims)
        const share = dims / 3 / PIXELS
        return pixelsOf(
          new Float32Array(3 * PIXELS).map((_, i) => row[Math.floor(i * share)] as number),
          input,
        )
      })
    },
    close: async () => undefined,
  }
}

function meanOf(values: Float32Array, channel: number): number {
  const plane = values.subarray(channel * PIXELS, (channel + 1) * PIXELS)
  return plane.reduce((sum, value) => sum + value, 0) / PIXELS
}

/** A square of one colour in a frame. */
export type Square = Readonly<Record<'size' | 'row' | 'col', number>> & { readonly rgb: readonly number[] }

/** A white frame with squares on it. */
export function frameOf(squares: readonly Square[]): RgbPixels {
  const pixels = new Uint8Array(PIXELS * 3).fill(255)
  for (const { size, row, col, rgb } of squares)
    for (let y = row; y < row + size; y++) for (let x = col; x < col + size; x++) pixels.set(rgb, (y * FRAME + x) * 3)
  return pixels
}
