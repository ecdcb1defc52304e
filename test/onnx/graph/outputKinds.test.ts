import { describe, expect, it } from 'vitest'
import { UsageError } from '../../../src/errors.js'
import type { OutputKind } from '../../../src/network.js'
import type { GraphConstant, GraphNode, GraphNodes } from '../../../src/onnx/format/graphNodes.js'
import { mainOutput, outputKinds, type ShownOutput } from '../../../src/onnx/graph/outputKinds.js'
import { graphNode } from '../../support/smallNetwork.js'

const constant = (...shape: readonly number[]): GraphConstant => ({ shape, type: 1, values: null })
const CONSTANTS = {
  weights: constant(512, 10),
  scale: constant(),
  kernels: constant(8, 3, 3, 3),
  narrowing: constant(10, 512, 1, 1),
  widening: constant(1280, 320, 1, 1),
}

const graphOf = (nodes: readonly GraphNode[]): GraphNodes => ({
  nodes,
  constants: new Map(Object.entries(CONSTANTS)),
  operatorSet: 17,
})
const output = (name: string, ...shape: readonly number[]): ShownOutput => ({ name, type: 'float32', shape })
const integers = (name: string, ...shape: readonly number[]): ShownOutput => ({ name, type: 'int64', shape })
const IMAGENET = [1000, 1001]

/** Nodes from the image to a vector of 512 values. */
const BODY = [
  graphNode('Conv', ['image', 'kernels'], 'map'),
  graphNode('GlobalAveragePool', ['map'], 'pooled'),
  graphNode('Flatten', ['pooled'], 'flat'),
]
const head = (to: string, from = 'flat') => graphNode('Gemm', [from, 'weights'], to)

interface Case {
  readonly nodes: readonly GraphNode[]
  readonly outputs: readonly ShownOutput[]
  /** Numbers of class names beside the file. */
  readonly names?: readonly number[]
  /** The kind of each output; undefined where the graph does not tell. */
  readonly kinds: readonly (string | undefined)[]
}

const CASES: Readonly<Record<string, Case>> = {
  'logits of a fully connected layer': { nodes: [head('y')], outputs: [output('y', 10)], kinds: ['scores'] },
  'probabilities behind a scaled fully connected layer': {
    nodes: [head('product'), graphNode('Div', ['product', 'scale'], 'cold'), graphNode('Softmax', ['cold'], 'y')],
    outputs: [output('y', 10)],
    kinds: ['scores'],
  },
  'sigmoids of many labels': {
    nodes: [head('product'), graphNode('Sigmoid', ['product'], 'y')],
    outputs: [output('y', 20)],
    kinds: ['scores'],
  },
  'a 1×1 convolution on a pooled map': {
    nodes: [graphNode('Conv', ['pooled', 'narrowing'], 'wide'), graphNode('Flatten', ['wide'], 'y')],
    outputs: [output('y', 10)],
    kinds: ['scores'],
  },
  'a 1×1 convolution, an activation and pooling, as in SqueezeNet': {
    nodes: [
      graphNode('Conv', ['map', 'narrowing'], 'each'),
      graphNode('Relu', ['each'], 'active'),
      graphNode('GlobalAveragePool', ['active'], 'y'),
    ],
    outputs: [output('y', 10, 1, 1)],
    kinds: ['scores'],
  },
  'features of MobileNetV2, whose last 1×1 convolution widens': {
    nodes: [
      graphNode('Conv', ['map', 'widening'], 'each'),
      graphNode('Clip', ['each'], 'active'),
      graphNode('ReduceMean', ['active'], 'y'),
    ],
    outputs: [output('y', 1280)],
    kinds: ['embedding'],
  },
  'pooled features': { nodes: [], outputs: [output('flat', 512)], kinds: ['embedding'] },
  'features behind an activation': {
    nodes: [head('product'), graphNode('Relu', ['product'], 'y')],
    outputs: [output('y', 4096)],
    kinds: ['embedding'],
  },
  'a face embedding, which is normalised': {
    nodes: [head('product'), graphNode('BatchNormalization', ['product'], 'y')],
    outputs: [output('y', 512)],
    kinds: ['embedding'],
  },
  'a vector that is named as an embedding': {
    nodes: [head('image_embeds')],
    outputs: [output('image_embeds', 512)],
    kinds: ['embedding'],
  },
  'scores beside the embedding that they are computed from': {
    nodes: [head('middle'), head('y', 'middle')],
    outputs: [output('y', 10), output('middle', 512)],
    kinds: ['scores', 'embedding'],
  },
  'as many values as class names beside other fully connected layers': {
    nodes: [head('a'), head('b'), head('c')],
    outputs: [output('a', 128), output('b', 7), output('c', 1000)],
    names: [7],
    kinds: ['embedding', 'scores', 'embedding'],
  },
  'as many values as ImageNet’s classes, of which one vector has a head': {
    nodes: [head('y')],
    outputs: [output('y', 1001), output('flat', 1000), output('other', 512)],
    kinds: ['scores', 'embedding', 'embedding'],
  },
  'as many values as class names by an unknown operator': {
    nodes: [{ ...graphNode('Fused', ['flat'], 'y'), domain: 'com.example' }],
    outputs: [output('y', 1000)],
    kinds: ['scores'],
  },
  'auxiliary heads': {
    nodes: [head('y'), head('aux1', 'pooled'), head('aux2', 'map')],
    outputs: [output('y', 1000), output('aux1', 1000), output('aux2', 1000)],
    kinds: ['scores', 'scores', 'scores'],
  },
  'scores beside the index of the best class': {
    nodes: [head('y'), graphNode('ArgMax', ['y'], 'label')],
    outputs: [output('y', 10), integers('label')],
    kinds: ['scores', 'labels'],
  },
  'an index as a floating-point number': {
    nodes: [head('y'), graphNode('ArgMax', ['y'], 'label'), graphNode('Cast', ['label'], 'number')],
    outputs: [output('number', 1)],
    kinds: ['labels'],
  },
  'tokens of a transformer, with and without a class token': {
    nodes: [],
    outputs: [output('tokens', 197, 768), output('patches', 49, 768), output('turned', 384, 256)],
    kinds: ['tokens', 'tokens', 'tokens'],
  },
  'maps, with channels first and last': {
    nodes: [],
    outputs: [output('map', 21, 224, 224), output('last', 7, 7, 768)],
    kinds: ['map', 'map'],
  },
  'outputs that can be tokens or boxes': {
    nodes: [],
    outputs: [output('y', 80, 8400), output('z', 1000, 768), output('few', 4, 8400)],
    kinds: [undefined, undefined, undefined],
  },
  'other outputs': {
    nodes: [head('one')],
    outputs: [output('one', 1), output('five', 3, 80, 80, 85), { name: 'b', type: 'bool', shape: [10] }, integers('i')],
    kinds: ['other', 'other', 'other', 'labels'],
  },
}

