import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { analysedGraph } from '../../../src/networks/onnx/graph/analysis.js'
import type { GraphConstant, GraphNode, GraphNodes } from '../../../src/networks/onnx/graphNodes.js'
import { readOnnxFile } from '../../../src/networks/onnx/onnxFile.js'
import { graphNode } from '../../support/smallNetwork.js'

const spacingOf = (graph: GraphNodes, output: string, side: number) =>
  analysedGraph(graph, { name: 'image', rows: side, cols: side }).spacings.get(output)

/** The stride up to a tensor; of a graph whose image has so many pixels a side. */
function strideOf(graph: GraphNodes, output: string, side: number): number | undefined {
  return spacingOf(graph, output, side)?.pixels ?? undefined
}

/** A pool of windows that lie beside one another. */
const pool = (input: string, output: string, strides: readonly number[]) =>
  graphNode('MaxPool', [input], output, { kernel_shape: strides, strides })
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
    expect(strideOf(graph, layer, name.startsWith('models') ? 224 : 64)).toBe(stride)
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
    expect(strideOf({ nodes, constants: new Map(), operatorSet: 17 }, 'map', 64)).toBe(stride)
  })

  it.each<[string, GraphNode[], object]>([
    ['of a pixel', [graphNode('Relu', ['image'])], { axes: [2, 3] }],
    ['of a value that depends on the whole image', [{ ...mean, outputs: ['map'] }], { isMixed: true }],
    ['after cropping', [graphNode('Slice', ['image', 'one', 'nine', 'two'])], { pixels: null }],
    ['after taking some channels', [graphNode('Slice', ['image', 'one', 'two', 'one'])], { pixels: 1 }],
    [
      'of a map whose channels come last',
      [pool('image', 'a', [2, 2]), graphNode('Transpose', ['a'], 'map', { perm: [0, 2, 3, 1] })],
      { pixels: 2, axes: [1, 2] },
    ],
    ['of a map that has lost an axis', [graphNode('Gather', ['image', 'zero'], 'map', { axis: 1 })], { axes: null }],
  ])('and axes %s', (_, nodes, expected) => {
    const list = (value: number) => ({ shape: [1], type: 7, values: [value] })
    const constants = new Map<string, GraphConstant>([
      ['zero', { shape: [], type: 7, values: [0] }],
      ['one', list(1)],
      ['two', list(2)],
      ['nine', list(9)],
    ])
    expect(spacingOf({ nodes, constants, operatorSet: 17 }, 'map', 64)).toMatchObject(expected)
  })

  it('of a pool over the whole map does not need nodes that can be computed cell by cell', () => {
    const nodes = [graphNode('Gather', ['image', 'bgr'], 'a', { axis: 1 }), pool('a', 'map', [64, 64])]
    const constants = new Map([['bgr', { shape: [3], type: 7, values: [2, 1, 0] }]])
    expect(strideOf({ nodes, constants, operatorSet: 17 }, 'map', 64)).toBe(1)
  })
})
