import { InferenceSession, Tensor } from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { classProbabilities } from '../../src/experiments/answers/answers.js'
import { outputOf } from '../../src/network.js'
import { networkNotes } from '../../src/networks/open/notes.js'
import { chooseNetwork } from '../../src/networks/open/openNetwork.js'
import { type Initializer, type Node, writeModel } from '../../src/onnx/format/onnxModel.js'
import { networkFolder } from '../support/networkFolder.js'
import { constantOf, node, weightsOf } from '../support/smallNetwork.js'

const folder = networkFolder()
const CLASSES = 10
const IMAGE = Float32Array.from({ length: 3 * 8 * 8 }, (_, i) => Math.sin(i * i))

const BODY = [
  node('Conv', ['image', 'filters'], 'map'),
  node('GlobalAveragePool', ['map'], 'pooled'),
  node('Flatten', ['pooled'], 'flat'),
  node('MatMul', ['flat', 'a.weights'], 'a'),
  node('MatMul', ['flat', 'b.weights'], 'b'),
  ...['a', 'b'].map((name) => node('Softmax', [name], `${name}.softmax`)),
]
const NUMBERS = { hundred: 100, half: 0.5, third: 1 / 3, two: 2, tiny: 1e-7, one: 1, zero: 0, negative: -1 }
const INITIALIZERS: readonly Initializer[] = [
  weightsOf('filters', 8, 3, 3, 3),
  weightsOf('a.weights', 8, CLASSES),
  {
    ...weightsOf('b.weights', 8, CLASSES),
    float32: async () => Float32Array.from({ length: 80 }, (_, i) => Math.cos(i)),
  },
  ...Object.entries(NUMBERS).map(([name, value]) => constantOf(name, [], value)),
  { name: 'axis', shape: [1], int64: [0] },
]

/** Writes a network that ends with these nodes, and returns the network and its values for `IMAGE`. */
async function run(nodes: readonly Node[], options: object = {}) {
  const model = folder('net.onnx')
  await writeModel(model, {
    name: 'net',
    inputs: [{ name: 'image', shape: ['N', 3, 8, 8] }],
    outputs: [{ name: 'y', shape: ['N', CLASSES] }],
    nodes: [...BODY, ...nodes],
    initializers: INITIALIZERS,
  })
  const network = await chooseNetwork({ model, ...options })
  const session = await InferenceSession.create(network.onnxPath, { logSeverityLevel: 4 })
  const names = ['y', ...network.layers.map(outputOf)]
  const results = await session.run({ image: new Tensor('float32', IMAGE, [1, 3, 8, 8]) }, [...new Set(names)])
  return { network, values: results.y?.data as Float32Array }
}

/** The network's probabilities, and the right ones: those of the first softmax, or the mean of both. */
async function probabilities(nodes: readonly Node[]) {
  const { network, values } = await run(nodes)
  const { classes } = network
  if (classes === undefined) throw new Error('y is not read as class scores')
  return {
    network,
    meaning: classes.scores.meaning,
    found: [...classProbabilities(values, 1, CLASSES, classes.scores, 'y')],
  }
}

/** The softmax of one head's logits, or the mean of both, computed here. */
async function softmaxOf(...heads: readonly ('a' | 'b')[]) {
  const mean = new Float64Array(CLASSES)
  for (const name of heads) {
    const exponentials = [...(await run([node('Identity', [name], 'y')])).values].map(Math.exp)
    const sum = exponentials.reduce((total, value) => total + value, 0)
    for (const [i, value] of exponentials.entries()) mean[i] = (mean[i] as number) + value / sum / heads.length
  }
  return mean
}

const A = 'a.softmax'
const BOTH = ['a.softmax', 'b.softmax']
const stacked = (operator: string) => [
  ...BOTH.map((name) => node('Unsqueeze', [name, 'axis'], `${name}.one`)),
  node(
    'Concat',
    BOTH.map((name) => `${name}.one`),
    'stack',
    { axis: 0 },
  ),
  operator === 'ReduceSum'
    ? node('ReduceSum', ['stack', 'axis'], 'y', { keepdims: 0 })
    : node(operator, ['stack'], 'y', { axes: [0], keepdims: 0 }),
]

