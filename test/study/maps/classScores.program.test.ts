import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { explore } from '../../../src/explore/explore.js'
import { extract } from '../../../src/features/openNetwork.js'
import { ElementType } from '../../../src/onnx/format/messages.js'
import type { Initializer, Node } from '../../../src/onnx/format/onnxModel.js'
import { readAnsweredNetworks } from '../../../src/results/answers/read.js'
import { openResults } from '../../../src/results/store/openResults.js'
import { consistency } from '../../../src/study/answers/consistency.js'
import type { ReproduceOptions } from '../../../src/study/maps/options.js'
import { reproduce } from '../../../src/study/maps/reproduce.js'
import { runHere } from '../../support/inProcess.js'
import { post, wholeMap } from '../../support/liveServer.js'
import { randomOf } from '../../support/random.js'
import { constantOf, node, smallNetwork } from '../../support/smallNetwork.js'
import { sharedFolder } from '../../support/temporaryFolder.js'

const folder = sharedFolder()
const CLASSES = 10

/** Operators that give class scores, what these mean, and the probabilities that follow from them. */
const HEADS = {
  Softmax: { meaning: 'probabilities', probabilitiesOf: shares },
  LogSoftmax: { meaning: 'log-probabilities', probabilitiesOf: (scores) => shares(scores.map(Math.exp)) },
  Sigmoid: { meaning: 'sigmoid', probabilitiesOf: (scores) => scores },
  Identity: { meaning: 'logits', probabilitiesOf: (scores) => shares(scores.map(Math.exp)) },
} as const satisfies Record<string, { meaning: string; probabilitiesOf: (scores: Float64Array) => Float64Array }>
type Head = keyof typeof HEADS

function shares(values: Float64Array): Float64Array {
  const sum = values.reduce((total, value) => total + value)
  return values.map((value) => value / sum)
}

/** Operators that pass values on from one tensor to another of the same shape. */
const PASSING: readonly ((from: string, to: string) => readonly Node[])[] = [
  (from, to) => [node('Identity', [from], to)],
  (from, to) => [node('Reshape', [from, 'shape'], to)],
  (from, to) => [node('Flatten', [from], to)],
  (from, to) => [node('Unsqueeze', [from, 'axis'], `${to}.wide`), node('Squeeze', [`${to}.wide`, 'axis'], to)],
  (from, to) => [
    node('Cast', [from], `${to}.double`, { to: ElementType.DOUBLE }),
    node('Cast', [`${to}.double`], to, { to: ElementType.FLOAT }),
  ],
]

/**
 * Writes a small classifier with weights by a seed, and three operators of `PASSING` at its end. Its twin with 8 bits
 * also rounds the image, the features, the logits and the class scores.
 */
async function writeTwin(head: Head, seed: number, isQuantised: boolean): Promise<string> {
  const { below, pick } = randomOf(seed, 'twin', 0)
  const weightsIn = (name: string, limit: number, ...shape: number[]): Initializer => {
    const length = shape.reduce((product, size) => product * size)
    const values = Float32Array.from({ length }, () => limit * (below(2 ** 20) / 2 ** 19 - 1))
    return { name, shape, float32: async () => values }
  }
  const initializers: Initializer[] = [
    weightsIn('kernels', 0.2, 8, 3, 5, 5),
    weightsIn('weights', 3, CLASSES, 8),
    weightsIn('bias', 1, CLASSES),
    { name: 'shape', shape: [2], int64: [-1, CLASSES] },
    { name: 'axis', shape: [1], int64: [2] },
  ]
  const rounded = (from: string, to: string, scale: number, zeroPoint = 0): readonly Node[] => {
    if (!isQuantised) return [node('Identity', [from], to)]
    initializers.push(constantOf(`${to}.scale`, [], scale), constantOf(`${to}.zero.float`, [], zeroPoint))
    const places = [`${to}.scale`, `${to}.zero`]
    return [
      node('Cast', [`${to}.zero.float`], `${to}.zero`, { to: ElementType.INT8 }),
      node('QuantizeLinear', [from, ...places], `${to}.integers`),
      node('DequantizeLinear', [`${to}.integers`, ...places], to),
    ]
  }
  const isShare = head === 'Softmax' || head === 'Sigmoid'
  const nodes = [
    ...rounded('image', 'pixels', 2.7 / 127),
    node('Conv', ['pixels', 'kernels'], 'convolved', { strides: [2, 2] }),
    node('Relu', ['convolved'], 'relu'),
    node('GlobalAveragePool', ['relu'], 'pooled'),
    node('Flatten', ['pooled'], 'flat'),
    ...rounded('flat', 'features', 4 / 127),
    node('Gemm', ['features', 'weights', 'bias'], 'product', { transB: 1 }),
    ...rounded('product', 'logits', 16 / 127),
    node(head, ['logits'], 'scores'),
    // TensorFlow Lite has this scale and zero point for scores from 0 to 1.
    ...(isShare ? rounded('scores', 'passed.0', 1 / 256, -128) : rounded('scores', 'passed.0', 16 / 127)),
    ...['passed.1', 'passed.2', 'feature'].flatMap((to, i) => pick(PASSING)(`passed.${i}`, to)),
  ]
  const path = folder(`${head}-${seed}${isQuantised ? '-8bit' : ''}.onnx`)
  await smallNetwork(path, { dims: CLASSES, nodes, initializers })
  return path
}

