import { describe, expect, it } from 'vitest'
import { jumpReason } from '../../../src/engine/reuse/rounding.js'
import type { GraphNode } from '../../../src/onnx/format/graphNodes.js'
import { graphNode } from '../../support/smallNetwork.js'

const FLOAT = 1
const INT64 = 7
const FLOAT16 = 10

type Attributes = Parameters<typeof graphNode>[3]

/** The reason for a graph with the feature `feature`. Names that no node computes are constants. */
function reasonFor(nodes: readonly GraphNode[], features = ['feature']): string | undefined {
  return jumpReason({ nodes, constants: new Map(), operatorSet: 17 }, 'image', features)
}

const convolution = graphNode('Conv', ['image', 'weights'], 'map')
const last = (...inputs: readonly string[]) => graphNode('Mean', inputs, 'feature')

const ALWAYS = [
  ...[
    'ArgMax',
    'ArgMin',
    'Bernoulli',
    'BitCast',
    'Ceil',
    'DynamicQuantizeLinear',
    'Equal',
    'Floor',
    'Greater',
    'GreaterOrEqual',
  ],
  ...['Hardmax', 'IsInf', 'IsNaN', 'Less', 'LessOrEqual', 'MaxRoiPool', 'Mod', 'Multinomial', 'NonMaxSuppression'],
  ...['NonZero', 'OneHot', 'QLinearConv', 'QLinearMatMul', 'QuantizeLinear', 'RoiAlign', 'Round', 'Shrink', 'Sign'],
  ...['ThresholdedRelu', 'Unique'],
]

const STEP = 'can turn a difference in the last bit into a step'

/** The reason that names a node of an 8-bit graph. */
const inEightBits = (title: string) =>
  `its values are rounded to 8 bits (${title}): sharing changes the last bit of some values, rounding can turn this into a whole step, and later layers enlarge the step`

describe('a network is computed in full if its features depend on', () => {
  it.each<[string, Attributes]>([
    ...ALWAYS.map((operator): [string, Attributes] => [operator, {}]),
    ['Cast', { to: INT64 }],
    ['Cast', { to: FLOAT16 }],
    ['CastLike', {}],
  ])('%s %j of computed values', (operator, attributes) => {
    const rounding = graphNode(operator, ['map', 'constant'], 'stepped', attributes)
    const nodes = [convolution, rounding, graphNode('Conv', ['stepped', 'weights'], 'feature')]
    const isEightBit = operator.includes('Quantize') || operator.startsWith('QLinear')
    const title = `${operator} "stepped"`
    expect(reasonFor(nodes)).toBe(isEightBit ? inEightBits(title) : `${title} ${STEP}`)
    expect(reasonFor(nodes, ['map'])).toBeUndefined()
  })

  it('positions that are rounded to read another tensor', () => {
    const sample = (mode: string, grid: string) => graphNode('GridSample', ['map', grid], 'feature', { mode })
    expect(reasonFor([convolution, sample('nearest', 'map')])).toBe(`GridSample "feature" ${STEP}`)
    expect(reasonFor([convolution, sample('nearest', 'grid')])).toBeUndefined()
    expect(reasonFor([convolution, sample('bilinear', 'map')])).toBeUndefined()
  })

  it.each(['TopK', 'MaxPool'])('the indices that %s gives, not if only on its values', (operator) => {
    const largest = { ...graphNode(operator, ['map', 'k']), outputs: ['values', 'indices'] }
    expect(reasonFor([convolution, largest, last('values', 'indices')])).toBe(`${operator} "values" ${STEP}`)
    expect(reasonFor([convolution, largest, last('values')])).toBeUndefined()
    // An empty name stands for an output, and for an input, that is left out.
    const values = { ...largest, outputs: ['values', ''] }
    expect(reasonFor([convolution, values, graphNode('Clip', ['values', '', 'max'], 'feature')])).toBeUndefined()
  })

  it('a node that contains others, or that belongs to another operator set', () => {
    const branch = graphNode('If', ['condition'], 'branch')
    expect(reasonFor([convolution, branch, last('map', 'branch')])).toBe('If "branch" contains nodes that may round')
    expect(reasonFor([convolution, branch, last('map')])).toBeUndefined()
    const foreign = (operator: string) => ({
      ...graphNode(operator, ['map', 'map'], 'added'),
      domain: 'com.microsoft',
    })
    const reason = 'FusedAdd "added" is not one of ONNX\'s own operators and may round'
    expect(reasonFor([convolution, foreign('FusedAdd'), last('added')])).toBe(reason)
    expect(reasonFor([convolution, foreign('QLinearAdd'), last('added')])).toBe(inEightBits('QLinearAdd "added"'))
  })

  it('a rounding that the file lists before the nodes that it reads', () => {
    const listed = [last('stepped'), graphNode('Round', ['map'], 'stepped'), convolution]
    expect(reasonFor(listed)).toBe(`Round "stepped" ${STEP}`)
    const circle = [graphNode('Round', ['other'], 'one'), graphNode('Add', ['one', 'map'], 'other')]
    expect(reasonFor([...circle, convolution, last('one')])).toBe(`Round "one" ${STEP}`)
  })

  it('several roundings; the reason names the first one', () => {
    const nodes = ['one', 'other'].map((output) => graphNode('Round', ['map'], output))
    expect(reasonFor([convolution, ...nodes, last('other', 'one')])).toBe(`Round "one" ${STEP}`)
  })
})

describe('values may be shared although a network', () => {
  it('rounds pixels, copies of pixels, or values that were already rounded so', () => {
    const pixels = [
      graphNode('Slice', ['image', 'begin', 'end'], 'channel'),
      graphNode('Cast', ['channel'], 'bytes', { to: INT64 }),
      graphNode('Mod', ['bytes', 'constant'], 'rest'),
      graphNode('Greater', ['rest', 'constant'], 'feature'),
    ]
    expect(reasonFor(pixels)).toBeUndefined()
    // A quantised convolution of pixels computes values, so the next one rounds computed values.
    const quantised = ['pixels', 'one', 'two'].map((input, i, names) => graphNode('QLinearConv', [input], names[i + 1]))
    const bytes = graphNode('QuantizeLinear', ['image', 'scale'], 'pixels')
    expect(reasonFor([bytes, ...quantised.slice(0, 2), last('two')])).toBe(inEightBits('QLinearConv "two"'))
    const scaled = [graphNode('Mul', ['image', 'scale'], 'scaled'), graphNode('Round', ['scaled'], 'feature')]
    expect(reasonFor(scaled)).toBe(`Round "feature" ${STEP}`)
  })

  it('rounds shapes and constants', () => {
    const nodes = [
      convolution,
      graphNode('Shape', ['map'], 'shape'),
      graphNode('Gather', ['shape', 'index'], 'batch'),
      graphNode('Cast', ['batch'], 'float', { to: FLOAT }),
      graphNode('Floor', ['float'], 'whole'),
      graphNode('Cast', ['whole'], 'integer', { to: INT64 }),
      graphNode('QuantizeLinear', ['weights', 'scale'], 'quantised'),
      graphNode('DequantizeLinear', ['quantised', 'scale'], 'rounded'),
      graphNode('Conv', ['map', 'rounded'], 'second'),
      graphNode('Cast', ['second'], 'double', { to: FLOAT }),
      graphNode('CastLike', ['constant', 'double'], 'alike'),
      graphNode('Mul', ['double', 'alike'], 'scaled'),
      graphNode('Reshape', ['scaled', 'integer'], 'feature'),
    ]
    expect(reasonFor(nodes)).toBeUndefined()
  })
})
