import { describe, expect, it } from 'vitest'
import { explainFolds } from '../../src/report/folds.js'
import type { SeparabilitySummary } from '../../src/results/summary.js'

function cell(task: string, cv: string, accuracy: number, layer = 'fc6'): SeparabilitySummary {
  return { model: 'm', layer, size: 75, task, cv, loss: 'hinge', accuracy, std: 0.01, patches: 2 }
}

describe('explanation of the folds', () => {
  it('has the study’s own numbers, averaged over its cells', () => {
    const text = explainFolds([
      cell('top-bottom', 'ordered', 0.8),
      cell('top-bottom', 'ordered', 0.9, 'fc7'),
      cell('left-right', 'ordered', 0.99),
      cell('top-bottom', 'shuffled', 0.975),
      cell('left-right', 'shuffled', 0.985),
    ])
    expect(text).toContain('over all networks, layers and sizes here it is 0.850 ± 0.010, for left-right 0.990 ± 0.010')
    expect(text).toContain('top-bottom 0.975 ± 0.010, left-right 0.985 ± 0.010')
    expect(text).not.toContain('transposed')
  })

  it('blames the folds only where shuffled folds find top and bottom as separable as left and right', () => {
    const study = (shuffledTopBottom: number) => [
      cell('top-bottom', 'ordered', 0.85),
      cell('left-right', 'ordered', 0.99),
      cell('left-right', 'shuffled', 0.98),
      cell('top-bottom', 'shuffled', shuffledTopBottom),
    ]
    const conclusion = 'not what the features do'
    expect(explainFolds(study(0.97))).toContain(conclusion)
    expect(explainFolds(study(0.85))).not.toContain(conclusion)
    expect(explainFolds(study(0.97).slice(0, 2))).not.toContain(conclusion)
  })

  it('is left out where ordered folds were not measured', () => {
    expect(explainFolds([])).toBeUndefined()
    expect(explainFolds([cell('top-bottom', 'shuffled', 0.9)])).toBeUndefined()
  })
})