describe('an output is recognised:', () => {
  it.each(Object.entries(CASES))('%s', (_, { nodes, outputs, names = [], kinds }) => {
    const read = outputKinds(graphOf([...BODY, ...nodes]), outputs, [names, IMAGENET])
    expect(read.map(({ kind }) => kind)).toEqual(kinds)
    // The order of outputs decides nothing.
    const turned = outputKinds(graphOf([...BODY, ...nodes]), outputs.toReversed(), [names, IMAGENET])
    expect(turned.map(({ kind }) => kind)).toEqual(kinds.toReversed())
  })

  it('in a graph with a cycle, and without nodes', () => {
    const cycle = graphOf([graphNode('Identity', ['y'], 'y')])
    expect(outputKinds(cycle, [output('y', 10)], [[], IMAGENET])).toMatchObject([{ kind: 'embedding' }])
    expect(outputKinds(graphOf([]), [output('y', 1000)], [[], IMAGENET])).toMatchObject([{ kind: 'scores' }])
  })
})

describe('a stated kind', () => {
  const graph = graphOf([...BODY, head('y'), head('z')])
  const outputs = [output('y', 512), output('z', 1000), output('boxes', 80, 8400)]
  const kinds = (name: string, kind: OutputKind) =>
    outputKinds(graph, outputs, [[], IMAGENET], { name, kind }).map((knownOutput) => knownOutput.kind)

  it('overrides the rules', () => {
    expect(kinds('z', 'embedding')).toEqual(['scores', 'embedding', undefined])
    expect(kinds('boxes', 'boxes')).toEqual(['embedding', 'scores', 'boxes'])
  })

  it('makes one output the only one with class scores', () => {
    expect(kinds('y', 'scores')).toEqual(['scores', 'embedding', undefined])
  })

  it('is refused where shape or type contradict it', () => {
    expect(() => kinds('boxes', 'scores')).toThrow(UsageError)
    const label = [integers('label', 10)]
    expect(() => outputKinds(graph, label, [], { name: 'label', kind: 'embedding' })).toThrow(/values of type int64/)
  })
})

it.each([
  ['is the one named like scores', ['other', 'logits', 'third'], 'logits'],
  ['is no auxiliary one', ['aux_logits', 'output', 'third'], 'output'],
  ['is the deepest one of those', ['output_0', 'output_1', 'output_2'], 'output_1'],
  ['is the deepest one where no name tells', ['a', 'b', 'c'], 'b'],
])('the main output %s', (_, names, main) => {
  const [first = '', second = '', third = ''] = names
  const deep = [
    ...BODY,
    head(first, 'map'),
    graphNode('Relu', ['flat'], 'deep'),
    head(second, 'deep'),
    head(third, 'flat'),
  ]
  expect(
    mainOutput(
      graphOf(deep),
      names.map((name) => ({ name })),
    )?.name,
  ).toBe(main)
})
