import { join } from 'node:path'
import type { Generator, Network } from '../../src/networks/index.js'
import { imagenetInput } from '../../src/networks/network.js'
import { type Model, writeModel } from '../../src/networks/onnx/model.js'

const FRAME = 224
/** Side of a cell of the grid in pixels, and cells along an axis. */
const CELL = 7
const CELLS = FRAME / CELL
const GRID = 3 * CELLS * CELLS

const pool = { kernel_shape: [CELL, CELL], strides: [CELL, CELL] }

/**
 * A network that is linear: `grid` holds the mean of every 7×7 pixels, float32 [N, 3072], and `mean` that of the whole
 * frame, float32 [N, 3].
 */
const encoder: Model = {
  name: 'linear',
  inputs: [{ name: 'image', shape: ['N', 3, FRAME, FRAME] }],
  outputs: [
    { name: 'grid', shape: ['N', GRID] },
    { name: 'mean', shape: ['N', 3] },
  ],
  initializers: [],
  nodes: [
    { operator: 'AveragePool', name: 'pool', inputs: ['image'], outputs: ['pooled'], attributes: pool },
    { operator: 'Flatten', name: 'flatten', inputs: ['pooled'], outputs: ['grid'], attributes: { axis: 1 } },
    { operator: 'GlobalAveragePool', name: 'whole', inputs: ['image'], outputs: ['one'], attributes: {} },
    { operator: 'Flatten', name: 'flat', inputs: ['one'], outputs: ['mean'], attributes: { axis: 1 } },
  ],
}

/** Draws every value of [N, 3, side, side] as a square that fills its share of the frame. */
function squares(side: number): Model {
  const cell = FRAME / side
  const weight = async () => new Float32Array(3 * cell * cell).fill(1)
  const attributes = { kernel_shape: [cell, cell], strides: [cell, cell], group: 3 }
  return {
    name: `squares-${side}`,
    inputs: [{ name: 'feature', shape: ['N', 3 * side * side] }],
    outputs: [{ name: 'image', shape: ['N', 3, FRAME, FRAME] }],
    initializers: [
      { name: 'shape', shape: [4], int64: [-1, 3, side, side] },
      { name: 'weight', shape: [3, 1, cell, cell], float32: weight },
    ],
    nodes: [
      { operator: 'Reshape', name: 'reshape', inputs: ['feature', 'shape'], outputs: ['cells'], attributes: {} },
      { operator: 'ConvTranspose', name: 'draw', inputs: ['cells', 'weight'], outputs: ['image'], attributes },
    ],
  }
}

/** Writes the linear network and its two generators into a folder. */
export async function linearModels(
  folder: string,
  feature: Generator['feature'] = 'pre-relu',
): Promise<{ readonly network: Network; readonly generators: readonly Generator[] }> {
  const onnxPath = join(folder, 'linear.onnx')
  await writeModel(onnxPath, encoder)
  const file = { inputSource: 'catalog', weightsPath: onnxPath, weightsSha256: '0123', weightsBytes: 0 }
  const layers = [
    { name: 'grid', dims: GRID, side: CELLS },
    { name: 'mean', dims: 3, side: 1 },
  ]
  const generators: Generator[] = []
  for (const { name, dims, side } of layers) {
    const path = join(folder, `squares-${side}.onnx`)
    await writeModel(path, squares(side))
    const origin = { encoder: 'linear', encoderSha256: null, layer: name }
    generators.push({ id: `squares-${side}`, path, ...file, ...origin, dims, feature, input: imagenetInput })
  }
  const network = { id: 'linear', title: 'linear', onnxPath, layers, input: imagenetInput, ...file }
  return { network, generators }
}
