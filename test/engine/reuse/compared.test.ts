import { describe, expect, it } from 'vitest'
import { comparedLayers } from '../../../src/engine/reuse/compared.js'
import type { GraphNode } from '../../../src/onnx/format/graphNodes.js'
import { analysedGraph } from '../../../src/onnx/graph/analysis.js'
import { graphNode } from '../../support/smallNetwork.js'

const FLOAT = 1
const UINT8 = 2
const FLOAT16 = 10

const IMAGE = { name: 'image', rows: 4, cols: 4 }
const computed = graphNode('Relu', ['image'], 'computed')

/** The layers that are compared for layers of these names; each node reads the one before it. */
function comparedFor(names: readonly string[], ...nodes: readonly GraphNode[]) {
  const graph = { nodes: [computed, ...nodes], constants: new Map(), operatorSet: 17 }
  return comparedLayers(analysedGraph(graph, IMAGE), { layers: names.map((name) => ({ name, dims: 48 })) })
}

const cast = (from: string, to: string, type: number) => graphNode('Cast', [from], to, { to: type })
const flatten = graphNode('Flatten', ['computed'], 'flat')
const softmax = graphNode('Softmax', ['flat'], 'shares', { axis: 1 })

describe('a check of reuse compares', () => {
  it('the features themselves, also if they are copies or single floats of doubles', () => {
    expect(comparedFor(['flat'], flatten)).toEqual([{ name: 'flat', dims: 48 }])
    expect(comparedFor(['single'], cast('computed', 'double', 11), cast('double', 'single', FLOAT))).toEqual([
      { name: 'single', dims: 48 },
    ])
  })

  it.each(['Softmax', 'LogSoftmax', 'Sigmoid'])('the input of a final %s', (operator) => {
    const last = graphNode(operator, ['flat'], 'scores')
    const copy = graphNode('Identity', ['scores'], 'feature')
    expect(comparedFor(['feature'], flatten, last, copy)).toEqual([{ name: 'flat', dims: 48 }])
    expect(comparedFor(['feature'], flatten, { ...last, domain: 'own' }, copy)).toEqual([{ name: 'feature', dims: 48 }])
  })

  it('the values before the last float16, not before a rounding to integers or inside the network', () => {
    const half = cast('computed', 'half', FLOAT16)
    const single = cast('half', 'single', FLOAT)
    expect(comparedFor(['single'], half, single)).toEqual([{ name: 'computed', dims: 48 }])
    const bytes = cast('computed', 'bytes', UINT8)
    expect(comparedFor(['single'], bytes, cast('bytes', 'single', FLOAT))).toEqual([{ name: 'single', dims: 48 }])
    expect(comparedFor(['later'], half, single, graphNode('Neg', ['single'], 'later'))).toEqual([
      { name: 'later', dims: 48 },
    ])
  })

  it('a tensor only once, and features whose input has an unknown shape', () => {
    expect(comparedFor(['flat', 'shares'], flatten, softmax)).toEqual([{ name: 'flat', dims: 48 }])
    const unheard = graphNode('Unheard', ['computed'], 'flat')
    expect(comparedFor(['shares'], unheard, softmax)).toEqual([{ name: 'shares', dims: 48 }])
  })

  it('something of a damaged file whose nodes form a cycle', () => {
    const circle = [graphNode('Identity', ['other'], 'one'), graphNode('Softmax', ['one'], 'other')]
    expect(comparedFor(['one'], ...circle)).toHaveLength(1)
  })
})
