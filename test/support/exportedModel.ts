import type { Model } from '../../src/networks/onnx/model.js'
import { node } from './smallNetwork.js'

/** A network of one linear layer on the mean of each channel, with the shapes of an exported one. */
export function exported({ side = 224, classes = 1000, scale = 1 } = {}): Model {
  const ramp = Float32Array.from({ length: 3 * classes }, (_, i) => scale * Math.sin(i))
  return {
    name: 'exported',
    inputs: [{ name: 'image', shape: ['N', 3, side, side] }],
    outputs: [{ name: 'logits', shape: ['N', classes] }],
    initializers: [
      { name: 'weight', shape: [classes, 3], float32: async () => ramp },
      { name: 'bias', shape: [classes], float32: async () => new Float32Array(classes) },
    ],
    nodes: [
      node('GlobalAveragePool', ['image'], 'pooled'),
      node('Flatten', ['pooled'], 'means', { axis: 1 }),
      node('Gemm', ['means', 'weight', 'bias'], 'logits', { transB: 1 }),
    ],
  }
}
