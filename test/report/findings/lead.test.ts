import { describe, expect, it } from 'vitest'
import { findingsOf } from '../../../src/report/findings/findings.js'
import { leadOf } from '../../../src/report/findings/lead.js'
import type { StudyGroup } from '../../../src/results/study.js'
import { writeUnit } from '../../../src/results/unit/store.js'
import { around, groupWith, measures } from '../../support/studyGroup.js'
import { temporaryFolder } from '../../support/temporaryFolder.js'
import { arraysOf, madeUnit } from '../../support/unit.js'

const inFolder = temporaryFolder()
const NAMES = { 4: 'goldfinch', 5: 'airliner', 6: 'jeans' }

interface Answered {
  readonly patch: string
  readonly probability: number
  /** The strongest class at each of four positions; at the center it is 4. */
  readonly strongest: readonly number[]
}

/** A stored group of one network with a unit for each patch, whose layer fc8 answers. */
async function groupOf(model: string, patches: readonly Answered[]): Promise<StudyGroup> {
  const units = patches.map(async ({ patch, probability, strongest }) => {
    const { unit, maps } = madeUnit({ model, patch })
    const kept = strongest.filter((one) => one === 4).length / 4
    const answers = { center: { class: 4, probability }, right: null, kept, least: 0, names: NAMES }
    const layers = unit.layers.map((one) => ({ ...one, answers: one.name === 'fc8' ? answers : null }))
    const ofLayers = layers.map((one) =>
      one.answers === null ? undefined : Float32Array.from([...strongest, ...Array(8).fill(0.5)]),
    )
    return writeUnit(inFolder(), { ...unit, layers }, { ...arraysOf(unit, maps), answers: ofLayers })
  })
  return { model, size: 125, stride: 50, units: await Promise.all(units) } as unknown as StudyGroup
}

const objects: readonly Answered[] = [
  { patch: 'car', probability: 0.4, strongest: [5, 5, 5, 5] },
  { patch: 'cat & dog', probability: 0.6, strongest: [5, 4, 5, 6] },
  { patch: 'boat', probability: 0.9, strongest: [4, 4, 6, 6] },
  { patch: 'bird', probability: 0.9, strongest: [4, 4, 4, 4] },
  { patch: 'clock', probability: 0.9, strongest: [4, 4, 4, 4] },
]
const steady = objects.map((one) => ({ ...one, strongest: [4, 4, 4, 4] }))

/** Findings of a study whose features change with the position, or do not. */
const findingsFor = (similarity: number) => findingsOf([groupWith('net', [[measures.reached, around(similarity)]])])

describe('the beginning of the page', () => {
  it('is the confident answer that changes most, and a link to its maps beside those of the network that differs most', async () => {
    const groups = [
      await groupOf('net', objects),
      await groupOf(
        'near',
        objects.map((one) => ({ ...one, probability: 0.4 })),
      ),
      await groupOf('steady', steady),
    ]
    const { sentence, link } = (await leadOf(inFolder(), groups, [])) ?? {}
    expect(sentence).toBe(
      'The same “cat & dog”, moved, turns from a “goldfinch” into an “airliner” at 50 % of positions in net.',
    )
    expect(link).toBe('#network=net&with=steady&size=125&patch=cat+%26+dog&anchor=center&map=answers')
    const [first] = groups as [StudyGroup]
    expect((await leadOf(inFolder(), [first], []))?.link).toContain('#network=net&with=&')
  })

  it('says what the findings say at large', async () => {
    const lead = await leadOf(inFolder(), [await groupOf('net', objects)], findingsFor(0.8))
    expect(lead?.sentence).toMatch(/ in net\. The features also change with the position\.$/)
  })

  it('is the lowest similarity where no answer changes', async () => {
    const lead = await leadOf(inFolder(), [await groupOf('net', steady)], findingsFor(0.8))
    expect(lead?.sentence).toBe(
      'In net fc, the relative similarity of a moved object can fall to 0.600 (1 is no change, 0 is another object).',
    )
    expect(lead?.link).toMatch(/^#network=net&with=&layer=fc&/)
  })

  it('is missing for fewer than five objects, and where nothing changes', async () => {
    expect(await leadOf(inFolder(), [await groupOf('net', objects.slice(1))], [])).toBeUndefined()
    expect(await leadOf(inFolder(), [await groupOf('net', steady)], findingsFor(0.99))).toBeUndefined()
  })
})
