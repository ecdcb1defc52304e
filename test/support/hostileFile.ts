import { ElementType } from '../../src/onnx/format/messages.js'
import type { Model, TensorInfo } from '../../src/onnx/format/onnxModel.js'
import { node } from './smallNetwork.js'

/** Ways in which a small file can ask for more time or memory than there is. */
export type Hostile = 'slow to run' | 'slow to open' | 'slow on white' | 'large'

const SIDE = 2048
const PRODUCTS = 1000
/** Less than all channels of white pixels with ImageNet's preparation. */
const WHITE = 2.1

/**
 * A model whose file has a few kilobytes. It computes a thousand matrix products, of the image (when it runs) or of
 * constants (when the file is opened), or it makes a tensor of 16 GB. A model that is slow on white passes its trial:
 * its matrices have one element, or many if the last row of an image is white, as in no image of a trial.
 */
export function hostileModel(kind: Hostile, input: TensorInfo, output: TensorInfo): Model {
  const vector = async () => new Float32Array(SIDE).fill(1 / SIDE)
  const firstMatrix = {
    'slow to run': [node('Mul', ['constant', 'brightest'], 'p0')],
    'slow to open': [node('Abs', ['constant'], 'p0')],
    'slow on white': [
      node('Slice', [input.name, 'last', 'end', 'rows'], 'lastRows'),
      node('ReduceMin', ['lastRows'], 'darkest', { axes: [1, 2, 3], keepdims: 0 }),
      node('ReduceMax', ['darkest'], 'whitest', { keepdims: 0 }),
      node('Greater', ['whitest', 'white'], 'isWhite'),
      node('Cast', ['isWhite'], 'whites', { to: ElementType.INT64 }),
      node('Mul', ['whites', 'side'], 'more'),
      node('Add', ['more', 'one'], 'length'),
      node('Concat', ['length', 'length'], 'shape', { axis: 0 }),
      node('Expand', ['share', 'shape'], 'p0'),
    ],
    large: [],
  }[kind]
  const matrices = [
    node('MatMul', ['column', 'row'], 'constant'),
    node('ReduceMax', [input.name], 'brightest', { keepdims: 0 }),
    ...firstMatrix,
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
      { name: 'side', shape: [1], int64: [2 * SIDE] },
      { name: 'one', shape: [1], int64: [1] },
      { name: 'last', shape: [1], int64: [-1] },
      { name: 'end', shape: [1], int64: [2 ** 31] },
      { name: 'rows', shape: [1], int64: [2] },
      { name: 'share', shape: [], float32: async () => Float32Array.of(1 / (2 * SIDE)) },
      { name: 'white', shape: [], float32: async () => Float32Array.of(WHITE) },
    ],
    nodes: [
      ...(kind === 'large' ? [node('ConstantOfShape', ['extent'], 'zeros')] : matrices),
      node('ReduceMax', [kind === 'large' ? 'zeros' : `p${PRODUCTS}`], 'most', { keepdims: 0 }),
      node('Add', [input.name, 'most'], output.name),
    ],
  }
}