const SCENE = { patches: 'dog', sizes: [16], stride: 4, input: 'imagenet', experiments: ['similarity'] } as const
const study = (models: readonly string[], changes: ReproduceOptions = {}) =>
  reproduce({ ...SCENE, models, workers: 1, keepFeatures: true, report: false, out: folder('out'), ...changes })

interface StoredAnswers {
  readonly scores: Float64Array
  /** Probability of the answer at each position. */
  readonly probabilities: Float32Array
  readonly stated: string | undefined
}

async function storedAnswers(out = folder('out')): Promise<ReadonlyMap<string, StoredAnswers>> {
  const all = new Map<string, StoredAnswers>()
  for await (const { inputs, features, answers } of openResults(out)) {
    const scores = Float64Array.from((await features('feature'))?.data ?? [])
    const { data = new Float32Array() } = (await answers('feature')) ?? {}
    const positions = data.length / 3
    all.set(inputs.model, { scores, probabilities: data.subarray(positions, 2 * positions), stated: inputs.scores })
  }
  return all
}

const largestShare = (scores: Float64Array, of: (row: Float64Array) => Float64Array) =>
  Array.from({ length: scores.length / CLASSES }, (_, i) =>
    Math.max(...of(scores.subarray(i * CLASSES, (i + 1) * CLASSES))),
  )

it('probabilities are those of ONNX Runtime in random networks and their 8-bit twins', async () => {
  const twins = (Object.keys(HEADS) as Head[]).flatMap((head) => [0, 1, 2].map((seed) => ({ head, seed })))
  const models: string[] = []
  for (const { head, seed } of twins)
    for (const isQuantised of [false, true]) models.push(await writeTwin(head, seed, isQuantised))
  await study(models)
  const stored = await storedAnswers()
  for (const { head, seed } of twins) {
    const { meaning, probabilitiesOf } = HEADS[head]
    const [float, twin] = ['', '-8bit'].map((suffix) => stored.get(`${head}-${seed}${suffix}`) as StoredAnswers)
    for (const { scores, probabilities, stated } of [float, twin] as readonly StoredAnswers[]) {
      expect(stated).toBe(meaning)
      const expected = largestShare(scores, probabilitiesOf).map((value) => expect.closeTo(value, 6))
      expect([...probabilities], `${head} ${seed}`).toEqual(expected)
    }
    // Rounding changes little. A second softmax would bring all probabilities close to a tenth.
    const differences =
      twin?.probabilities.map((value, i) => Math.abs(value - (float?.probabilities[i] as number))) ?? []
    expect(Math.max(...differences), `${head} ${seed}`).toBeLessThan(0.1)
  }
})

