import { expect, it } from 'vitest'
import { UsageError } from '../../../src/errors.js'
import { resolveOptions } from '../../../src/study/maps/options.js'

it('a preset has networks of its own', () => {
  const quick = ['tiny-alexnet', 'tiny-alexnet-aa', 'tiny-alexnet-noflip']
  const paper = ['alexnet', 'resnet50', 'mobilenet_v2', 'alexnet-aa', 'resnet50-aa', 'mobilenet_v2-aa']
  expect(resolveOptions({}).unitModels).toEqual(quick)
  expect(resolveOptions({ preset: 'paper' }).unitModels).toEqual(paper)
  const { arithmeticModels } = resolveOptions({ preset: 'paper', experiments: ['arithmetic'] })
  expect([...new Set(arithmeticModels)]).toEqual([...paper, 'caffenet'])
})

it('a read-out has the seed of the study, which must be one', () => {
  expect(resolveOptions({ seed: 7 }).readout).toBeUndefined()
  expect(resolveOptions({ seed: 7, experiments: ['readout'] })).toMatchObject({
    ...{ readout: { samples: 800, seed: 7 }, separability: null },
    unitModels: resolveOptions({}).unitModels,
  })
  expect(() => resolveOptions({ seed: 0.5, experiments: ['readout'] })).toThrow(UsageError)
})
