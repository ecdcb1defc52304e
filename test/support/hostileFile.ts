import type { Model, TensorInfo } from '../../src/networks/onnx/model.js'
import { node } from './smallNetwork.js'

/** Ways in which a small file can ask for more time or memory than there is. */
export type Hostile = 'slow to run' | 'slow to open' | 'large'

const SIDE = 2048
const PRODUCTS = 1000

/**
 * A model whose file has a few kilobytes. It computes a thousand matrix products, of the image (when it runs) or of
 * constants (when the file is opened), or it makes a tensor of 16 GB.
 */
export function hostileModel(kind: Hostile, input: TensorInfo, output: TensorInfo): Model {
  const vector = async () => new Float32Array(SIDE).fill(1 / SIDE)
  const matrices = [
    node('MatMul', ['column', 'row'], 'constant'),
    node('ReduceMax', [input.name], 'brightest', { keepdims: 0 }),
    kind === 'slow to run' ? node('Mul', ['constant', 'brightest'], 'p0') : node('Abs', ['constant'], 'p0'),
    ...Array.from({ length: PRODUCTS }, (_, i) => node('MatMul', [`p${i}`, `p${i}`], `p${i + 1}`)),
  ]
  return {
    name: 'hostile',
    inputs: [input],
    outputs: [output],
    initializers: [
      { name: 'column', shape: [SIDE, 1], float32: vector },
      { name: 'row', shape: [1, SIDE], float32: vector },
      { name: 'extent', shape: [1], int64: [4e9] },
    ],
    nodes: [
      ...(kind === 'large' ? [node('ConstantOfShape', ['extent'], 'zeros')] : matrices),
      node('ReduceMax', [kind === 'large' ? 'zeros' : `p${PRODUCTS}`], 'most', { keepdims: 0 }),
      node('Add', [input.name, 'most'], output.name),
    ],
  }
}
