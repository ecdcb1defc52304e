import { describe, expect, it } from 'vitest'
import type { GraphConstant, GraphNode } from '../../../src/onnx/format/graphNodes.js'
import { ElementType } from '../../../src/onnx/format/messages.js'
import { analysedGraph } from '../../../src/onnx/graph/analysis.js'
import { graphCounts } from '../../../src/onnx/graph/counts.js'
import { graphNode } from '../../support/smallNetwork.js'

const of = (shape: readonly number[], type: number = ElementType.FLOAT): GraphConstant => ({
  shape,
  type,
  values: null,
})

function counts(constants: Readonly<Record<string, GraphConstant>>, nodes: readonly GraphNode[], output: string) {
  const graph = { nodes, constants: new Map(Object.entries(constants)), operatorSet: 17 }
  return graphCounts(analysedGraph(graph, { name: 'image', rows: 8, cols: 6, batch: 1 }), [output])
}

const PADDED = { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }

describe('counts of a graph', () => {
  it('are the weights and the multiply-adds of one image', () => {
    const constants = {
      filters: of([4, 3, 3, 3]),
      bias: of([4]),
      depthwise: of([4, 1, 3, 3]),
      weights: of([10, 192]),
      ...{ scale: of([4]), shift: of([4]), mean: of([4]), variance: of([4]) },
    }
    const nodes = [
      graphNode('Conv', ['image', 'filters', 'bias'], 'a', PADDED),
      graphNode('BatchNormalization', ['a', 'scale', 'shift', 'mean', 'variance'], 'b'),
      graphNode('Conv', ['b', 'depthwise'], 'c', { ...PADDED, group: 4 }),
      graphNode('Flatten', ['c'], 'd'),
      graphNode('Gemm', ['d', 'weights'], 'e', { transB: 1 }),
    ]
    // 48 cells with 4 filters of 3 × 3 × 3, then with 4 filters of 3 × 3; 192 values for 10 classes.
    expect(counts(constants, nodes, 'e')).toEqual({
      parameters: 108 + 4 + 36 + 1920 + 8,
      multiplyAdds: 48 * 4 * 27 + 48 * 4 * 9 + 1920,
    })
  })

  it('leave out what the output does not need, and constants that are no weights', () => {
    const constants = { filters: of([4, 3, 3, 3]), other: of([8, 4, 1, 1]), sizes: of([2], ElementType.INT64) }
    const nodes = [
      graphNode('Conv', ['image', 'filters'], 'a', PADDED),
      graphNode('Reshape', ['a', 'sizes'], 'b'),
      graphNode('Conv', ['a', 'other'], 'c'),
    ]
    expect(counts(constants, nodes, 'b').parameters).toBe(108)
  })

  it('are per image of a fixed batch, and of transposed convolutions', () => {
    const graph = {
      nodes: [graphNode('ConvTranspose', ['image', 'filters'], 'a')],
      constants: new Map([['filters', of([3, 5, 2, 2])]]),
      operatorSet: 17,
    }
    const analysis = analysedGraph(graph, { name: 'image', rows: 8, cols: 6, batch: 4 })
    expect(graphCounts(analysis, ['a'])).toEqual({ parameters: 60, multiplyAdds: 8 * 6 * 3 * 20 })
  })

  it('have no multiply-adds if a shape is unknown', () => {
    const constants = { filters: of([4, 3, 3, 3]) }
    const unknown = graphNode('Unheard', ['image'], 'a')
    expect(counts(constants, [unknown, graphNode('Conv', ['a', 'filters'], 'b')], 'b')).toEqual({ parameters: 108 })
    expect(counts(constants, [graphNode('LSTM', ['image', 'filters'], 'b')], 'b')).toEqual({ parameters: 108 })
  })
})
