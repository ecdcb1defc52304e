import { expect, it } from 'vitest'
import { integersOf, outputMeaning } from '../../../src/networks/onnx/graph/outputMeaning.js'
import type { GraphConstant, GraphNode } from '../../../src/networks/onnx/graphNodes.js'
import { graphNode } from '../../support/smallNetwork.js'

const NO_CONSTANTS: Readonly<Record<string, GraphConstant>> = {}

function meaningOf(nodes: readonly GraphNode[], constants = NO_CONSTANTS, output = 'out') {
  return outputMeaning({ nodes, constants: new Map(Object.entries(constants)), operatorSet: 17 }, output)
}

function integersIn(nodes: readonly GraphNode[], constants = NO_CONSTANTS) {
  return integersOf({ nodes, constants: new Map(Object.entries(constants)), operatorSet: 17 }, 'out')
}

/** Nodes that follow each other, from `logits` to `out`. Each has two more inputs, as QuantizeLinear has. */
function chain(...operators: readonly string[]): readonly GraphNode[] {
  const nameOf = (i: number) => (i === operators.length ? 'out' : i === 0 ? 'logits' : `t${i}`)
  return operators.map((operator, i) => graphNode(operator, [nameOf(i), 'scale', 'zero'], nameOf(i + 1)))
}

const number = (value: number): GraphConstant => ({ shape: [], type: 1, values: [value] })

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

it('leaves scale and zero point of tensors that stay integers', () => {
  const constants = { scale: number(0.25), zero: number(-128) }
  const integers = { scale: 0.25, zeroPoint: -128 }
  expect(integersIn(chain('Sigmoid', 'QuantizeLinear', 'Reshape'), constants)).toEqual(integers)
  expect(integersIn(chain('Gemm', 'QuantizeLinear'), constants)).toEqual(integers)
  expect(integersIn(chain('Gemm', 'QuantizeLinear', 'DequantizeLinear'), constants)).toBeUndefined()
  expect(integersIn(chain('Gemm', 'QuantizeLinear'))).toBeUndefined()
  const made = [graphNode('Constant', [], 'scale', { value: number(0.25) }), graphNode('Cast', ['float zero'], 'zero')]
  expect(integersIn([...made, ...chain('Gemm', 'QuantizeLinear')], { 'float zero': number(-128) })).toEqual(integers)
  const withoutZero = [graphNode('QuantizeLinear', ['logits', 'scale'], 'out')]
  expect(integersIn(withoutZero, constants)).toEqual({ scale: 0.25, zeroPoint: 0 })
})

it('leaves those of the operators that compute with integers, too', () => {
  const constants = { scale: number(1 / 256), zero: number(3), 'its scale': number(9), 'its zero': number(8) }
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
    expect(integersIn([graphNode(operator, inputs, 'out')], constants), operator).toEqual({
      scale: 1 / 256,
      zeroPoint: 3,
    })
  expect(meaningOf([graphNode('QLinearSoftmax', behind(...one), 'out')], constants).meaning).toBe('probabilities')
})

it('ends for a graph with a cycle, and for an output that nothing computes', () => {
  expect(meaningOf([graphNode('Identity', ['out'], 'out')]).meaning).toBe('logits')
  expect(meaningOf([]).meaning).toBe('logits')
})