describe('arithmetic by constants behind a Softmax keeps the probabilities', () => {
  it.each<[string, readonly Node[], 'probabilities' | 'log-probabilities', readonly ('a' | 'b')[]]>([
    ['× 100', [node('Mul', [A, 'hundred'], 'y')], 'probabilities', ['a']],
    ['100 ×', [node('Mul', ['hundred', A], 'y')], 'probabilities', ['a']],
    ['÷ 100', [node('Div', [A, 'hundred'], 'y')], 'probabilities', ['a']],
    ['Clip', [node('Clip', [A, 'tiny', 'one'], 'y')], 'probabilities', ['a']],
    ['Clip at 0 only', [node('Clip', [A, 'zero'], 'y')], 'probabilities', ['a']],
    [
      '× 100 and Clip',
      [node('Mul', [A, 'hundred'], 'percent'), node('Clip', ['percent', 'zero', 'hundred'], 'y')],
      'probabilities',
      ['a'],
    ],
    ['+ 1e-7', [node('Add', [A, 'tiny'], 'y')], 'probabilities', ['a']],
    ['Log', [node('Log', [A], 'y')], 'log-probabilities', ['a']],
    ['Log of Clip', [node('Clip', [A, 'tiny', 'one'], 'c'), node('Log', ['c'], 'y')], 'log-probabilities', ['a']],
    ['Log of + 1e-7', [node('Add', [A, 'tiny'], 'c'), node('Log', ['c'], 'y')], 'log-probabilities', ['a']],
    ['Log, + 2', [node('Log', [A], 'log'), node('Add', ['log', 'two'], 'y')], 'log-probabilities', ['a']],
    ['Exp of LogSoftmax', [node('LogSoftmax', ['a'], 'log'), node('Exp', ['log'], 'y')], 'probabilities', ['a']],
    ['sum of two', [node('Add', BOTH, 'y')], 'probabilities', ['a', 'b']],
    ['half a sum', [node('Add', BOTH, 's'), node('Mul', ['s', 'half'], 'y')], 'probabilities', ['a', 'b']],
    ['Mean', [node('Mean', BOTH, 'y')], 'probabilities', ['a', 'b']],
    ['Sum', [node('Sum', BOTH, 'y')], 'probabilities', ['a', 'b']],
    [
      'halves',
      [
        ...BOTH.map((name) => node('Mul', [name, 'half'], `${name}.half`)),
        node(
          'Add',
          BOTH.map((name) => `${name}.half`),
          'y',
        ),
      ],
      'probabilities',
      ['a', 'b'],
    ],
    ['ReduceMean of a stack', stacked('ReduceMean'), 'probabilities', ['a', 'b']],
    ['ReduceSum of a stack', stacked('ReduceSum'), 'probabilities', ['a', 'b']],
    ['Log of Mean', [node('Mean', BOTH, 'm'), node('Log', ['m'], 'y')], 'log-probabilities', ['a', 'b']],
  ])('%s', async (_, nodes, meaning, heads) => {
    const { network, found, ...rest } = await probabilities(nodes)
    expect(rest.meaning).toBe(meaning)
    const right = await softmaxOf(...heads)
    for (const [i, value] of found.entries()) expect(value).toBeCloseTo(right[i] as number, 5)
    expect(String(networkNotes(network).at(-1))).toMatch(
      new RegExp(
        `^net: "y" is read as class scores \\(${meaning}\\), because after its \\S+ come only .*; state another meaning with \`scores\`$`,
      ),
    )
  })
})

describe('arithmetic that changes the values of a Softmax is named in a note', () => {
  it.each<[string, readonly Node[]]>([
    ['Pow', [node('Pow', [A, 'two'], 'y')]],
    ['Sqrt', [node('Sqrt', [A], 'y')]],
    ['Clip', [node('Clip', [A, 'zero', 'half'], 'y')]],
    ['Add', [node('Add', [A, 'half'], 'y')]],
    ['Mul', [node('Mul', [A, 'negative'], 'y')]],
    ['Mul', [node('Log', [A], 'log'), node('Mul', ['log', 'two'], 'y')]],
  ])('%s', async (operator, nodes) => {
    const { network } = await run(nodes)
    const kind = network.classes ? 'class scores (logits)' : 'features without classes'
    const option = network.classes ? 'state another meaning with `scores`' : 'use `outputKind scores` if it has them'
    expect(networkNotes(network).map(String)).toContain(
      `net: "y" is read as ${kind}, because ${operator} changes the values of the Softmax before it; ${option}`,
    )
    expect((await run(nodes, { outputKind: 'scores' })).network.notes).toBeUndefined()
  })
})

it('a Softmax itself, logits, and a Softmax before weights need no note', async () => {
  for (const nodes of [
    [node('Identity', [A], 'y')],
    [node('Mul', ['a', 'half'], 'y')],
    [node('Softmax', ['flat'], 'attention'), node('MatMul', ['attention', 'a.weights'], 'y')],
  ])
    expect((await run(nodes)).network).not.toHaveProperty('notes')
})

it('sigmoids keep their meaning only if they keep their scale', async () => {
  const of = async (...nodes: readonly Node[]) =>
    (await run([node('Sigmoid', ['a'], 's'), node('Sigmoid', ['b'], 't'), ...nodes])).network.classes?.scores.meaning
  expect(await of(node('Mean', ['s', 't'], 'y'))).toBe('sigmoid')
  expect(await of(node('Clip', ['s', 'tiny', 'one'], 'y'))).toBe('sigmoid')
  expect(await of(node('Add', ['s', 't'], 'sum'), node('Mul', ['sum', 'half'], 'y'))).toBe('sigmoid')
  expect(await of(node('Mul', ['s', 'hundred'], 'y'))).toBe('logits')
})
