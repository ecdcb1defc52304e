import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { cellSteps } from '../../../src/engine/reuse/cellSteps.js'
import type { GraphConstant, GraphNode, GraphNodes } from '../../../src/onnx/format/graphNodes.js'
import { readOnnxFile } from '../../../src/onnx/format/onnxFile.js'
import { analysedGraph } from '../../../src/onnx/graph/analysis.js'
import { graphNode, node, smallNetwork, weightsOf } from '../../support/smallNetwork.js'
import { temporaryFolder } from '../../support/temporaryFolder.js'

const IMAGE = { name: 'image', rows: 64, cols: 64 }
const inFolder = temporaryFolder()

type Attributes = Parameters<typeof graphNode>[3]

/** A graph of these nodes, whose `weight` is 4 filters of 3×3. */
function graphOf(nodes: readonly GraphNode[], operatorSet = 17): GraphNodes {
  const unknown = (shape: readonly number[]): GraphConstant => ({ shape, type: 1, values: null })
  const pads = (values: readonly number[]): GraphConstant => ({ shape: [values.length], type: 7, values })
  const constants = new Map([
    ['weight', unknown([4, 3, 3, 3])],
    ['vector', unknown([3])],
    ['rows', unknown([64, 1])],
    ['perChannel', unknown([3, 1, 1])],
    ['images', unknown([2, 3, 1, 1])],
    ['flat', unknown([1, 1, 3, 1, 1])],
    ['pads', pads([0, 0, 1, 2, 0, 0, 0, 0])],
    ['channels', pads([0, 1, 0, 0, 0, 0, 0, 0])],
    ['inwards', pads([0, 0, -1, 0, 0, 0, 0, 0])],
    ['wide', pads([0, 0, 64, 0, 0, 0, 0, 0])],
    ['large', unknown([300])],
    ['half', { shape: [], type: 1, values: [0.5] }],
    ['more', { shape: [4], type: 1, values: [1, 1, 1.5, 2] }],
    ['twice', { shape: [4], type: 1, values: [1, 1, 2, 2] }],
    ['sizes', pads([2, 3, 128, 64])],
    ['step', pads([2])],
    ['zero', { shape: [], type: 1, values: [0] }],
    ['one', { shape: [], type: 1, values: [1] }],
    ['mixed', { shape: [3, 1, 1], type: 1, values: [2, 0.5, 3] }],
  ])
  return { nodes, constants, operatorSet }
}

const stepsIn = (graph: GraphNodes) => cellSteps(analysedGraph(graph, IMAGE))

/** The steps of a graph of one node. */
function stepsOf(operator: string, attributes: Attributes, inputs: readonly string[], domain = '') {
  return stepsIn(graphOf([{ ...graphNode(operator, inputs, 'map', attributes), domain }]))
}

const CONV = ['image', 'weight']
const pool = { kernel_shape: [3, 3], strides: [2, 2] }
const rounded = { ceil_mode: 1, count_include_pad: 1 }
const narrow = { kernel_shape: [1, 1], auto_pad: 'SAME_UPPER', count_include_pad: 1 }

