import { expect, it } from 'vitest'
import type { GraphConstant, GraphNode } from '../../../src/onnx/format/graphNodes.js'
import { outputMeaning, scaleOf } from '../../../src/onnx/graph/outputMeaning.js'
import { graphNode } from '../../support/smallNetwork.js'

const NO_CONSTANTS: Readonly<Record<string, GraphConstant>> = {}

function meaningOf(nodes: readonly GraphNode[], constants = NO_CONSTANTS, output = 'out') {
  return outputMeaning({ nodes, constants: new Map(Object.entries(constants)), operatorSet: 17 }, output)
}

function scaleIn(nodes: readonly GraphNode[]) {
  return scaleOf({ nodes, constants: new Map(), operatorSet: 17 }, 'out')
}

/** Nodes that follow each other, from `logits` to `out`. Each has two more inputs, as QuantizeLinear has. */
function chain(...operators: readonly string[]): readonly GraphNode[] {
  const nameOf = (i: number) => (i === operators.length ? 'out' : i === 0 ? 'logits' : `t${i}`)
  return operators.map((operator, i) => graphNode(operator, [nameOf(i), 'scale', 'zero'], nameOf(i + 1)))
}

it.each([
  ['Softmax', 'probabilities'],
  ['LogSoftmax', 'log-probabilities'],
  ['Sigmoid', 'sigmoid'],
])('%s gives %s, whatever passes its values on', (operator, meaning) => {
  const expected = { meaning, source: `${operator} in the graph` }
  expect(meaningOf(chain('Gemm', operator))).toEqual(expected)
  const passing = ['Identity', 'Cast', 'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Transpose']
  for (const one of passing) expect(meaningOf(chain('Gemm', operator, one)), one).toEqual(expected)
  expect(meaningOf(chain('Gemm', operator, ...passing))).toEqual(expected)
  expect(meaningOf(chain('Gemm', operator, 'QuantizeLinear', 'DequantizeLinear', 'Reshape'))).toEqual(expected)
})

it.each([
  ['Gemm'],
  ['Gemm', 'Flatten'],
  ['Softmax', 'Gemm'],
  ['Softmax', 'Slice'],
  ['Sigmoid', 'Mul'],
  ['Softmax', 'Add'],
])('anything else gives logits: %s %s', (...operators) => {
  const logits = { meaning: 'logits', source: 'no Softmax or Sigmoid before the output' }
  expect(meaningOf(chain(...operators.filter((one) => one !== undefined)))).toEqual(logits)
})

it('is found for each output of a graph that has two', () => {
  const nodes = [...chain('Gemm'), graphNode('Softmax', ['out'], 'probabilities')]
  expect(meaningOf(nodes).meaning).toBe('logits')
  expect(meaningOf(nodes, {}, 'probabilities').meaning).toBe('probabilities')
})

it('knows a softmax that is written by its parts, and no other division', () => {
  const parts = (of: string, ...shared: readonly GraphNode[]) => [
    graphNode('Exp', ['logits'], 'exp'),
    ...shared,
    graphNode('ReduceSum', [of, 'axes'], 'sum'),
    graphNode('Div', ['exp', 'sum'], 'out'),
  ]
  expect(meaningOf(parts('exp'))).toEqual({ meaning: 'probabilities', source: 'Exp and ReduceSum in the graph' })
  expect(meaningOf(parts('round', graphNode('Identity', ['exp'], 'round'))).meaning).toBe('probabilities')
  expect(meaningOf(parts('logits')).meaning).toBe('logits')
  expect(meaningOf(parts('other', graphNode('Exp', ['image'], 'other'))).meaning).toBe('logits')
  expect(meaningOf([graphNode('Div', ['logits', 'scale'], 'out')]).meaning).toBe('logits')
})

it('leaves the tensors of scale and zero point of tensors that stay integers', () => {
  expect(scaleIn(chain('Sigmoid', 'QuantizeLinear', 'Reshape'))).toEqual(['scale', 'zero'])
  expect(scaleIn(chain('Gemm', 'QuantizeLinear'))).toEqual(['scale', 'zero'])
  expect(scaleIn(chain('Gemm', 'QuantizeLinear', 'DequantizeLinear'))).toBeUndefined()
  expect(scaleIn([graphNode('QuantizeLinear', ['logits', 'scale'], 'out')])).toEqual(['scale'])
})

it('leaves those of the operators that compute with integers, too', () => {
  const behind = (...before: readonly string[]) => [...before, 'scale', 'zero']
  const [one, two] = [
    ['x', 'its scale', 'its zero'],
    ['y', 'its scale', 'its zero'],
  ] as const
  for (const [operator, inputs] of [
    ['QLinearSoftmax', behind(...one)],
    ['QLinearSigmoid', behind(...one)],
    ['QLinearGlobalAveragePool', behind(...one)],
    ['QLinearConv', behind(...one, ...two)],
    ['QLinearMatMul', behind(...one, ...two)],
    ['QLinearAdd', behind(...one, ...two)],
    ['QGemm', behind(...one, ...two, 'bias')],
  ] as const)
    expect(scaleIn([graphNode(operator, inputs, 'out')]), operator).toEqual(['scale', 'zero'])
  // Without a scale of its output, QGemm gives floating-point numbers.
  expect(scaleIn([graphNode('QGemm', [...one, ...two, 'bias'], 'out')])).toBeUndefined()
  expect(meaningOf([graphNode('QLinearSoftmax', behind(...one), 'out')]).meaning).toBe('probabilities')
})

it('ends for a graph with a cycle, and for an output that nothing computes', () => {
  expect(meaningOf([graphNode('Identity', ['out'], 'out')]).meaning).toBe('logits')
  expect(meaningOf([]).meaning).toBe('logits')
})
