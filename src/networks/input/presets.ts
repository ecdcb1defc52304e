import type { NetworkInput } from '../network.js'

/** The conversion of pixels to values: the part of a network's input that does not depend on its graph. */
export type PixelRecipe = Pick<NetworkInput, 'divisor' | 'mean' | 'std' | 'channelOrder'>

/**
 * The part of an input that one source gives. Mean and std are in the order red, green, blue, whatever the channel
 * order.
 */
export interface RecipePart {
  readonly divisor?: number
  readonly mean?: readonly number[]
  readonly std?: readonly number[]
  readonly channelOrder?: 'rgb' | 'bgr'
  /** Side of the frame after the source has resized and cropped a picture. */
  readonly size?: number
  readonly layout?: 'nchw' | 'nhwc'
}

/** Names of the usual recipes. */
export const INPUT_PRESETS = ['imagenet', 'inception', 'clip', 'caffe', 'raw'] as const
export type InputPreset = (typeof INPUT_PRESETS)[number]

/**
 * - `imagenet`: torchvision's networks and most others; statistics of ImageNet's pixels.
 * - `inception`: values from −1 to 1, for Inception, many vision transformers and TensorFlow's networks.
 * - `clip`: statistics of the pictures that CLIP was trained on (A. Radford et al., 2021).
 * - `caffe`: blue first, 0 to 255, minus the mean pixel of ImageNet in the training of BVLC's networks.
 * - `raw`: unchanged pixels, 0 to 255.
 */
export const inputPresets: Readonly<Record<InputPreset, PixelRecipe>> = {
  imagenet: { divisor: 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], channelOrder: 'rgb' },
  inception: { divisor: 255, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], channelOrder: 'rgb' },
  clip: {
    divisor: 255,
    mean: [0.48145466, 0.4578275, 0.40821073],
    std: [0.26862954, 0.26130258, 0.27577711],
    channelOrder: 'rgb',
  },
  caffe: {
    divisor: 1,
    mean: [104.0069879317889, 116.66876761696767, 122.6789143406786],
    std: [1, 1, 1],
    channelOrder: 'bgr',
  },
  raw: { divisor: 1, mean: [0, 0, 0], std: [1, 1, 1], channelOrder: 'rgb' },
}
