import { type Architecture, convolution, image224, type Layer, linear } from './layer.js'

/**
 * AlexNet as in torchvision: without the two groups of the paper, and without local response normalisation. Its
 * features are taken before ReLU.
 * Reference: torchvision, models/alexnet.py.
 */
export const alexnet: Architecture = {
  id: 'alexnet',
  input: image224,
  layers: [
    convolution('features.0', { inputs: 3, outputs: 64, kernel: 11, stride: 4, padding: 2 }),
    { kind: 'max-pool', kernel: 3, stride: 2, padding: 0 },
    convolution('features.3', { inputs: 64, outputs: 192, kernel: 5 }),
    { kind: 'max-pool', kernel: 3, stride: 2, padding: 0 },
    convolution('features.6', { inputs: 192, outputs: 384, kernel: 3 }),
    convolution('features.8', { inputs: 384, outputs: 256, kernel: 3 }),
    convolution('features.10', { inputs: 256, outputs: 256, kernel: 3 }),
    { kind: 'max-pool', kernel: 3, stride: 2, padding: 0 },
    ...classifier(),
  ],
}

/**
 * AlexNet in which blurred subsampling replaces strides. In the first layer, a stride of 2 and blurred subsampling by 2
 * replace the stride of 4. Reference: antialiased-cnns, models_lpf/alexnet.py, filter size 5.
 */
export const alexnetAntialiased: Architecture = {
  id: 'alexnet-aa',
  input: image224,
  layers: [
    convolution('features.0', { inputs: 3, outputs: 64, kernel: 11, stride: 2, padding: 2 }),
    { kind: 'blur', key: 'features.2', channels: 64 },
    ...blurredMaxPool('features.4', 64),
    convolution('features.5', { inputs: 64, outputs: 192, kernel: 5 }),
    ...blurredMaxPool('features.8', 192),
    convolution('features.9', { inputs: 192, outputs: 384, kernel: 3 }),
    convolution('features.11', { inputs: 384, outputs: 256, kernel: 3 }),
    convolution('features.13', { inputs: 256, outputs: 256, kernel: 3 }),
    ...blurredMaxPool('features.16', 256),
    ...classifier(),
  ],
}

function blurredMaxPool(key: string, channels: number): Layer[] {
  return [
    { kind: 'max-pool', kernel: 3, stride: 1, padding: 0 },
    { kind: 'blur', key, channels },
  ]
}

/**
 * The fully connected layers. Torchvision's adaptive average pool to 6×6 before them is left out, because at 224×224
 * the maps already have this size.
 */
function classifier(): Layer[] {
  return [
    { kind: 'flatten' },
    linear('classifier.1', 256 * 6 * 6, 4096, 'fc6'),
    linear('classifier.4', 4096, 4096, 'fc7'),
    linear('classifier.6', 4096, 1000, 'fc8', 'none'),
  ]
}
