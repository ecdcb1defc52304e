import { expect, it } from 'vitest'
import { pairedLayers, roledLayers } from '../../../src/results/store/pairedLayers.js'

const map = (name: string) => ({ name, answers: null, isMap: true })
const features = (name: string) => ({ name, answers: null })
const scores = (name: string) => ({ name, answers: {} })

it.each([
  ['equal names', [features('fc6'), scores('fc8')], [scores('fc8'), features('fc6')], ['fc6=fc6', 'fc8=fc8']],
  ['the role of class scores', [scores('fc8')], [features('pool'), scores('output')], ['fc8=output']],
  [
    'the role of the last features, without maps',
    [features('fc6'), features('fc7'), scores('fc8')],
    [features('pool'), map('conv'), scores('output')],
    ['fc7=pool', 'fc8=output'],
  ],
  ['names before roles', [features('a'), features('b'), scores('c')], [features('d'), scores('b')], ['b=b']],
  ['no map', [map('conv')], [features('pool')], []],
  ['no scores with features', [scores('fc8')], [features('pool')], []],
  ['no one of several layers with class scores', [scores('a'), scores('b')], [scores('c')], []],
  ['nothing of nothing', [], [scores('c')], []],
])('layers are paired by %s', (_, one, other, expected) => {
  const pairs = pairedLayers(roledLayers(one), roledLayers(other))
  expect(pairs.map((pair) => pair.join('='))).toEqual(expected)
  const reversed = pairedLayers(roledLayers(other), roledLayers(one))
  expect(reversed.map((pair) => pair.toReversed().join('=')).toSorted()).toEqual(expected.toSorted())
})
