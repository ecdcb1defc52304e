import type { NetworkInput } from '../../network.js'
import type { Background } from '../../patches/background.js'
import { NOTHING } from './scene.js'
import type { Scene } from './task.js'

/**
 * The inputs that are the same for all images of a scene. They are given to a graph that composites its images itself.
 * `SCENE_INPUTS` describes their layout.
 */
export interface SceneArrays {
  /** Side in pixels of the padded patch (the patch with a border of one transparent pixel). */
  readonly side: number
  readonly paddedPatch: Float32Array
  readonly transparency: Float32Array
  /**
   * Either one colour, [3], or pictures, [pictures, 3, rows, cols]. There is one picture per image of the batch, or one
   * for all images.
   */
  readonly background: Float32Array
}

/** With the blend `hard`, a pixel belongs to the patch if its alpha is at least this. */
const OPAQUE = 128

/** Each step is rounded to float32, so the values have the same bits as those of `native/core/composite.h`. */
export function sceneArrays({ patch, background, blend }: Scene, input: NetworkInput): SceneArrays {
  const side = patch.size + 2
  const paddedPatch = new Float32Array(3 * side * side)
  const transparency = new Float32Array(side * side).fill(1)
  for (let row = 0; row < patch.size; row++) {
    for (let col = 0; col < patch.size; col++) {
      const pixel = (row * patch.size + col) * 4
      const alpha = patch.rgba[pixel + 3]!
      const opacity = blend === 'soft' ? Math.fround(alpha / 255) : alpha >= OPAQUE ? 1 : 0
      const at = (row + 1) * side + col + 1
      transparency[at] = 1 - opacity
      for (let channel = 0; channel < 3; channel++) {
        const value = patch.rgba[pixel + sampleOf(channel, input)]!
        paddedPatch[channel * side * side + at] = opacity * normalised(value, channel, input)
      }
    }
  }
  return { side, paddedPatch, transparency, background: normalisedBackground(background, input) }
}

/** The arrays for images that are drawn already. @param images normalised, [images, 3, rows, cols] */
export function drawnArrays(images: Float32Array, input: NetworkInput): SceneArrays {
  return {
    ...sceneArrays({ patch: NOTHING, background: { rgb: [0, 0, 0] }, blend: 'hard' }, input),
    background: images,
  }
}

/** @returns [3, pixels], in the network's order of channels */
function normalisedBackground(background: Background, input: NetworkInput): Float32Array {
  const samples = 'rgb' in background ? background.rgb : background.image
  const pixels = samples.length / 3
  const planes = new Float32Array(samples.length)
  for (let channel = 0; channel < 3; channel++) {
    const first = sampleOf(channel, input)
    for (let pixel = 0; pixel < pixels; pixel++)
      planes[channel * pixels + pixel] = normalised(samples[pixel * 3 + first]!, channel, input)
  }
  return planes
}

/** Which sample of a pixel (0 red, 1 green, 2 blue) becomes the given channel of the network's input. */
function sampleOf(channel: number, { channelOrder }: NetworkInput): number {
  return channelOrder === 'bgr' ? 2 - channel : channel
}

function normalised(value: number, channel: number, { divisor, mean, std }: NetworkInput): number {
  const centred = Math.fround(Math.fround(value / divisor) - Math.fround(mean[channel]!))
  return Math.fround(centred / Math.fround(std[channel]!))
}