describe('steps that can be computed cell by cell', () => {
  it('are those of a residual network up to its mean, with their shapes', () => {
    const file = fileURLToPath(new URL('../../golden/exports/resnet18.onnx', import.meta.url))
    const { steps, shapes, reason } = stepsIn(readOnnxFile(file).graph)
    expect(steps.filter(({ kind }) => kind === 'window')).toHaveLength(21)
    expect(shapes.get(steps.at(-1)?.output as string)).toMatchObject({ channels: 64, rows: 2, cols: 2 })
    expect(reason).toMatch(/^GlobalAveragePool ".*" cannot be computed cell by cell/)
  })

  it.each<[string, Attributes, string[], number[]]>([
    ['Conv', {}, CONV, [4, 62, 62]],
    ['Conv', { strides: [2, 3], pads: [1, 0, 1, 0] }, CONV, [4, 32, 21]],
    ['Conv', { dilations: [2, 3] }, CONV, [4, 60, 58]],
    ['Conv', { auto_pad: 'SAME_UPPER', strides: [2, 3] }, CONV, [4, 32, 22]],
    ['Conv', { auto_pad: 'VALID', strides: [1, 2] }, CONV, [4, 62, 31]],
    ['MaxPool', { ...pool, ceil_mode: 1 }, ['image'], [3, 32, 32]],
    ['MaxPool', { kernel_shape: [1, 1], strides: [3, 2], ceil_mode: 1 }, ['image'], [3, 22, 32]],
    ['MaxPool', { kernel_shape: [2, 2], strides: [5, 5], pads: [0, 0, 1, 1], ceil_mode: 1 }, ['image'], [3, 13, 13]],
    ['MaxPool', { kernel_shape: [3, 3], pads: [2, 0, 2, 0] }, ['image'], [3, 66, 62]],
    ['AveragePool', { kernel_shape: [3, 2] }, ['image'], [3, 62, 63]],
    ['AveragePool', { ...pool, pads: [1, 1, 1, 1], count_include_pad: 1 }, ['image'], [3, 32, 32]],
    ['Pad', { mode: 'reflect' }, ['image', 'pads'], [3, 65, 66]],
    ['Pad', {}, ['image', 'pads', 'zero'], [3, 65, 66]],
    ['Pad', { pads: [0, 0, 1, 2, 0, 0, 3, 4] }, ['image'], [3, 68, 70]],
    ['Concat', { axis: 1 }, ['image', 'image'], [6, 64, 64]],
    ['Gather', { axis: -3 }, ['image', 'pads'], [8, 64, 64]],
    ['Slice', { axes: [1], starts: [-2], ends: [99] }, ['image'], [2, 64, 64]],
    ['Cast', { to: 2 }, ['image'], [3, 64, 64]],
    ['Add', {}, ['image', 'perChannel'], [3, 64, 64]],
    ['PRelu', {}, ['image', 'half'], [3, 64, 64]],
    ['Pow', {}, ['image', 'one'], [3, 64, 64]],
  ])('have the size that ONNX gives %s %j of %j: %j', (operator, attributes, inputs, expected) => {
    const shape = stepsOf(operator, attributes, inputs).shapes.get('map')
    expect([shape?.channels, shape?.rows, shape?.cols]).toEqual(expected)
  })

  it.each<[string, number[], number[], number[]]>([
    ['reflect', [0, 0, 1, 2, 0, 0, 0, 0], [1, 0, 1], [2, 1, 0]],
    ['reflect', [0, 0, 0, 0, 0, 0, 2, 1], [0, 1, 2], [0, 1, 2]],
    ['edge', [0, 0, 2, 1, 0, 0, 0, 0], [0, 0, 0], [0, 0, 1]],
  ])('read a border by %s %j', (mode, pads, rows, cols) => {
    const [step] = stepsOf('Pad', { mode, pads }, ['image']).steps
    if (step?.kind !== 'mapping') throw new Error('the border is no mapping')
    expect([step.rows.slice(0, 3), step.cols.slice(0, 3)]).toEqual([rows, cols])
    if (pads[6] === 2) expect([...step.rows.slice(-3), ...step.cols.slice(-2)]).toEqual([63, 62, 61, 63, 62])
  })

  it.each<[string, Attributes, string[], string]>([
    ['Conv', { kernel_shape: [3, 3, 3], strides: [1, 1, 1] }, CONV, 'has weights that do not fit its input'],
    ['Conv', { kernel_shape: [3, 2] }, CONV, 'has weights that do not fit its input'],
    ['Conv', { group: 3 }, CONV, 'has weights that do not fit its input'],
    ['Conv', {}, ['image', 'vector'], 'has unknown weights or a kernel that is not two-dimensional'],
    ['Conv', {}, ['image', 'image'], 'has weights that depend on the image'],
    ['Conv', { strides: [0, 1] }, CONV, 'has a window of unknown size'],
    ['Conv', { strides: [1025, 1] }, CONV, 'has a window of unknown size'],
    ['Conv', { strides: [1, 1, 1] }, CONV, 'does not have two dimensions'],
    ['Conv', { pads: [1, 1] }, CONV, 'does not have two dimensions'],
    ['Conv', { dilations: [40, 40] }, CONV, 'gives a tensor of unknown size'],
    ['Conv', { auto_pad: 'SAME' }, CONV, 'has auto_pad SAME'],
    ['Conv', { auto_pad: 3 }, CONV, 'has auto_pad of an unexpected kind'],
    ['Conv', { auto_pad: 'VALID', pads: [1, 1, 1, 1] }, CONV, 'has both pads and auto_pad'],
    ['Conv', { auto_pad: 'SAME_LOWER', dilations: [2, 2] }, CONV, 'has both dilations and auto_pad'],
    ['Conv', { group: null }, CONV, 'has group of an unexpected kind'],
    ['MaxPool', {}, ['image'], 'has no kernel'],
    ['MaxPool', { kernel_shape: [2, 2], pads: [2, 2, 0, 0] }, ['image'], 'has windows with nothing but padding'],
    ['MaxPool', { kernel_shape: [2, 2], pads: [0, 0, 0, 2] }, ['image'], 'has windows with nothing but padding'],
    ['MaxPool', { kernel_shape: [2, 2], storage_order: 1 }, ['image'], 'has a storage_order other than 0'],
    ['MaxPool', { kernel_shape: [2, 2], pads: null }, ['image'], 'has pads of an unexpected kind'],
    ['AveragePool', { ...pool, pads: [0, 1, 0, 0] }, ['image'], 'averages fewer values at the border'],
    ['AveragePool', { ...pool, pads: [0, 0, 1, 0] }, ['image'], 'averages fewer values at the border'],
    ['AveragePool', { ...pool, ...rounded }, ['image'], 'averages windows that exceed the padding'],
    ['AveragePool', { ...pool, ...narrow }, ['image'], 'has auto_pad with strides longer than its kernel'],
    ['Relu', { consumed_inputs: 1 }, ['image'], 'has an attribute consumed_inputs that is not known'],
    ['LRN', { size: 3, bias: 0 }, ['image'], 'may divide by zero'],
    ['LRN', { size: 3, alpha: -1 }, ['image'], 'may divide by zero'],
    ['PRelu', {}, ['image', 'rows'], 'has a parameter that varies over the image'],
    ['PRelu', {}, ['vector', 'image'], 'has a parameter that depends on the image'],
    ['Pow', {}, ['image', 'half'], 'has exponents other than 1, 2, 3, …'],
    ['Pow', {}, ['image', 'zero'], 'has exponents other than 1, 2, 3, …'],
    ['Pow', {}, ['image', 'mixed'], 'has exponents other than 1, 2, 3, …'],
    ['Pow', {}, ['image', 'image'], 'has exponents other than 1, 2, 3, …'],
    ['Div', {}, ['half', 'image'], 'divides by values that depend on the image'],
    ['Dropout', {}, ['image', 'half', 'half'], 'may drop values'],
    ['Round', {}, ['image'], 'cannot be computed cell by cell'],
    ['Sum', {}, [], 'has no input'],
    ['Pad', { mode: 'wrap' }, ['image', 'pads'], 'adds a border of an unsupported kind'],
    ['Pad', {}, ['image', 'pads', 'half'], 'adds a border of values other than 0'],
    ['Pad', {}, ['image', 'pads', 'vector'], 'adds a border of values other than 0'],
    ['Pad', {}, ['image', 'channels'], 'adds channels or images'],
    ['Pad', { mode: 'edge' }, ['image', 'inwards'], 'has borders of unknown size'],
    ['Pad', { mode: 'edge' }, ['image', 'pads', '', 'vector'], 'has borders of unknown size'],
    ['Pad', { mode: 'reflect' }, ['image', 'wide'], 'reflects more pixels than its input has'],
    ['Add', {}, ['image', 'vector'], 'joins tensors of different shapes'],
    ['Add', {}, ['image', 'rows'], 'joins tensors of different shapes'],
    ['Add', {}, ['image', 'images'], 'joins tensors of different shapes'],
    ['Add', {}, ['image', 'flat'], 'joins tensors of different shapes'],
    ['Concat', { axis: 2 }, ['image', 'image'], 'joins another axis than the channels'],
    ['Concat', { axis: 1 }, ['image', 'weight'], 'joins constants'],
    ['BatchNormalization', { training_mode: 1 }, ['image', 'vector'], 'is in training mode'],
    ['Resize', {}, CONV, 'has an input of unknown values'],
    ['Resize', {}, ['image', '', 'image'], 'has a size that depends on the image'],
    ['Resize', {}, ['image', '', 'more'], 'does not repeat pixels a whole number of times'],
    ['Resize', { nearest_mode: 'ceil' }, ['image', '', 'twice'], 'does not repeat pixels a whole number of times'],
    ['Resize', { mode: 'linear' }, ['image', '', 'twice'], 'interpolates between pixels'],
    ['Resize', { mode: 'linear' }, ['image', '', '', 'sizes'], 'interpolates between pixels'],
    ['Where', {}, ['half', 'image', 'image'], 'cannot be computed cell by cell'],
    ['Gather', { axis: 2 }, ['image', 'pads'], 'selects along another axis than the channels'],
    ['Gather', { axis: -3 }, ['image', 'large'], 'has an input of unknown values'],
    ['Slice', { starts: [1, 0], ends: [3, 64] }, ['image'], 'selects along another axis than the channels'],
    ['Slice', { axes: [3], starts: [0], ends: [63] }, ['image'], 'selects along another axis than the channels'],
    ['Slice', { axes: [1], starts: [3], ends: [9] }, ['image'], 'gives a tensor of unknown size'],
    ['Split', { axis: -1 }, ['image'], 'selects along another axis than the channels'],
  ])('end with %s %j of %j', (operator, attributes, inputs, reason) => {
    const { steps, reason: found } = stepsOf(operator, attributes, inputs)
    expect([steps, found]).toEqual([[], `${operator} "map" ${reason}`])
  })

  it('end with nodes of other domains, and with several outputs, and the reason is that of the first', () => {
    expect(stepsOf('Relu', {}, ['image'], 'own').reason).toBe('Relu "map" is not one of ONNX\'s own operators')
    expect(stepsOf('Relu', {}, ['image'], 'ai.onnx').reason).toBeUndefined()
    const several = { ...graphNode('MaxPool', ['image'], 'map', pool), outputs: ['map', 'indices'] }
    const graph = graphOf([several, graphNode('Round', ['image'], 'late'), graphNode('Relu', ['map'], 'last')])
    expect(stepsIn(graph)).toMatchObject({ steps: [], reason: 'MaxPool "map" has several outputs' })
    // What comes after a node that is none, but does not read it, is a step.
    expect(stepsIn(graphOf([several, graphNode('Relu', ['image'], 'late')])).steps).toHaveLength(1)
  })

  it('copy channels for each output of a Split', () => {
    const split = { ...graphNode('Split', ['image'], 'one', { axis: -3, split: [1, 2] }), outputs: ['one', 'two'] }
    const { steps, shapes, reason } = stepsIn(graphOf([split, graphNode('Relu', ['two'])]))
    expect(reason).toBeUndefined()
    expect(steps).toMatchObject([
      { node: 0, output: 'one', channels: [0] },
      { node: 0, output: 'two', channels: [1, 2] },
      { node: 1 },
    ])
    expect(shapes.get('map')).toEqual({ channels: 2, rows: 64, cols: 64, elements: 1 })
  })

  it('copy every second channel for a Slice with such a step', () => {
    const bounds = { axes: [1], starts: [0], ends: [3] }
    expect(stepsOf('Slice', bounds, ['image', '', '', '', 'step']).steps).toMatchObject([{ channels: [0, 2] }])
  })

  it('may change the type of values, but windows compute with float32', () => {
    const cast = (input: string, output: string, to: number) => graphNode('Cast', [input], output, { to })
    const reasonOf = (...nodes: GraphNode[]) => stepsIn(graphOf(nodes)).reason
    const padded = graphNode('Pad', ['image', 'pads'], 'padded', { mode: 'edge' })
    expect(reasonOf(padded, cast('padded', 'bytes', 2), cast('bytes', 'half', 10))).toBeUndefined()
    const abs = graphNode('Abs', ['image'], 'computed')
    expect(reasonOf(abs, cast('computed', 'double', 11), cast('double', 'single', 1))).toBeUndefined()
    const bytes = [cast('image', 'bytes', 2), graphNode('MaxPool', ['bytes'], 'map', pool)]
    expect(reasonOf(...bytes)).toBe('MaxPool "map" computes in another type than float32')
    const border = [cast('image', 'bytes', 2), graphNode('Pad', ['bytes', 'pads'])]
    expect(reasonOf(...border)).toBe('Pad "map" adds a border of values other than 0')
  })

  it('take constants that nodes make of others', () => {
    const graph = (operator: string, inputs: readonly string[], reader: string) =>
      graphOf([graphNode(operator, inputs, 'constant'), graphNode(reader, ['image', 'constant'])])
    const made = (...nodes: Parameters<typeof graph>) => stepsIn(graph(...nodes))
    const shape = (...nodes: Parameters<typeof graph>) =>
      analysedGraph(graph(...nodes), IMAGE).tensors.get('constant')?.shape
    expect(made('Identity', ['weight'], 'Conv').steps).toHaveLength(1)
    expect(shape('Cast', ['weight'], 'Conv')).toEqual([4, 3, 3, 3])
    expect(shape('Mul', ['weight', 'half'], 'Conv')).toEqual([4, 3, 3, 3])
    expect(shape('Add', ['vector', 'rows'], 'Add')).toEqual([64, 3])
    expect(made('Cast', ['half'], 'Pow').reason).toBe('Pow "map" has exponents other than 1, 2, 3, …')
    expect(made('Reshape', ['weight', 'pads'], 'Conv').reason).toBe(
      'Conv "map" has unknown weights or a kernel that is not two-dimensional',
    )
  })

  it.each([8, 27])('are none of operators of version %i', (operatorSet) => {
    const { steps, reason } = stepsIn(graphOf([graphNode('Relu', ['image'])], operatorSet))
    expect(steps).toEqual([])
    expect(reason).toBe(
      `the network uses version ${operatorSet} of the ONNX operators; export it with a version from 9 to 26`,
    )
  })

  it('are borders of zeros before convolutions alone, since ONNX Runtime takes them into pools', () => {
    const reasonBefore = (reader: GraphNode) => stepsIn(graphOf([graphNode('Pad', ['image', 'pads']), reader])).reason
    expect(reasonBefore(graphNode('Conv', ['map', 'weight'], 'read'))).toBeUndefined()
    const reason = 'Pad "map" adds zeros that other operators than Conv read'
    expect(reasonBefore(graphNode('MaxPool', ['map'], 'read', pool))).toBe(reason)
  })

  it('are read of attributes of the wrong kind and of long lists as of unknown ones', async () => {
    const attributes = { pads: Array.from({ length: 1000 }, () => 1), strides: { float: 2 }, group: 'two' }
    const made = {
      dims: 1,
      nodes: [node('Conv', CONV, 'feature', attributes)],
      initializers: [weightsOf('weight', 4, 3, 3, 3)],
    }
    const { graph } = readOnnxFile((await smallNetwork(inFolder('attributes.onnx'), made)).onnxPath)
    const read = Object.fromEntries(graph.nodes[0]?.attributes ?? [])
    expect(read).toEqual({ pads: null, strides: 2, group: 'two' })
    expect(stepsIn(graph).reason).toMatch(/^Conv "feature" has .* of an unexpected kind$/)
  })
})
