import { describe, expect, it } from 'vitest'
import { findingsOf } from '../../../src/report/findings/findings.js'
import { leadOf } from '../../../src/report/findings/lead.js'
import type { StudyGroup } from '../../../src/results/study.js'
import { writeUnit } from '../../../src/results/unit/store.js'
import { around, groupWith, measures } from '../../support/studyGroup.js'
import { temporaryFolder } from '../../support/temporaryFolder.js'
import { arraysOf, atAnchors, madeUnit } from '../../support/unit.js'

const inFolder = temporaryFolder()
const NAMES = { 4: 'goldfinch', 5: 'airliner', 6: 'jeans', 7: 'bus', 8: 'warplane' }

interface Answered {
  readonly patch: string
  readonly category?: string
  readonly right?: boolean
  readonly probability: number
  /** The strongest class at each of four positions. */
  readonly strongest: readonly number[]
  /** The one at the center. */
  readonly center?: number
}

/** A stored group of one network with a unit for each object, whose layer fc8 answers. */
async function groupOf(model: string, objects: readonly Answered[]): Promise<StudyGroup> {
  const units = objects.map(async ({ patch, category = null, right = null, probability, strongest, center = 4 }) => {
    const { unit, maps } = madeUnit({ model, patch, category })
    const kept = strongest.filter((one) => one === center).length / 4
    const answer = { class: center, probability }
    const answers = { center: answer, anchors: atAnchors(answer), right, kept, least: 0, names: NAMES }
    const layers = unit.layers.map((one) => ({ ...one, answers: one.name === 'fc8' ? answers : null }))
    const answerMaps = Float32Array.from([...strongest, ...Array(8).fill(0.5)])
    const ofLayers = layers.map((one) => (one.answers === null ? undefined : answerMaps))
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
const sure = (one: Omit<Answered, 'probability'>) => [{ probability: 0.5, ...one }, ...steady.slice(1)]

/** Findings of networks whose features change with the position where their similarity is low. */
const findingsFor = (...similarities: readonly number[]) =>
  findingsOf(
    similarities.map((one, i) => groupWith(`net${'x'.repeat(i)}`, [[measures.reached, around(one)]])),
    [],
  )

const dog = { patch: 'x', category: 'dog', center: 6, strongest: [4, 6, 6, 6] }

describe('the beginning of the page', () => {
  it('is the confident answer that changes most, and a link to its maps beside those of the network that differs most', async () => {
    const unsure = objects.map((one) => ({ ...one, probability: 0.4 }))
    const groups = [await groupOf('net', objects), await groupOf('near', unsure), await groupOf('steady', steady)]
    expect(await leadOf(inFolder(), groups, [])).toEqual({
      sentence: 'The same “cat & dog”, moved, turns from a “goldfinch” into an “airliner” at 50 % of positions in net.',
      link: '#network=net&with=steady&layer=fc8&size=125&patch=cat+%26+dog&anchor=center&map=answers',
    })
    expect((await leadOf(inFolder(), groups.slice(0, 1), []))?.link).toContain('#network=net&with=&')
  })

  it.each<[string, Omit<Answered, 'probability'>]>([
    ['“car”, moved, turns from a “bus” into “jeans” at 75 %', { patch: 'car', center: 7, strongest: [7, 6, 6, 6] }],
    ['dog, moved, becomes a “goldfinch” at 25 %', { ...dog, right: true, strongest: [4, 6, 6, 6] }],
    ['dog, moved, turns from “jeans” into a “9” at 25 %', { ...dog, right: false, strongest: [9, 6, 6, 6] }],
  ])('reads %j', async (sentence, object) => {
    const lead = await leadOf(inFolder(), [await groupOf('net', sure(object))], [])
    expect(lead?.sentence).toBe(`The same ${sentence} of positions in net.`)
  })

  it('passes over an answer that turns from one right class into another, unless there is no other change', async () => {
    const jet = { patch: 'jet', category: 'airplane', right: true }
    const right = { ...jet, probability: 0.9, center: 5, strongest: [5, 8, 8, 8] }
    const of = async (more: readonly Answered[]) =>
      (await leadOf(inFolder(), [await groupOf('net', [right, ...more])], []))?.sentence
    expect(await of(objects)).toMatch(/^The same “cat & dog”, moved, turns/)
    expect(await of(steady)).toBe('The same airplane, moved, becomes a “warplane” at 75 % of positions in net.')
  })

  it.each([
    [[0.99], ''],
    [[0.8], ' The features also change with the position.'],
    [[0.8, 0.99], ' In 1 of 2 networks, the features also change with the position.'],
    [[0.8, 0.7], ' In both networks, the features also change with the position.'],
    [[0.8, 0.7, 0.8], ' In all 3 networks, the features also change with the position.'],
  ])('says what findings on networks of similarity %j say at large: %j', async (similarities, more) => {
    const lead = await leadOf(inFolder(), [await groupOf('net', objects)], findingsFor(...similarities))
    expect(lead?.sentence.split(' in net.')[1]).toBe(more)
  })

  it.each([
    [[0.8, 0.7], 'netx', '0.400 (1 is no change, 0 is another object).'],
    [[0.4, 0.7], 'net', '−0.200, as low as between different objects.'],
  ])('is the lowest similarity, of %j, where no answer changes', async (similarities, network, low) => {
    const groups = [await groupOf('net', steady)]
    const lead = await leadOf(inFolder(), groups, findingsFor(...similarities))
    expect(lead?.sentence).toBe(`In ${network} fc, the relative similarity of a moved object can fall to ${low}`)
    expect(lead?.link).toMatch(`#network=${network}&with=&layer=fc&`)
    expect(await leadOf(inFolder(), groups, findingsFor(0.99))).toBeUndefined()
  })

  it('has a sentence about objects and one about photographs in a study of both', async () => {
    const ofPhotographs = (group: StudyGroup) => ({
      ...group,
      size: 256,
      units: group.units.map((unit) => ({ ...unit, frame: unit.inputs.size - 1 })),
    })
    const photographs = ofPhotographs(await groupOf('zoo', objects))
    const about =
      'The same photograph “cat & dog”, moved by up to 1 px, turns from a “goldfinch” into an “airliner” at 50 %'
    const alone = await leadOf(inFolder(), [photographs], [])
    expect(alone?.sentence).toBe(`${about} of positions in zoo.`)
    const both = await leadOf(inFolder(), [photographs, await groupOf('net', sure(dog))], findingsFor(0.8))
    expect(both?.sentence).toBe(
      `The same dog, moved, turns from “jeans” into a “goldfinch” at 25 % of positions in net. The features also change with the position. ${about} of positions in zoo.`,
    )
    expect(both?.link).toContain('network=net&')
    const flat = findingsOf([{ ...groupWith('zoo', [[measures.reached, around(0.6)]]), size: 256 }], [])
    expect((await leadOf(inFolder(), [ofPhotographs(await groupOf('zoo', steady))], flat))?.sentence).toBe(
      'In zoo fc, the relative similarity of a moved photograph can fall to 0.200 (1 is no change, 0 is another photograph).',
    )
  })

  it('is missing for fewer than five objects', async () => {
    expect(await leadOf(inFolder(), [await groupOf('net', objects.slice(1))], [])).toBeUndefined()
  })
})
