import { type Architecture, convolution, image224, type Layer, linear } from './layer.js'

/** Channels of the convolutions between two poolings, in units of the width. */
const stages = [
  [1, 1],
  [2, 2],
  [4, 4, 4],
  [8, 8, 8],
  [8, 8, 8],
] as const

/**
 * VGG-16 (configuration D, without batch normalisation), with its features before ReLU.
 * Reference: torchvision, models/vgg.py; K. Simonyan and A. Zisserman, "Very Deep Convolutional Networks for Large-Scale
 * Image Recognition", 2014, table 1.
 */
export const vgg16: Architecture = {
  id: 'vgg16',
  title: 'VGG-16',
  input: image224,
  layers: vgg16Layers(64, 4096),
}

/**
 * The layers of VGG-16; its own 138 million weights are too many for a test.
 *
 * @param width channels of the first convolutions
 * @param hidden outputs of fc6 and fc7
 */
export function vgg16Layers(width: number, hidden: number): readonly Layer[] {
  return [
    ...convolutions(width),
    // The adaptive average pool to 7×7 that stands here changes nothing at 224×224.
    { kind: 'flatten' },
    linear('classifier.0', 8 * width * 7 * 7, hidden, 'fc6'),
    linear('classifier.3', hidden, hidden, 'fc7'),
    linear('classifier.6', hidden, 1000, 'fc8', 'none'),
  ]
}

/** Keys count the activations and poolings between. */
function convolutions(width: number): Layer[] {
  let inputs = 3
  let number = 0
  return stages.flatMap((stage): Layer[] => {
    const layers = stage.map((multiple): Layer => {
      const layer = convolution(`features.${number}`, { inputs, outputs: multiple * width, kernel: 3 })
      inputs = layer.outputs
      number += 2
      return layer
    })
    number += 1
    return [...layers, { kind: 'max-pool', kernel: 2, stride: 2, padding: 0 }]
  })
}
