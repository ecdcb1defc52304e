import type { NetworkInput } from '../networks/index.js'
import type { Background } from '../patches/background.js'
import { NOTHING } from './scene.js'
import type { Frame, Frames, Scene } from './task.js'

/**
 * The inputs that are the same for all images of a scene. They are given to a graph that composites its images itself.
 * `SCENE_INPUTS` describes their layout.
 */
export interface SceneArrays {
  /** Side in pixels of the window (the patch with a border of one transparent pixel). */
  readonly side: number
  readonly window: Float32Array
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
  const window = new Float32Array(3 * side * side)
  const transparency = new Float32Array(side * side).fill(1)
  for (let row = 0; row < patch.size; row++) {
    for (let col = 0; col < patch.size; col++) {
      const pixel = (row * patch.size + col) * 4
      const alpha = patch.rgba[pixel + 3] as number
      const opacity = blend === 'soft' ? Math.fround(alpha / 255) : alpha >= OPAQUE ? 1 : 0
      const at = (row + 1) * side + col + 1
      transparency[at] = 1 - opacity
      for (let channel = 0; channel < 3; channel++) {
        const value = patch.rgba[pixel + sampleOf(channel, input)] as number
        window[channel * side * side + at] = opacity * normalised(value, channel, input)
      }
    }
  }
  return { side, window, transparency, background: normalisedBackground(background, input) }
}

/** @param offsets [images, 2], one row per image: the index of its picture, and an unused 0 */
export function frameArrays(frames: Frames, offsets: Int32Array, input: NetworkInput): SceneArrays {
  const background = new Float32Array((offsets.length / 2) * 3 * input.rows * input.cols)
  normaliseFrames(frames, offsets, input, background)
  return { ...sceneArrays({ patch: NOTHING, background: { rgb: [0, 0, 0] }, blend: 'hard' }, input), background }
}

/** Normalises the pictures of a batch, and writes them into `images`, [images, 3, rows, cols]. */
export function normaliseFrames(
  { frames }: Frames,
  offsets: Int32Array,
  input: NetworkInput,
  images: Float32Array,
): void {
  const length = 3 * input.rows * input.cols
  for (let image = 0; image < offsets.length / 2; image++) {
    const frame = frames[offsets[image * 2] as number] as Frame
    normalisedSamples(frame, input, images.subarray(image * length, (image + 1) * length))
  }
}

function normalisedBackground(background: Background, input: NetworkInput): Float32Array {
  return normalisedSamples('rgb' in background ? background.rgb : background.image, input)
}

/**
 * @param samples RGB [pixels, 3], from 0 to 255
 * @param planes receives the result, [3, pixels], in the network's order of channels
 */
function normalisedSamples(
  samples: ArrayLike<number>,
  input: NetworkInput,
  planes: Float32Array = new Float32Array(samples.length),
): Float32Array {
  for (let channel = 0; channel < 3; channel++) {
    const plane = planes.subarray((channel * samples.length) / 3, ((channel + 1) * samples.length) / 3)
    const first = sampleOf(channel, input)
    if (samples instanceof Uint8Array) {
      lookUp(samples, first, byteValues(input)[channel] as Float32Array, plane)
    } else
      for (let pixel = 0; pixel < plane.length; pixel++)
        plane[pixel] = normalised(samples[pixel * 3 + first] as number, channel, input)
  }
  return planes
}

/** Tables of the normalised values of all bytes, per channel. A look-up is several times as fast as a division. */
function byteValues(input: NetworkInput): readonly Float32Array[] {
  const known = tables.get(input)
  if (known !== undefined) return known
  const made = [0, 1, 2].map((channel) =>
    Float32Array.from({ length: 256 }, (_, value) => normalised(value, channel, input)),
  )
  tables.set(input, made)
  return made
}

const tables = new WeakMap<NetworkInput, readonly Float32Array[]>()

function lookUp(samples: Uint8Array, first: number, values: Float32Array, plane: Float32Array): void {
  for (let pixel = 0; pixel < plane.length; pixel++)
    plane[pixel] = values[samples[pixel * 3 + first] as number] as number
}

/** Which sample of a pixel (0 red, 1 green, 2 blue) becomes the given channel of the network's input. */
function sampleOf(channel: number, { channelOrder }: NetworkInput): number {
  return channelOrder === 'bgr' ? 2 - channel : channel
}

function normalised(value: number, channel: number, { divisor, mean, std }: NetworkInput): number {
  const centred = Math.fround(Math.fround(value / divisor) - Math.fround(mean[channel] as number))
  return Math.fround(centred / Math.fround(std[channel] as number))
}
