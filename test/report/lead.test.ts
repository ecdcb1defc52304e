import { describe, expect, it } from 'vitest'
import type { ClaimFinding } from '../../src/report/findings/findings.js'
import { lead, leadLink } from '../../src/report/lead.js'
import type { StudyGroup } from '../../src/results/study.js'
import { madeUnit } from '../results/study.js'

/** A group of one network with a unit for each patch, whose layer fc8 answers. */
function groupOf(model: string, patches: readonly { patch: string; probability: number; kept: number }[]): StudyGroup {
  const units = patches.map(({ patch, probability, kept }) => {
    const { unit } = madeUnit({ model, patch })
    const answers = { center: { class: 4, probability }, kept, least: 0, names: { 4: `a ${patch}` } }
    return { ...unit, layers: unit.layers.map((one) => ({ ...one, answers: one.name === 'fc8' ? answers : null })) }
  })
  return { model, size: 125, units } as unknown as StudyGroup
}

function finding(model: string, claim: string, verdict: ClaimFinding['verdict']): ClaimFinding {
  return { model, claim, verdict } as ClaimFinding
}

describe('what comes first', () => {
  const groups = [
    groupOf('net', [{ patch: 'dog', probability: 0.9, kept: 0.93 }]),
    groupOf('other', [
      { patch: 'car', probability: 0.1, kept: 0.2 },
      { patch: 'cat & dog', probability: 0.6, kept: 0.4 },
    ]),
  ]

  it('is the object that a network is sure of at the center and takes for something else elsewhere', () => {
    expect(lead([], groups)).toEqual([
      'Shown “cat & dog” (125 px) in the middle of the frame, other answers “a cat & dog” (0.60); at 60 % of the places, something else.',
    ])
    const view = new URLSearchParams(leadLink(groups)?.slice(1))
    expect([view.get('network'), view.get('patch'), view.get('map')]).toEqual(['other', 'cat & dog', 'answers'])
  })

  it('is no surprise where every answer stays', () => {
    const steady = [groupOf('net', [{ patch: 'dog', probability: 0.9, kept: 1 }])]
    expect(lead([], steady)).toEqual(['Every network here answers the same at nearly every place of every object.'])
    expect(leadLink(steady)).toBeUndefined()
  })

  it('is a claim that the numbers decide, by how many networks', () => {
    const claim = 'top-bottom-less-separable'
    const findings = [
      finding('a', claim, 'not supported'),
      finding('b', claim, 'cannot be judged'),
      finding('a', 'no-global-invariance', 'supported'),
    ]
    expect(lead(findings, [])).toEqual([
      'For a, top and bottom are told apart as well as left and right: the paper’s gap is its folds’ doing.',
    ])
    const all = ['a', 'b'].map((model) => finding(model, 'no-global-invariance', 'supported'))
    expect(lead(all, [])[0]).toMatch(/^For every network here, features are not the same/)
  })

  it('is nothing where nothing is clear', () => {
    expect(lead([finding('a', 'horizontal-bias', 'cannot be judged')], [])).toEqual([])
    expect(leadLink([])).toBeUndefined()
  })
})
