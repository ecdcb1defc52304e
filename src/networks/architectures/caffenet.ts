import { type Architecture, convolution, type Layer, linear } from './layer.js'

/**
 * CaffeNet: AlexNet with convolutions in two groups, and with normalisation after the pooling. Its features are taken
 * before ReLU. Caffe's pooling rounds up fractional sizes of maps. With 227×227 pixels, all sizes are whole numbers
 * (55, 27, 13 and 6).
 * Reference: BVLC/caffe, models/bvlc_reference_caffenet/deploy.prototxt.
 */
export const caffenet: Architecture = {
  id: 'caffenet',
  input: { name: 'image', shape: [3, 227, 227] },
  layers: [
    convolution('conv1', { inputs: 3, outputs: 96, kernel: 11, stride: 4, padding: 0 }),
    ...normalisedPool(),
    convolution('conv2', { inputs: 96, outputs: 256, kernel: 5, groups: 2 }),
    ...normalisedPool(),
    convolution('conv3', { inputs: 256, outputs: 384, kernel: 3 }),
    convolution('conv4', { inputs: 384, outputs: 384, kernel: 3, groups: 2 }),
    convolution('conv5', { inputs: 384, outputs: 256, kernel: 3, groups: 2 }),
    { kind: 'max-pool', kernel: 3, stride: 2, padding: 0 },
    { kind: 'flatten' },
    linear('fc6', 256 * 6 * 6, 4096, 'fc6'),
    linear('fc7', 4096, 4096, 'fc7'),
    linear('fc8', 4096, 1000, 'fc8', 'none'),
  ],
}

function normalisedPool(): Layer[] {
  return [
    { kind: 'max-pool', kernel: 3, stride: 2, padding: 0 },
    { kind: 'local-response-norm', size: 5, alpha: 1e-4, beta: 0.75 },
  ]
}
