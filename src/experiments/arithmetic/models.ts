import * as ort from 'onnxruntime-node'
import { openSession } from '../../engine/backends/session.js'
import type { NetworkHandle } from '../../engine/open/handle.js'
import { pictureSpec } from '../../engine/scene/scene.js'
import type { Network } from '../../network.js'
import type { Generator } from '../../networks/open/generator.js'
import { availableCores } from '../../support/machine.js'
import type { RgbPixels } from '../scenes/layout.js'

const BATCH = 32

export interface ArithmeticModels {
  readonly network: Network
  /** One generator per layer, in the network's order; empty if only features are compared. */
  readonly generators: readonly Generator[]
  /**
   * Computes the features of images, one matrix per layer, [images, dims]. Features are taken before ReLU, unless the
   * layer's generator takes features after ReLU.
   */
  encode(images: readonly RgbPixels[]): Promise<readonly Float32Array[]>
  /** @param features [n, dims] */
  decode(layer: number, features: Float32Array): Promise<readonly RgbPixels[]>
  close(): Promise<void>
}

/** @param generators empty, or one per layer in the network's order, as `checkGenerator` requires */
export async function openArithmeticModels(
  encoder: NetworkHandle,
  generators: readonly Generator[],
): Promise<ArithmeticModels> {
  const decoders: ort.InferenceSession[] = []
  for (const generator of generators) decoders.push(await openSession(generator, availableCores()))
  return {
    network: encoder.network,
    generators,
    encode: async (images) => {
      const { layers, release } = await encoder.encode(images.map(pictureSpec))
      const features = layers.map(({ matrix }, i) =>
        generators[i]?.feature === 'post-relu' ? rectified(matrix) : Float32Array.from(matrix),
      )
      release()
      return features
    },
    decode: (layer, features) => decode(decoders[layer]!, generators[layer]!, features),
    close: async () => {
      await encoder.close()
      for (const session of decoders) await session.release()
    },
  }
}

async function decode(
  session: ort.InferenceSession,
  { dims, input }: Generator,
  features: Float32Array,
): Promise<readonly RgbPixels[]> {
  const count = features.length / dims
  const length = 3 * input.rows * input.cols
  const images: RgbPixels[] = []
  for (let start = 0; start < count; start += BATCH) {
    const size = Math.min(BATCH, count - start)
    const tensor = new ort.Tensor('float32', features.slice(start * dims, (start + size) * dims), [size, dims])
    const { image } = await session.run({ feature: tensor })
    const values = image!.data as Float32Array
    for (let i = 0; i < size; i++) images.push(pixelsOf(values.subarray(i * length, (i + 1) * length), input))
  }
  return images
}

/** Turns a network's input, [3, rows, cols], back into RGB pixels, [rows, cols, 3]. */
export function pixelsOf(values: Float32Array, { divisor, mean, std, channelOrder }: Network['input']): RgbPixels {
  const count = values.length / 3
  const pixels = new Uint8Array(values.length)
  const clamped = new Uint8ClampedArray(pixels.buffer)
  for (const [channel, deviation] of std.entries()) {
    const plane = values.subarray(channel * count, (channel + 1) * count)
    const scale = deviation * divisor
    const shift = mean[channel]! * divisor
    let at = channelOrder === 'rgb' ? channel : 2 - channel
    for (const value of plane) {
      clamped[at] = value * scale + shift
      at += 3
    }
  }
  return pixels
}

export function rectified(values: Float32Array): Float32Array {
  return Float32Array.from(values, (value) => Math.max(0, value))
}
