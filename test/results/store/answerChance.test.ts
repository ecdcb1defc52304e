import { expect, it } from 'vitest'
import { groupAnswers } from '../../../src/results/store/answerChance.js'
import type { OpenUnit } from '../../../src/results/store/openUnit.js'
import { atAnchors, madeUnit } from '../../support/unit.js'

/** A unit whose last layer has these answers at its 2×2 positions, and others at its anchors and in its first layer. */
function unitOf(patch: string, answers: readonly number[], center: { class: number; probability: number }) {
  const { unit } = madeUnit({ patch })
  const [first, last] = unit.layers as [(typeof unit.layers)[number], (typeof unit.layers)[number]]
  const layers = [
    { ...first, answers: { anchors: atAnchors({ class: 9, probability: 0.9 }) } },
    { ...last, answers: { anchors: atAnchors(center) } },
  ]
  const data = Float32Array.from([...answers, ...Array(8).fill(0.5)])
  const stored = async (layer: string) => (layer === last.name ? { data } : undefined)
  return { ...unit, layers, answers: stored } as unknown as OpenUnit
}

it('measures the answers of one layer at all positions, with the answer at the center as the first', async () => {
  const group = groupAnswers('fc8')
  await group.add(unitOf('car', [1, 1, 1, 2], { class: 1, probability: 0.4 }))
  await group.add(unitOf('dog', [2, 2, 1, 2], { class: 2, probability: 0.6 }))
  const { variety, values } = group.measured() ?? {}
  expect(variety).toMatchObject({ pictures: 2, distinct: 2, confidence: 0.5, isConstant: false })
  // The answers of both objects are the same at two of four positions. Each agrees with itself in ten of sixteen pairs.
  const [all, confident] = values ?? []
  expect([...(all?.chance ?? [])]).toEqual([
    ['car', 0.5],
    ['dog', 0.5],
  ])
  expect(all?.relative.get('car')).toBeCloseTo((0.625 - 0.5) / 0.5, 12)
  expect(confident).toMatchObject({ variant: { confidence: 'confident' }, chance: new Map() })
})

it('of a layer without answers are none', async () => {
  const group = groupAnswers('fc6')
  await group.add(unitOf('car', [1, 1, 1, 2], { class: 1, probability: 0.4 }))
  await group.add({ ...madeUnit().unit, answers: async () => ({ data: new Float32Array(12) }) } as unknown as OpenUnit)
  expect(group.measured()).toBeUndefined()
})
