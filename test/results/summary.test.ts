import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ANCHOR_NAMES } from '../../src/engine/positions.js'
import type { Measure } from '../../src/results/metrics.js'
import type { StudyGroup } from '../../src/results/study.js'
import { summarize } from '../../src/results/summary.js'
import type { UnitInputs } from '../../src/results/unit/schema.js'
import { madeUnit } from './study.js'

function group(levels: readonly number[], changes: Partial<UnitInputs> = {}): StudyGroup {
  const units = levels.map((level, i) => ({ ...madeUnit({ patch: `patch ${i}`, ...changes }, level).unit, arrays: {} }))
  const [{ inputs, rows, cols }] = units as [(typeof units)[number]]
  return {
    model: inputs.model,
    size: inputs.size,
    rows,
    cols,
    stride: inputs.stride,
    frame: 224,
    layers: inputs.layers,
    units,
    metrics: [],
    nullBaseline: [],
    meanMaps: new Float64Array(inputs.layers.length * 20),
  }
}

describe('summary', () => {
  it('has mean and population standard deviation over patches of their means, one row a layer and anchor', () => {
    const { similarity } = summarize([group([0.2, 0.4, 0.9])])
    expect(similarity.map(({ layer, anchor }) => `${layer} ${anchor}`)).toEqual(
      ['fc6', 'fc8'].flatMap((layer) => ANCHOR_NAMES.map((anchor) => `${layer} ${anchor}`)),
    )
    const [first] = similarity
    expect(first).toMatchObject({ model: 'alexnet', layer: 'fc6', size: 125, anchor: 'top-left', patches: 3 })
    expect(first?.mean).toBeCloseTo(0.5, 12)
    expect(first?.std).toBeCloseTo(Math.sqrt((0.3 ** 2 + 0.1 ** 2 + 0.4 ** 2) / 3), 12)
  })

  it('of one patch has no deviation', () => {
    for (const { std, patches } of summarize([group([0.7])]).similarity) expect([std, patches]).toEqual([0, 1])
  })

  it('lies between the smallest and largest mean, whatever the patches’ order', () => {
    const levels = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(levels, (values) => {
        const [there] = summarize([group(values)]).similarity
        const [back] = summarize([group([...values].reverse())]).similarity
        expect(there?.mean).toBeCloseTo(back?.mean as number, 10)
        expect(there?.std).toBeCloseTo(back?.std as number, 10)
        expect(there?.mean).toBeGreaterThanOrEqual(Math.min(...values) - 1e-9)
        expect(there?.mean).toBeLessThanOrEqual(Math.max(...values) + 1e-9)
        expect(there?.std).toBeLessThanOrEqual((Math.max(...values) - Math.min(...values)) / 2 + 1e-9)
      }),
    )
  })
})

describe('summary of separability', () => {
  it('is the mean over patches of fold means and of fold deviations', () => {
    const result = (mean: number, std: number) => ({ folds: [mean], mean, std, gap: 0, notConverged: [] })
    const base = group([0.5, 0.6], {
      layers: ['fc'],
      separability: { loss: 'hinge', C: 1, seed: 0, cv: ['ordered'] },
    })
    const units = base.units.map((unit, i) => ({
      ...unit,
      layers: unit.layers.map((layer) => ({
        ...layer,
        separability: { ordered: { 'left-right': result(1 - i / 10, 0.01), 'top-bottom': result(0.8, i / 10) } },
      })),
    }))
    const { separability } = summarize([{ ...base, units }])
    expect(separability).toHaveLength(2)
    const [leftRight, topBottom] = separability
    expect(leftRight).toMatchObject({ layer: 'fc', task: 'left-right', cv: 'ordered', loss: 'hinge', patches: 2 })
    expect(leftRight?.accuracy).toBeCloseTo(0.95, 12)
    expect(topBottom?.std).toBeCloseTo(0.05, 12)
  })

  it('leaves out patches whose classifiers did not converge, and counts them', () => {
    const solved = { folds: [0.8], mean: 0.8, std: 0, gap: 0, notConverged: [] }
    const unsolved = { folds: [null], mean: null, std: null, gap: 0.5, notConverged: [0] }
    const base = group([0.5, 0.6], {
      layers: ['fc'],
      separability: { loss: 'hinge', C: 1, seed: 0, cv: ['ordered'] },
    })
    const units = base.units.map((unit, i) => ({
      ...unit,
      layers: unit.layers.map((layer) => ({
        ...layer,
        separability: { ordered: { 'left-right': i === 0 ? solved : unsolved, 'top-bottom': unsolved } },
      })),
    }))
    const { separability, notConverged } = summarize([{ ...base, units }])
    expect(separability).toMatchObject([{ task: 'left-right', accuracy: 0.8, patches: 1 }])
    expect(notConverged).toMatchObject([
      { task: 'left-right', cv: 'ordered', patches: 1 },
      { task: 'top-bottom', cv: 'ordered', patches: 2 },
    ])
  })

  it('is empty where it was not measured', () => {
    expect(summarize([group([0.5])]).separability).toEqual([])
  })
})

describe('summary of the measures', () => {
  it('has mean and deviation over patches of every measure, with its keys and the patches that have it', () => {
    const base = group([0.2, 0.4])
    const bias: Measure = { metric: 'direction-bias', variant: 'center', anchor: 'center' }
    const power: Measure = {
      metric: 'grid-spectrum',
      variant: 'center vertical 8px',
      anchor: 'center',
      axis: 'vertical',
      period: 8,
    }
    const inTables: Measure = { metric: 'similarity-mean', variant: 'center' }
    const metric = (layer: string, patch: string, measure: Measure, value: number) => ({
      model: 'alexnet',
      layer,
      size: 125,
      patch,
      measure,
      value,
    })
    const metrics = [
      metric('fc6', 'patch 0', bias, 0.1),
      metric('fc8', 'patch 0', bias, 5),
      metric('fc6', 'patch 0', inTables, 0.9),
      metric('fc6', 'patch 1', bias, 0.3),
      metric('fc6', 'patch 1', power, 0.01),
    ]
    const { measures } = summarize([{ ...base, metrics }])
    const place = { model: 'alexnet', size: 125 }
    expect(measures).toEqual([
      { ...place, layer: 'fc6', ...bias, mean: expect.closeTo(0.2, 12), std: expect.closeTo(0.1, 12), patches: 2 },
      { ...place, layer: 'fc6', ...power, mean: 0.01, std: 0, patches: 1 },
      { ...place, layer: 'fc8', ...bias, mean: 5, std: 0, patches: 1 },
    ])
  })
})
