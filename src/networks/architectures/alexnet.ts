import { type Architecture, type Convolution, image224, type Layer, type Linear } from './layer.js'

/**
 * AlexNet as torchvision has it (one column, no local response normalisation), with its features before ReLU.
 * Reference: torchvision, models/alexnet.py.
 */
export const alexnet: Architecture = {
  id: 'alexnet',
  title: 'AlexNet',
  input: image224,
  layers: [
    convolution('features.0', 3, 64, 11, 4, 2),
    { kind: 'max-pool', kernel: 3, stride: 2, padding: 0 },
    convolution('features.3', 64, 192, 5, 1, 2),
    { kind: 'max-pool', kernel: 3, stride: 2, padding: 0 },
    convolution('features.6', 192, 384, 3, 1, 1),
    convolution('features.8', 384, 256, 3, 1, 1),
    convolution('features.10', 256, 256, 3, 1, 1),
    { kind: 'max-pool', kernel: 3, stride: 2, padding: 0 },
    ...classifier(),
  ],
}

/**
 * AlexNet with every stride but half of the first layer's replaced by blurred subsampling.
 * Reference: antialiased-cnns, models_lpf/alexnet.py, filter size 5, all layers (not only the pooling ones).
 */
export const alexnetAntialiased: Architecture = {
  id: 'alexnet-aa',
  title: 'AlexNet (AA, Bin-5)',
  input: image224,
  layers: [
    convolution('features.0', 3, 64, 11, 2, 2),
    { kind: 'blur', key: 'features.2', channels: 64 },
    ...blurredMaxPool('features.4', 64),
    convolution('features.5', 64, 192, 5, 1, 2),
    ...blurredMaxPool('features.8', 192),
    convolution('features.9', 192, 384, 3, 1, 1),
    convolution('features.11', 384, 256, 3, 1, 1),
    convolution('features.13', 256, 256, 3, 1, 1),
    ...blurredMaxPool('features.16', 256),
    ...classifier(),
  ],
}

function convolution(
  key: string,
  inputs: number,
  outputs: number,
  kernel: number,
  stride: number,
  padding: number,
): Convolution {
  const fixed = { kind: 'convolution', batchNorm: null, groups: 1, activation: 'relu' } as const
  return { ...fixed, key, inputs, outputs, kernel, stride, padding }
}

function blurredMaxPool(key: string, channels: number): Layer[] {
  return [
    { kind: 'max-pool', kernel: 3, stride: 1, padding: 0 },
    { kind: 'blur', key, channels },
  ]
}

/** The adaptive average pool to 6×6 before it changes nothing at 224×224, where the maps have that size already. */
function classifier(): Layer[] {
  return [
    { kind: 'flatten' },
    linear('classifier.1', 256 * 6 * 6, 4096, 'fc6', 'relu'),
    linear('classifier.4', 4096, 4096, 'fc7', 'relu'),
    linear('classifier.6', 4096, 1000, 'fc8', 'none'),
  ]
}

function linear(key: string, inputs: number, outputs: number, feature: string, activation: 'relu' | 'none'): Linear {
  return { kind: 'linear', key, inputs, outputs, feature, activation }
}
