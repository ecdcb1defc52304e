import { expect, it } from 'vitest'
import { boxesInGraph, scoresBefore } from '../../src/networks/detector/boxGraph.js'
import { type Initializer, type Node, writeModel } from '../../src/onnx/format/model.js'
import { readOnnxFile } from '../../src/onnx/format/onnxFile.js'
import { node } from '../support/smallNetwork.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const folder = temporaryFolder()
const SIDE = 20
const cells = Array.from({ length: SIDE * SIDE }, (_, i) => ({ row: Math.floor(i / SIDE), col: i % SIDE }))
const column = (name: string, values: readonly number[]): Initializer => ({
  name,
  shape: [1, values.length, 1],
  floats: values,
})
const scalar = (name: string, value: number): Initializer => ({ name, shape: [], floats: [value] })

async function read(nodes: readonly Node[], initializers: readonly Initializer[], tensor = 'boxes') {
  const path = folder('net.onnx')
  const inputs = [{ name: 'image', shape: ['N', 3, 8, 8] }]
  await writeModel(path, { name: 'net', inputs, outputs: [{ name: tensor, shape: [] }], nodes, initializers })
  return boxesInGraph(readOnnxFile(path), tensor)
}

const values = [
  node('Conv', ['image', 'weight'], 'map'),
  node('Reshape', ['map', 'shape'], 'rows'),
  node('Split', ['rows'], 'a'),
].map((one, i) => (i === 2 ? { ...one, outputs: ['a', 'b', 'c', 'd'], attributes: { axis: 2 } } : one))

/** A center of anchors and an exponential size, of which corners are made. */
const decoded = [
  ...values,
  node('Mul', ['a', 'variance'], 'move_a'),
  node('Add', ['move_a', 'first'], 'center_a'),
  node('Mul', ['b', 'variance'], 'move_b'),
  node('Add', ['move_b', 'second'], 'center_b'),
  node('Exp', ['c'], 'power_c'),
  node('Mul', ['power_c', 'half'], 'half_c'),
  node('Exp', ['d'], 'power_d'),
  node('Mul', ['power_d', 'half'], 'half_d'),
]
const corners = [
  ...decoded,
  node('Sub', ['center_a', 'half_c'], 'low_a'),
  node('Sub', ['center_b', 'half_d'], 'low_b'),
  node('Add', ['center_a', 'half_c'], 'high_a'),
  node('Add', ['center_b', 'half_d'], 'high_b'),
]
const rows = (unit: number) => cells.map(({ row }) => ((row + 0.5) / SIDE) * unit)
const cols = (unit: number) => cells.map(({ col }) => ((col + 0.5) / SIDE) * unit)
const constants = (first: readonly number[], second: readonly number[]) => [
  column('first', first),
  column('second', second),
  scalar('variance', 0.1),
  scalar('half', 0.5),
]
const joined = (parts: readonly string[], output = 'boxes') => node('Concat', parts, output, { axis: 2 })
const CORNERS = ['low_a', 'low_b', 'high_a', 'high_b']
const CENTERS = ['center_a', 'center_b', 'half_c', 'half_d']

it.each([
  ['yxyx', 'share', rows(1), cols(1)],
  ['xyxy', 'share', cols(1), rows(1)],
  ['yxyx', 'px', rows(300), cols(300)],
] as const)('corners are read from the anchors: %s in %s', async (order, unit, first, second) => {
  expect(await read([...corners, joined(CORNERS)], constants(first, second))).toEqual({ order, unit })
})

it('a center and a size are read from an exponential, also beside scores in one output', async () => {
  const made = constants(cols(1), rows(1))
  expect(await read([...decoded, joined(CENTERS)], made)).toEqual({ order: 'cxcywh', unit: 'share' })
  const scaled = [
    ...decoded,
    joined(CENTERS, 'shares'),
    node('Mul', ['shares', 'frame'], 'pixels'),
    node('Sigmoid', ['rows'], 'scores'),
    joined(['pixels', 'scores'], 'all'),
    node('Transpose', ['all'], 'output', { perm: [0, 2, 1] }),
  ]
  expect(await read(scaled, [...made, scalar('frame', 640)], 'output')).toEqual({ order: 'cxcywh', unit: 'px' })
})

it('a center and a size are read from the mean and the difference of corners', async () => {
  const nodes = [
    ...corners,
    ...['a', 'b'].flatMap((axis) => [
      node('Add', [`low_${axis}`, `high_${axis}`], `sum_${axis}`),
      node('Div', [`sum_${axis}`, 'two'], `mean_${axis}`),
      node('Sub', [`high_${axis}`, `low_${axis}`], `extent_${axis}`),
    ]),
    joined(['mean_a', 'mean_b', 'extent_a', 'extent_b']),
  ]
  const made = [...constants(rows(1), cols(1)), scalar('two', 2)]
  expect(await read(nodes, made)).toEqual({ order: 'cycxhw', unit: 'share' })
})

it('nothing is read where two readings fit', async () => {
  // Anchors that tell neither axis from the other.
  expect(await read([...corners, joined(CORNERS)], constants(cols(1), cols(1)))).toEqual({ unit: 'share' })
  // Pixels that may become shares.
  const shrunk = [...corners, joined(CORNERS, 'pixels'), node('Div', ['pixels', 'frame'], 'boxes')]
  const made = [...constants(rows(300), cols(300)), scalar('frame', 300)]
  expect(await read(shrunk, made)).toEqual({ order: 'yxyx' })
  // Values of a convolution.
  expect(await read([...values, joined(['a', 'b', 'c', 'd'])], [])).toEqual({})
})

it('the meaning of scores is that of the activation before they were chosen, joined and multiplied', async () => {
  const path = folder('net.onnx')
  const nodes = [
    node('Conv', ['image', 'weight'], 'map'),
    node('Sigmoid', ['map'], 'one'),
    node('Gather', ['one', 'columns'], 'some'),
    node('Mul', ['some', 'one'], 'product'),
    node('Concat', ['product', 'one'], 'scores', { axis: 1 }),
    node('Softmax', ['map'], 'shares'),
    node('Slice', ['shares', 'columns', 'columns'], 'few'),
    node('Add', ['one', 'map'], 'sum'),
  ]
  const inputs = [{ name: 'image', shape: ['N', 3, 8, 8] }]
  await writeModel(path, { name: 'net', inputs, outputs: [{ name: 'sum', shape: [] }], nodes, initializers: [] })
  const { graph } = readOnnxFile(path)
  expect(['scores', 'few', 'sum', 'map'].map((name) => scoresBefore(graph, name))).toEqual([
    'sigmoid',
    'probabilities',
    'logits',
    'logits',
  ])
})
