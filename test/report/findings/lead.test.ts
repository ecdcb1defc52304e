import { describe, expect, it } from 'vitest'
import { leadOf } from '../../../src/report/findings/lead.js'
import type { StudyGroup } from '../../../src/results/study.js'
import { madeUnit } from '../../results/study.js'

/** A group of one network with a unit for each patch, whose layer fc8 answers. */
function groupOf(model: string, patches: readonly { patch: string; probability: number; kept: number }[]): StudyGroup {
  const units = patches.map(({ patch, probability, kept }) => {
    const { unit } = madeUnit({ model, patch })
    const answers = { center: { class: 4, probability }, right: null, kept, least: 0, names: { 4: `a ${patch}` } }
    return { ...unit, layers: unit.layers.map((one) => ({ ...one, answers: one.name === 'fc8' ? answers : null })) }
  })
  return { model, size: 125, units } as unknown as StudyGroup
}

const objects = [
  { patch: 'car', probability: 0.4, kept: 0.1 },
  { patch: 'cat & dog', probability: 0.6, kept: 0.4 },
  { patch: 'boat', probability: 0.9, kept: 0.5 },
  { patch: 'bird', probability: 0.9, kept: 1 },
  { patch: 'clock', probability: 0.9, kept: 1 },
]

describe('what the page says first', () => {
  it('is the confident answer that changes most, and a link that shows it', () => {
    const { sentence, link } = leadOf([groupOf('net', objects)]) ?? {}
    expect(sentence).toBe(
      'With “cat & dog” (125 px) at the center, net answers “a cat & dog” (0.60). It answers something else at 60 % of the positions.',
    )
    const view = new URLSearchParams(link?.slice(1))
    expect([view.get('network'), view.get('patch'), view.get('map')]).toEqual(['net', 'cat & dog', 'answers'])
  })

  it('is nothing of fewer than five objects, and nothing where no answer changes', () => {
    expect(leadOf([groupOf('net', objects.slice(1))])).toBeUndefined()
    const steady = groupOf(
      'net',
      objects.map((one) => ({ ...one, kept: 1 })),
    )
    expect(leadOf([steady])).toBeUndefined()
  })
})
