import { expect, it } from 'vitest'
import { productsBefore } from '../../../src/onnx/graph/products.js'
import { connectedEnds, stageEnds } from '../../../src/onnx/graph/stageEnds.js'
import { visitsOf } from '../../support/visits.js'

/** A chain of activations, all of one size, and the shapes of its tensors. */
function chain(length: number) {
  const nodes = Array.from({ length }, (_, i) => ({
    operator: 'Relu',
    domain: '',
    inputs: [i === 0 ? 'image' : `t${i}`],
    outputs: [`t${i + 1}`],
    attributes: new Map(),
  }))
  const tensors = nodes.map(({ operator, outputs }) => {
    return { name: outputs[0] as string, operator, type: 'float32', shape: [2, 4, 8, 8] }
  })
  return { graph: { nodes, constants: new Map(), operatorSet: 17 }, tensors }
}

/** A stack of fully connected layers with one matrix of weights. */
function stack(length: number) {
  const { graph } = chain(length)
  const weights = { shape: [4, 4], type: 1, values: null }
  const nodes = graph.nodes.map((node) => ({ ...node, operator: 'MatMul', inputs: [...node.inputs, 'weights'] }))
  return { ...graph, nodes, constants: new Map([['weights', weights]]) }
}

it.each([
  ['in a chain', (length: number) => chain(length)],
  ['that all read one tensor', (length: number) => widened(chain(length))],
])('the work to find suggested tensors grows with the number of nodes, not with its square: %s', (_, make) => {
  const visits = (length: number) => {
    const { graph, tensors } = make(length)
    return visitsOf(() => [stageEnds(graph, tensors), connectedEnds(graph, `t${length}`, tensors)])
  }
  expect(visits(2000) / visits(1000)).toBeLessThan(2.1)
})

it('the last activation of a long chain ends its stage', () => {
  const { graph, tensors } = chain(60_000)
  expect(stageEnds(graph, tensors)).toEqual(['t60000'])
})

it('the products of a deep stack are listed in the order of the file', () => {
  const found = productsBefore(stack(20_000), 't20000')
  expect(found).toHaveLength(20_000)
  expect([found[0], found.at(-1)]).toEqual([
    { input: 'image', output: 't1' },
    { input: 't19999', output: 't20000' },
  ])
})

function widened({ graph, tensors }: ReturnType<typeof chain>) {
  const nodes = graph.nodes.map((node, i) => (i === 0 ? node : { ...node, inputs: ['t1'] }))
  return { graph: { ...graph, nodes }, tensors }
}
