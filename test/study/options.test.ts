import { describe, expect, it } from 'vitest'
import { UsageError } from '../../src/errors.js'
import { resolveOptions } from '../../src/study/options.js'

describe('a preset', () => {
  it('has networks of its own', () => {
    const quick = ['tiny-alexnet', 'tiny-alexnet-aa', 'tiny-alexnet-noflip']
    const paper = ['alexnet', 'resnet50', 'mobilenet_v2', 'alexnet-aa', 'resnet50-aa', 'mobilenet_v2-aa']
    expect(resolveOptions({}).unitModels).toEqual(quick)
    expect(resolveOptions({ preset: 'paper' }).unitModels).toEqual(paper)
    const { arithmeticModels } = resolveOptions({ preset: 'paper', experiments: ['arithmetic'] })
    expect([...new Set(arithmeticModels)]).toEqual([...paper, 'caffenet'])
  })
})

describe('perturbations', () => {
  it('are none by default, and a whole number that is not too large', () => {
    expect(resolveOptions({}).perturb).toBe(0)
    expect(resolveOptions({ perturb: 100 }).perturb).toBe(100)
    for (const perturb of [-1, 1.5, 101, Number.NaN]) {
      expect(() => resolveOptions({ perturb })).toThrow(UsageError)
      expect(() => resolveOptions({ perturb })).toThrow(`\`perturb ${perturb}\` is not a whole number from 0 to 100`)
    }
    expect(() => resolveOptions({ perturb: 1, seed: 0.5 })).toThrow(/^seed 0\.5 is not a whole number/)
  })

  it('are refused where there are no units', () => {
    expect(() => resolveOptions({ perturb: 2, experiments: ['arithmetic'] })).toThrow(UsageError)
    expect(() => resolveOptions({ perturb: 2, experiments: ['arithmetic'] })).toThrow(/leave `perturb 2` out/)
    expect(resolveOptions({ perturb: 0, experiments: ['arithmetic'] }).perturb).toBe(0)
    expect(resolveOptions({ perturb: 2, experiments: ['arithmetic', 'similarity'] }).perturb).toBe(2)
  })
})
