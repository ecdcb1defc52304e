import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { GraphConstant, GraphNode, GraphNodes } from '../../../src/onnx/format/graphNodes.js'
import { readOnnxFile } from '../../../src/onnx/format/onnxFile.js'
import { analysedGraph } from '../../../src/onnx/graph/analysis.js'
import { strideOf } from '../../../src/onnx/graph/spacing.js'
import { graphNode } from '../../support/smallNetwork.js'

const spacingOf = (graph: GraphNodes, output: string, side: number) =>
  analysedGraph(graph, { name: 'image', rows: side, cols: side }).spacings.get(output)

/** The stride up to a tensor; of a graph whose image has so many pixels a side. */
function strideUpTo(graph: GraphNodes, output: string, side: number): number | undefined {
  const spacing = spacingOf(graph, output, side)
  return (spacing && strideOf(spacing)) ?? undefined
}

/** A pool of windows that lie beside one another. */
const pool = (input: string, output: string, strides: readonly number[]) =>
  graphNode('MaxPool', [input], output, { kernel_shape: strides, strides })
/** Every second row (axis two) or column (axis three). */
const everySecond = (input: string, output: string, axis: string) =>
  graphNode('Slice', [input, 'first', 'many', axis, 'two'], output)
const mean = graphNode('GlobalAveragePool', ['image'], 'a')
const resized = graphNode('Resize', ['image'], 'a')

describe('total stride', () => {
  it.each([
    ['models/tiny-alexnet', 'conv1', 4],
    ['models/tiny-alexnet', 'fc8', 32],
    ['models/tiny-alexnet-aa', 'conv1', 2],
    ['models/tiny-alexnet-aa', 'fc6', 32],
    ['test/golden/exports/resnet18', 'feature', 32],
    ['test/golden/exports/squeezenet', 'feature', 8],
    // Patches that a transformer embeds.
    ['test/golden/exports/vit', 'feature', 16],
  ])('of %s up to %s is %i', (name, layer, stride) => {
    const { graph } = readOnnxFile(fileURLToPath(new URL(`../../../${name}.onnx`, import.meta.url)))
    expect(strideUpTo(graph, layer, name.startsWith('models') ? 224 : 64)).toBe(stride)
  })

  it.each<[string, GraphNode[], number | undefined]>([
    ['of a pixel', [graphNode('Relu', ['image'])], 1],
    ['of windows that state no stride', [graphNode('MaxPool', ['image'])], 1],
    ['of two branches, the coarser one', [pool('image', 'a', [2, 2]), graphNode('Add', ['image', 'a'])], 2],
    [
      'after all places were mixed',
      [pool('image', 'a', [4, 4]), graphNode('Reshape', ['a'], 'b'), pool('b', 'map', [2, 2])],
      4,
    ],
    ['of a pool over the whole map', [pool('image', 'map', [64, 64])], 1],
    [
      'of a map multiplied with its own mean',
      [mean, graphNode('Mul', ['image', 'a'], 'b'), pool('b', 'map', [2, 2])],
      2,
    ],
    ['where rows and columns differ', [pool('image', 'map', [2, 1])], undefined],
    ['after resizing, whatever follows', [resized, pool('a', 'map', [2, 2])], undefined],
    ['where that of a branch is not known', [resized, graphNode('Add', ['image', 'a'])], undefined],
    ['of a tensor that is not made of the image', [pool('other', 'map', [2, 2])], undefined],
  ])('%s', (_, nodes, stride) => {
    expect(strideUpTo({ nodes, constants: new Map(), operatorSet: 17 }, 'map', 64)).toBe(stride)
  })

  it.each<[string, GraphNode[], object]>([
    ['of a pixel', [graphNode('Relu', ['image'])], { axes: [2, 3] }],
    ['of a value that depends on the whole image', [{ ...mean, outputs: ['map'] }], { isMixed: true }],
    ['after cropping', [graphNode('Slice', ['image', 'one', 'nine', 'two'])], { pixels: null }],
    ['after taking every second row', [everySecond('image', 'map', 'two')], { pixels: [2, 1] }],
    [
      'after taking every second row and column',
      [everySecond('image', 'a', 'two'), everySecond('a', 'map', 'three')],
      { pixels: [2, 2], axes: [2, 3] },
    ],
    ['after taking some channels', [graphNode('Slice', ['image', 'one', 'two', 'one'])], { pixels: [1, 1] }],
    [
      'of a map whose channels come last',
      [pool('image', 'a', [2, 2]), graphNode('Transpose', ['a'], 'map', { perm: [0, 2, 3, 1] })],
      { pixels: [2, 2], axes: [1, 2] },
    ],
    ['of a map that has lost an axis', [graphNode('Gather', ['image', 'zero'], 'map', { axis: 1 })], { axes: null }],
  ])('and axes %s', (_, nodes, expected) => {
    const list = (value: number) => ({ shape: [1], type: 7, values: [value] })
    const constants = new Map<string, GraphConstant>([
      ['zero', { shape: [], type: 7, values: [0] }],
      ['first', list(0)],
      ['one', list(1)],
      ['two', list(2)],
      ['three', list(3)],
      ['nine', list(9)],
      ['many', list(64)],
    ])
    expect(spacingOf({ nodes, constants, operatorSet: 17 }, 'map', 64)).toMatchObject(expected)
  })

  it('of a pool over the whole map does not need nodes that can be computed cell by cell', () => {
    const nodes = [graphNode('Gather', ['image', 'bgr'], 'a', { axis: 1 }), pool('a', 'map', [64, 64])]
    const constants = new Map([['bgr', { shape: [3], type: 7, values: [2, 1, 0] }]])
    expect(strideUpTo({ nodes, constants, operatorSet: 17 }, 'map', 64)).toBe(1)
  })
})

