import { expect, it } from 'vitest'
import { resolveOptions } from '../../src/study/options.js'

it('a preset has networks of its own', () => {
  const quick = ['tiny-alexnet', 'tiny-alexnet-aa', 'tiny-alexnet-noflip']
  const paper = ['alexnet', 'resnet50', 'mobilenet_v2', 'alexnet-aa', 'resnet50-aa', 'mobilenet_v2-aa']
  expect(resolveOptions({}).unitModels).toEqual(quick)
  expect(resolveOptions({ preset: 'paper' }).unitModels).toEqual(paper)
  const { arithmeticModels } = resolveOptions({ preset: 'paper', experiments: ['arithmetic'] })
  expect([...new Set(arithmeticModels)]).toEqual([...paper, 'caffenet'])
})
