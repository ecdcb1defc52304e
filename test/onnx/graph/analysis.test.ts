import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { GraphConstant, GraphNode } from '../../../src/onnx/format/graphNodes.js'
import { analysedGraph, imageShape, largestTensor } from '../../../src/onnx/graph/analysis.js'
import { linksOf, neededFor } from '../../../src/onnx/graph/links.js'
import { SHAPES } from '../../../src/onnx/graph/shapes.js'
import { elementCount } from '../../../src/support/shape.js'
import { randomCases } from '../../support/randomCases.js'
import { graphNode } from '../../support/smallNetwork.js'

const IMAGE = { name: 'image', rows: 8, cols: 6 }

const of = (...shape: readonly number[]): GraphConstant => ({ shape, type: 1, values: null })
const CONSTANTS = {
  filters: of(4, 3, 3, 3),
}

function graphOf(...nodes: readonly GraphNode[]) {
  return { nodes, constants: new Map(Object.entries(CONSTANTS)), operatorSet: 17 }
}

describe('a graph', () => {
  const early = graphNode('Relu', ['late'], 'early')
  const late = graphNode('Conv', ['image', 'doubled'], 'late')
  const doubled = graphNode('Add', ['filters', 'filters'], 'doubled')

  it('is read in the order in which its nodes can be computed', () => {
    const graph = graphOf(early, late, doubled)
    expect([...linksOf(graph).nodes]).toEqual([
      [2, doubled],
      [1, late],
      [0, early],
    ])
    expect(linksOf(graph).readers.get('filters')).toEqual([doubled])
    const analysis = analysedGraph(graph, IMAGE)
    expect(imageShape(analysis, 'early')).toEqual([4, 6, 4])
    expect(neededFor(['early'], graph, new Set(['late']))).toMatchObject({
      nodes: new Set([0]),
      read: new Set(['early', 'late']),
    })
  })

  it('keeps the order of its file if it can, and ends if it has a cycle', () => {
    const branches = ['one', 'two', 'three'].map((name) => graphNode('Relu', ['image'], name))
    expect([...linksOf(graphOf(...branches)).nodes.values()]).toEqual(branches)
    const cycle = [graphNode('Add', ['image', 'b'], 'a'), graphNode('Relu', ['a'], 'b')]
    expect(linksOf(graphOf(...cycle)).nodes.size).toBe(2)
    expect(analysedGraph(graphOf(...cycle), IMAGE).tensors.has('a')).toBe(false)
  })

  it('gives the largest tensor of one image, whatever computes it', () => {
    const nodes = [
      graphNode('Concat', ['image', 'image'], 'twice', { axis: 2 }),
      graphNode('Unheard', ['twice'], 'what'),
    ]
    for (const batch of [null, 1, 5]) {
      const analysis = analysedGraph(graphOf(...nodes), { ...IMAGE, batch })
      expect(largestTensor(analysis)).toBe(2 * 144)
      expect(imageShape(analysis, 'twice')).toEqual([3, 16, 6])
      expect(imageShape(analysis, 'filters')).toBeUndefined()
      expect(imageShape(analysis, 'what')).toBeUndefined()
    }
  })
})

describe('a damaged graph', () => {
  const number = fc.constantFrom(0, 1, 2, 3, -1, -9, 7, 64, 0.5, 1e9, 2 ** 63, Number.NaN)
  const list = fc.array(number, { maxLength: 5 })
  const tensor = fc.record({ shape: list, type: fc.constantFrom(0, 1, 7), values: fc.option(list) })
  const text = fc.constantFrom('SAME_UPPER', 'ij,jk->ik', '->', '...')
  const name = fc.constantFrom(
    ...['allowzero', 'axes', 'axis', 'batch_dims', 'blocksize', 'dilations', 'end', 'ends', 'equation', 'group', 'k'],
    ...['auto_pad', 'kernel_shape', 'output_shape', 'pads', 'perm', 'split', 'start', 'starts', 'steps', 'strides'],
    ...['keepdims', 'shape', 'to', 'transA', 'value', 'value_ints'],
  )
  const drawnNode = fc.record({
    operator: fc.constantFrom(...SHAPES.keys()),
    domain: fc.constant(''),
    inputs: fc.array(fc.constantFrom('image', 'first', 'second', '', '0', '1', '2'), { maxLength: 4 }),
    outputs: fc.array(fc.constantFrom('0', '1', '2', '3', ''), { minLength: 1, maxLength: 3 }),
    attributes: fc
      .array(fc.tuple(name, fc.oneof(number, list, text, tensor, fc.constant(null))), { maxLength: 4 })
      .map((attributes) => new Map(attributes)),
  })

  it('gives whole sizes and as many values, or none', () => {
    const drawn = fc.record({ nodes: fc.array(drawnNode, { minLength: 1 }), first: tensor, second: tensor })
    fc.assert(
      fc.property(drawn, ({ nodes, first, second }) => {
        const constants = new Map([
          ['first', first],
          ['second', second],
        ])
        const { tensors } = analysedGraph({ nodes, constants, operatorSet: 17 }, IMAGE)
        for (const output of '0123') {
          const { shape = [], values } = tensors.get(output) ?? {}
          expect(shape.every((size) => Number.isInteger(size) && size >= 0)).toBe(true)
          if (values) expect(values).toHaveLength(elementCount(shape))
        }
        expect(tensors.has('')).toBe(false)
      }),
      { numRuns: randomCases(300), seed: 1 },
    )
  })
})