it('probabilities are computed anew where the user says that the scores mean something else', async () => {
  const model = await writeTwin('Sigmoid', 7, true)
  const out = folder('stated')
  const computed = async (changes: ReproduceOptions) => (await study([model], { out, ...changes })).computed
  expect(await computed({})).toBe(1)
  expect(await computed({ scores: 'sigmoid' })).toBe(0)
  for (const scores of ['logits', 'probabilities'] as const) {
    expect([await computed({ scores }), await computed({ scores })]).toEqual([1, 0])
    const [{ scores: values, probabilities, stated } = {}] = [...(await storedAnswers(out)).values()]
    expect(stated).toBe(scores)
    const of = HEADS[scores === 'logits' ? 'Identity' : 'Softmax'].probabilitiesOf
    const expected = largestShare(values ?? new Float64Array(), of).map((value) => expect.closeTo(value, 6))
    expect([...(probabilities ?? [])]).toEqual(expected)
  }
  const { networks } = JSON.parse(readFileSync(`${out}/run.json`, 'utf8'))
  expect(networks[0].classes.scores).toEqual({ meaning: 'probabilities', source: 'options' })
})

it('the meaning of the scores is said by inspect, extract and consistency', async () => {
  const model = await writeTwin('Softmax', 7, true)
  const scores = { meaning: 'probabilities', source: 'Softmax in the graph' }
  const inspected = await runHere(['models', 'inspect', model])
  expect(inspected.stdout).toMatch(/^output .*: scores \(probabilities:\s+Softmax in the\s+graph\)$/m)
  const stated = await runHere(['models', 'inspect', model, '--scores', 'logits', '--json'])
  expect(JSON.parse(stated.stdout).classes.scores).toEqual({ meaning: 'logits', source: 'options' })
  const out = folder('extracted')
  const given = { model, input: 'imagenet', workers: 1 } as const
  const { answers } = await extract({ ...given, patch: 'dog', size: 16, stride: 8, out })
  expect(answers?.scores).toEqual(scores)
  expect(JSON.parse(readFileSync(`${out}/extract.json`, 'utf8')).answers.scores).toEqual(scores)
  const photographs = new URL('../../golden/consistency/photograph-0.png', import.meta.url).pathname
  const measured = async (changes = {}) => {
    const { networks } = await consistency({ ...given, photographs, protocols: ['diagonal'], ...changes })
    return networks[0] as (typeof networks)[number]
  }
  const known = await measured({ out: folder('consistent') })
  const [stored] = await readAnsweredNetworks(folder('consistent'))
  expect(stored?.scores).toBe(scores.meaning)
  const flat = await measured({ scores: 'logits' })
  expect([known.scores, flat.scores]).toEqual([scores, { meaning: 'logits', source: 'options' }])
  const meanOf = ({ measures }: typeof known, name: string) => measures.find(({ measure }) => measure === name)?.mean
  expect(meanOf(known, 'change')).toBe(meanOf(flat, 'change'))
  expect(meanOf(known, 'probability-change')).toBeGreaterThan(2 * (meanOf(flat, 'probability-change') as number))
})

it('the live page uses the meaning that the user states, and keeps it', async () => {
  const model = await writeTwin('Sigmoid', 7, false)
  await using page = await explore({ models: [model], scores: 'logits', results: folder('kept'), workers: 1 })
  const scene = { network: 'Sigmoid-7', object: 0, category: 'car', size: 16, stride: 8, background: 'white' }
  const place = { row: 0, col: 0 }
  const messages = await wholeMap(page.address, { ...scene, layer: 'feature', anchor: place, cursor: place })
  const probabilities = messages.flatMap((one) => (one.kind === 'rows' ? [...(one.answers?.probability ?? [])] : []))
  // The softmax of ten values from 0 to 1 is at most e / (e + 9).
  for (const probability of probabilities) expect(probability).toBeLessThan(0.24)
  expect(probabilities.length).toBeGreaterThan(0)
  await post(`${page.address}keep`, { ...scene, replaces: false })
  expect([...(await storedAnswers(folder('kept'))).values()].map(({ stated }) => stated)).toEqual(['logits'])
})
