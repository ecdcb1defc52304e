import type { NetworkInput } from '../../network.js'

/** How pixel values are converted. This part of `NetworkInput` cannot be found in the network's graph. */
export type PixelRecipe = Pick<NetworkInput, 'divisor' | 'mean' | 'std' | 'channelOrder'>

/**
 * A recipe, or a part of one, that was found in the options or in a file. Mean and std are in the order red, green,
 * blue, even if `channelOrder` is `bgr`; a single number is for all channels.
 */
export interface RecipePart {
  readonly divisor?: number
  readonly mean?: readonly number[]
  readonly std?: readonly number[]
  readonly channelOrder?: NetworkInput['channelOrder']
  /** Side of the network's image in pixels. */
  readonly size?: number
  readonly layout?: 'nchw' | 'nhwc'
}

export const INPUT_PRESETS = ['imagenet', 'inception', 'clip', 'caffe', 'raw'] as const

/**
 * The usual recipes, with mean and std in the order red, green, blue.
 * - `imagenet`: mean and std of ImageNet's pixels; for torchvision's networks and most others.
 * - `inception`: values from −1 to 1, for Inception, many vision transformers and TensorFlow's networks.
 * - `clip`: mean and std of the pictures that CLIP was trained on (A. Radford et al., 2021).
 * - `caffe`: blue first, 0 to 255, minus the mean pixel that BVLC's networks were trained with.
 * - `raw`: unchanged pixels, 0 to 255.
 */
export const inputPresets: Readonly<Record<(typeof INPUT_PRESETS)[number], PixelRecipe>> = {
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
    mean: [122.6789143406786, 116.66876761696767, 104.0069879317889],
    std: [1, 1, 1],
    channelOrder: 'bgr',
  },
  raw: { divisor: 1, mean: [0, 0, 0], std: [1, 1, 1], channelOrder: 'rgb' },
}
