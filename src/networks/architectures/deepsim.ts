import { type Architecture, type Deconvolution, type Layer, linear } from './layer.js'

const leaky = { leakyRelu: 0.3 } as const

/** Side in pixels of the image that the deconvolutions make. It is cropped to `side`, the size of CaffeNet's input. */
const madeSide = 256
const side = 227

/**
 * Generators that turn features of CaffeNet's layers fc6, fc7 and fc8 into CaffeNet's input: blue, green and red, minus
 * the mean. The weights for fc6 and fc7 have equal shapes, so shapes cannot tell their files apart.
 * A. Dosovitskiy and T. Brox, "Generating Images with Perceptual Similarity Metrics based on Deep Networks", 2016.
 * Reference: jakehlee/dmkd-vis-image-disc, src/visualize/<layer>/generator.prototxt.
 */
export const deepsimGenerators: readonly Architecture[] = [
  generator('fc6', 4096),
  generator('fc7', 4096),
  generator('fc8', 1000),
]

function generator(layer: string, dims: number): Architecture {
  return {
    id: `deepsim-${layer}`,
    input: { name: 'feature', shape: [dims] },
    layers: [
      linear('defc7', dims, 4096, null, leaky),
      linear('defc6', 4096, 4096, null, leaky),
      linear('defc5', 4096, 4096, null, leaky),
      { kind: 'unflatten', channels: 256, rows: 4, cols: 4 },
      ...deconvolutions(),
      { kind: 'crop', output: 'image', channels: 3, offset: Math.floor((madeSide - side) / 2), side },
    ],
  }
}

/** Each layer that is named `deconv…` doubles the rows and columns, up to 256×256. */
function deconvolutions(): Layer[] {
  return [
    doubling('deconv5', 256, 256),
    keeping('conv5_1', 256, 512),
    doubling('deconv4', 512, 256),
    keeping('conv4_1', 256, 256),
    doubling('deconv3', 256, 128),
    keeping('conv3_1', 128, 128),
    doubling('deconv2', 128, 64),
    doubling('deconv1', 64, 32),
    { ...doubling('deconv0', 32, 3), activation: 'none' },
  ]
}

function doubling(key: string, inputs: number, outputs: number): Deconvolution {
  return { kind: 'deconvolution', key, inputs, outputs, kernel: 4, stride: 2, padding: 1, activation: leaky }
}

function keeping(key: string, inputs: number, outputs: number): Deconvolution {
  return { kind: 'deconvolution', key, inputs, outputs, kernel: 3, stride: 1, padding: 1, activation: leaky }
}
