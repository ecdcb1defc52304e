import type { Model } from '../../src/onnx/format/onnxModel.js'
import { node, weightsOf } from './smallNetwork.js'

/**
 * A network [N, 3, 8, 8] → `features` [N, 192] in float16. Its transposition before a matrix product crashes ONNX
 * Runtime at the highest optimisation level on x64, as happens in vision transformers. It does not crash if the input
 * of the product is also read as an output.
 */
export const crashingModel: Model = {
  name: 'crashing',
  inputs: [{ name: 'image', shape: ['N', 3, 8, 8] }],
  outputs: [{ name: 'features', shape: ['N', 192] }],
  initializers: [weightsOf('weight', 8, 8)],
  nodes: [
    node('Cast', ['image'], 'half', { to: 10 }),
    node('Cast', ['weight'], 'halfWeight', { to: 10 }),
    node('Transpose', ['half'], 'batchInside', { perm: [1, 2, 0, 3] }),
    node('MatMul', ['batchInside', 'halfWeight'], 'product'),
    node('Transpose', ['product'], 'batchFirst', { perm: [2, 0, 1, 3] }),
    node('Cast', ['batchFirst'], 'single', { to: 1 }),
    node('Flatten', ['single'], 'features'),
  ],
}
