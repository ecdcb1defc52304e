import type { Model } from '../../src/networks/onnx/model.js'

/** A network of one linear layer on the mean of each channel, with the shapes of an exported one. */
export function exported({ side = 224, classes = 1000, scale = 1 } = {}): Model {
  const constant = (name: string, shape: readonly number[], values: Float32Array) => ({
    name,
    shape,
    float32: async () => values,
  })
  const ramp = Float32Array.from({ length: 3 * classes }, (_, i) => scale * Math.sin(i))
  return {
    name: 'exported',
    inputs: [{ name: 'image', shape: ['N', 3, side, side] }],
    outputs: [{ name: 'logits', shape: ['N', classes] }],
    initializers: [constant('weight', [classes, 3], ramp), constant('bias', [classes], new Float32Array(classes))],
    nodes: [
      { operator: 'GlobalAveragePool', name: 'pool', inputs: ['image'], outputs: ['pooled'], attributes: {} },
      { operator: 'Flatten', name: 'flatten', inputs: ['pooled'], outputs: ['means'], attributes: { axis: 1 } },
      {
        operator: 'Gemm',
        name: 'linear',
        inputs: ['means', 'weight', 'bias'],
        outputs: ['logits'],
        attributes: { transB: 1 },
      },
    ],
  }
}