describe('tokens', () => {
  const list = (...values: number[]): GraphConstant => ({ shape: [values.length], type: 7, values })
  const constants = new Map<string, GraphConstant>([
    ['joined', list(0, 3, 16)],
    ['divided', list(0, 4, 4, 3)],
    ['heads', list(0, 16, 3, 1)],
    ['parts', list(0, 16, 3)],
    ['class', { shape: [2, 2, 3], type: 1, values: null }],
    ['weights', { shape: [3, 8], type: 1, values: null }],
    ['mixer', { shape: [16, 16], type: 1, values: null }],
    ['axis', list(1)],
    ['one', list(1)],
    ['three', list(3)],
    ['many', list(99)],
  ])
  const embedded = [
    pool('image', 'a', [16, 16]),
    graphNode('Reshape', ['a', 'joined'], 'b'),
    graphNode('Transpose', ['b'], 'tokens', { perm: [0, 2, 1] }),
  ]
  const all = [...embedded, graphNode('Concat', ['class', 'tokens'], 'all', { axis: 1 })]

  it.each<[string, GraphNode[], object]>([
    ['are rows and columns that a Reshape joins', embedded, { axis: 1, before: 0, side: 4 }],
    ['may come last', [pool('image', 'a', [16, 16]), graphNode('Reshape', ['a', 'joined'], 'tokens')], { axis: 2 }],
    ['come after class tokens', all, { axis: 1, before: 2, side: 4 }],
    ['lose class tokens', [...all, graphNode('Slice', ['all', 'one', 'many', 'axis'])], { before: 1 }],
    ['stay when weights are multiplied', [...all, graphNode('MatMul', ['all', 'weights'])], { before: 2 }],
    [
      'stay when the result of attention is added',
      [...embedded, graphNode('Reshape', ['b', 'parts'], 'h'), graphNode('Add', ['h', 'tokens'])],
      { before: 0 },
    ],
  ])('%s', (_, nodes, expected) => {
    const output = nodes.at(-1)?.outputs[0] as string
    const found = spacingOf({ nodes, constants, operatorSet: 17 }, output, 64)
    expect(found).toMatchObject({ pixels: [16, 16], isMixed: false, tokens: expected })
  })

  it('become a map again', () => {
    const nodes = [...embedded, graphNode('Reshape', ['tokens', 'divided'])]
    const expected = { axes: [1, 2], tokens: null, isMixed: false, pixels: [16, 16] }
    expect(spacingOf({ nodes, constants, operatorSet: 17 }, 'map', 64)).toEqual(expected)
  })

  it.each<[string, GraphNode[]]>([
    ['the class token is taken', [...all, graphNode('Gather', ['all', 'one'], 'map', { axis: 1 })]],
    ['some of them are dropped', [...all, graphNode('Slice', ['all', 'three', 'many', 'axis'])]],
    ['they are mixed', [embedded[0], embedded[1], graphNode('MatMul', ['b', 'mixer'])] as GraphNode[]],
    ['heads are split', [...embedded, graphNode('Reshape', ['tokens', 'heads'])]],
    ['two maps are joined', [...embedded, graphNode('Concat', ['tokens', 'tokens'], 'map', { axis: 1 })]],
  ])('are lost when %s', (_, nodes) => {
    const found = spacingOf({ nodes, constants, operatorSet: 17 }, 'map', 64)
    expect(found).toMatchObject({ tokens: null, isMixed: true })
  })
})
