import { type Architecture, convolution, image224, type Layer, linear } from './layer.js'

/** Output channels of the convolutions, in groups. A pooling follows each group. */
const stages = [
  [64, 64],
  [128, 128],
  [256, 256, 256],
  [512, 512, 512],
  [512, 512, 512],
] as const

/**
 * VGG-16 (configuration D, without batch normalisation). Its features are taken before ReLU. Reference: torchvision,
 * models/vgg.py; K. Simonyan and A. Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition",
 * 2014, table 1.
 */
export const vgg16: Architecture = {
  id: 'vgg16',
  input: image224,
  layers: [
    ...convolutions(),
    // Torchvision has an adaptive average pool to 7×7 here, which changes nothing at 224×224.
    { kind: 'flatten' },
    linear('classifier.0', 512 * 7 * 7, 4096, 'fc6'),
    linear('classifier.3', 4096, 4096, 'fc7'),
    linear('classifier.6', 4096, 1000, 'fc8', 'none'),
  ],
}

/**
 * Makes the convolutions and poolings. Each convolution has a key with a number, such as `features.2`. The numbers
 * have gaps, because torchvision also counts activations and poolings.
 */
function convolutions(): Layer[] {
  let inputs = 3
  let number = 0
  return stages.flatMap((stage): Layer[] => {
    const layers = stage.map((outputs): Layer => {
      const layer = convolution(`features.${number}`, { inputs, outputs, kernel: 3 })
      inputs = layer.outputs
      number += 2
      return layer
    })
    number += 1
    return [...layers, { kind: 'max-pool', kernel: 2, stride: 2, padding: 0 }]
  })
}
