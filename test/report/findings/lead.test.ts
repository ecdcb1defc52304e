import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { SEES_NOTHING } from '../../../src/experiments/boxes.js'
import { modelsFolder } from '../../../src/files/package.js'
import { classNamesOf } from '../../../src/networks/classNames.js'
import type { AnswerSummary, SiteGroup } from '../../../src/page/siteIndex.js'
import { classText } from '../../../src/page/text.js'
import { findingsOf } from '../../../src/report/findings/findings.js'
import { leadOf } from '../../../src/report/findings/lead.js'
import { groupOf, indexOf } from '../../support/siteIndex.js'
import { around, groupWith, measures } from '../../support/studyGroup.js'

interface Wishes {
  readonly name?: string
  readonly isRight?: boolean | null
  readonly probability?: number
  readonly kept?: number
  readonly changed?: number
  /** The wrong class that is the confident answer 6 px below the center and 2 px left of it. */
  readonly flip?: string
}

function answer(wishes: Wishes = {}): AnswerSummary {
  const { name = 'bird', isRight = true, probability = 0.75, kept = 1, flip, changed = flip ? 0.25 : 0 } = wishes
  const other = { name: flip ?? 'cat', isRight: false, share: 1 - kept }
  const at = { row: 10, col: 2, name: flip ?? '', isRight: false, probability: 0.5 }
  return {
    center: { name, isRight, probability },
    kept,
    changed,
    ...(kept < 1 && { other }),
    ...(flip && { flip: at }),
  }
}

/** A network whose objects are called a, b, c, … The center is at row 4 and column 4. */
function network(model: string, answers: readonly AnswerSummary[], more: Partial<SiteGroup> = {}): SiteGroup {
  const units = answers.map((one, i) => ({ patch: 'abcdefgh'[i] as string, picture: null, answer: one }))
  return { ...groupOf({ key: 0, model }), classes: 'fc8', units, ...more }
}

const times = (count: number, wishes: Wishes = {}) => Array.from({ length: count }, () => answer(wishes))
const of = (answers: readonly AnswerSummary[], more: Partial<SiteGroup> = {}) =>
  leadOf(indexOf([network('net', answers, more)]))
const STEADY = times(4, { kept: 0.997 })
const UNSURE = { probability: 0.25 }

/** ImageNet's classes, COCO's, and those of the embedded networks. */
function knownClasses(): readonly string[] {
  const [names] = /\["1st-place-medal".*?\]/.exec(readFileSync(`${modelsFolder()}/tiny-alexnet.onnx`, 'latin1')) ?? []
  const usual = [classNamesOf([], [1000], 'ImageNet'), classNamesOf([], [80], 'COCO')]
  return [...usual.flatMap((list) => list.names), ...JSON.parse(names as string)]
}

describe('the sentence of the page', () => {
  it.each<[string, string, readonly AnswerSummary[]]>([
    // A study of at least five objects, in which a right and confident answer changes.
    [
      'Not always: moved by 6 px, “bird” becomes “rescue workers helmet”.',
      'Confident answers mostly hold (median 99.7 % of positions).',
      [answer({ kept: 0.37, flip: 'rescue-workers-helmet' }), ...STEADY],
    ],
    [
      'Not always: moved by 6 px, “owl” becomes “jeans”.',
      'Confident answers hold at 50 % of positions, unsure ones mostly do not hold (median 20 % of positions).',
      [answer({ name: 'owl, bird of prey', kept: 0.5, flip: 'jeans' }), ...times(5, { ...UNSURE, kept: 0.2 })],
    ],
    // Confident answers hold.
    ['When it is sure, yes: all 5 confident answers hold at all positions.', '', times(5)],
    [
      'When it is sure, almost always: 4 of 5 confident answers hold at 99.9 % of positions or more.',
      'Unsure ones hold at 70 % to 99.7 % of positions.',
      [
        ...times(4, { kept: 0.9991 }),
        answer({ kept: 0.97 }),
        ...[0.7, 0.997].map((kept) => answer({ ...UNSURE, kept })),
      ],
    ],
    [
      'When it is sure, mostly: 3 of 4 confident answers hold at 95 % of positions or more.',
      'Unsure ones hold at 100 % of positions.',
      [...times(3, { kept: 0.95 }), answer({ kept: 0.5 }), answer(UNSURE)],
    ],
    [
      'When it is sure, yes: the only confident answer holds at all positions.',
      'Unsure ones mostly hold (median 95.0 % of positions).',
      [answer(), ...times(5, { ...UNSURE, kept: 0.95 })],
    ],
    // Mostly means at least 95 %, as in the question's answer.
    ['Not always: confident answers do not always hold (median 94.0 % of positions).', '', times(5, { kept: 0.94 })],
    // No answer is confident.
    [
      'Not sure: no answer at the center has a probability of 0.5 or more.',
      'Unsure ones often do not hold (median 60 % of positions).',
      times(5, { ...UNSURE, kept: 0.6 }),
    ],
    // Fewer than five objects: only what happens to one of them.
    [
      'Not always: moved by 6 px, “bird” becomes “cat”.',
      'At the center, net sees “bird”, and it keeps this answer at 37 % of positions.',
      [answer({ kept: 0.37, flip: 'cat' })],
    ],
    ['Yes: net sees “bird” at all positions.', '', times(4)],
    ['Almost always: net sees “bird” at 99.7 % of positions.', '', STEADY],
    ['Mostly: net sees “bird” at 97.0 % of positions.', '', times(1, { kept: 0.97 })],
    ['Not always: net sees “bird” at 60 % of positions.', '', times(1, { kept: 0.6 })],
    [
      'Not sure: at the center, net sees “bird” with a probability of only 0.25.',
      'It keeps this answer at 60 % of positions.',
      times(1, { ...UNSURE, kept: 0.6 }),
    ],
    // It is not known which classes are right, or no confident answer is.
    [
      'Not always: moved by 6 px, “a” turns from class 9 into “cat”.',
      'At the center, net sees “a” as class 9, and it keeps this answer at 50 % of positions.',
      [answer({ name: '9', isRight: null, kept: 0.5, flip: 'cat' })],
    ],
    ['Yes: net sees “a” as “piggy bank” at all positions.', '', times(1, { name: 'piggy bank', isRight: false })],
    // A detector loses the object.
    [
      'Not always: moved by 6 px, “bird” is no longer seen.',
      'At the center, net sees “bird”, and it keeps this answer at 50 % of positions.',
      [answer({ kept: 0.5, flip: SEES_NOTHING })],
    ],
  ])('is %j, then %j', (sentence, more, answers) => {
    expect(of(answers)).toMatchObject({ sentence, more })
  })

  it('quotes the name of every known class, without an article', () => {
    for (const name of knownClasses())
      expect(of(times(1, { name }))?.sentence).toBe(`Yes: net sees “${classText(name)}” at all positions.`)
  })

  it('speaks of the answers at the size of its example', () => {
    const example = network('net', [answer({ kept: 0.37, flip: 'cat' }), ...STEADY])
    const groups = [network('net', times(5, { kept: 0.1 }), { size: 75 }), example]
    expect(leadOf(indexOf(groups))?.more).toBe(
      'For objects of 125 px (93 %), confident answers mostly hold (median 99.7 % of positions).',
    )
  })

  it('speaks of photographs if there is nothing to say about objects', () => {
    const photographs = { size: 256, frame: 224 }
    const ones = [answer({ kept: 0.5, flip: 'cat' })]
    const sentence = 'Not always: moved by 6 px, “a” turns from “bird” into “cat”.'
    expect(of(ones, photographs)?.sentence).toBe(sentence)
    const silent = groupOf({ key: 1, model: 'other' })
    const ofPhotographs = network('net', ones, photographs)
    expect(leadOf(indexOf([silent, ofPhotographs]))?.sentence).toBe(sentence)
    const objects = network('other', times(1))
    expect(leadOf(indexOf([ofPhotographs, objects]))?.sentence).toBe('Yes: other sees “bird” at all positions.')
  })
})

describe('the view with which the page opens', () => {
  const patchOf = (answers: readonly AnswerSummary[]) => /&patch=(\w+)&/.exec(of(answers)?.link ?? '')?.[1]

  it('shows the confident and right answer that becomes another confident one at most positions', () => {
    const wrong = answer({ isRight: false, flip: 'cat', changed: 0.9 })
    const unsure = answer({ ...UNSURE, flip: 'cat', changed: 0.9 })
    const [less, most] = [0.1, 0.2].map((changed) => answer({ flip: 'cat', changed }))
    expect(patchOf([wrong, unsure, answer({ kept: 0.1 }), less, most] as AnswerSummary[])).toBe('e')
    expect(patchOf([answer({ isRight: false }), wrong, unsure])).toBe('b')
    expect(patchOf([answer({ isRight: null }), answer({ isRight: null, flip: 'cat' })])).toBe('b')
  })

  it('shows the least stable confident answer if none changes, and the most probable answer if none is confident', () => {
    const unsure = [0.2, 0.4, 0.3].map((probability) => answer({ probability, kept: 0.1 }))
    expect(patchOf([...unsure, answer({ kept: 0.9 }), answer({ kept: 0.8 })])).toBe('e')
    expect(patchOf(unsure)).toBe('b')
  })

  it('has beside it the network whose share of kept positions differs most, at the same size', () => {
    const example = network('net', [answer({ kept: 0.5, flip: 'cat' })])
    const others = [0.6, 0.1, 0.8].map((kept) => network(`net-${kept}`, times(1, { kept })))
    const groups = [example, ...others, network('small', times(1), { size: 75 })]
    const view = '&layer=fc8&size=125&patch=a&anchor=center&map=answers'
    expect(leadOf(indexOf(groups))?.link).toBe(`#network=net&with=net-0.1${view}`)
    expect(leadOf(indexOf([example]))?.link).toBe(`#network=net&with=${view}`)
    const detector = { ...example, isDetector: true }
    expect(leadOf(indexOf([detector]))?.link).toContain('&map=found')
  })
})

describe('a study without classes', () => {
  const index = indexOf([groupOf({ key: 0, model: 'net' })])
  /** Findings of networks whose features change with the position where their similarity is low. */
  const findingsFor = (...similarities: readonly number[]) =>
    findingsOf(
      similarities.map((one, i) => groupWith(`net${'x'.repeat(i)}`, [[measures.reached, around(one)]])),
      [],
    )

  it.each([
    [[0.8, 0.7], 'netx', '0.400 (1 is no change, 0 is another object).'],
    [[0.4, 0.7], 'net', '−0.200, as low as between different objects.'],
  ])('opens at the lowest similarity, of %j', (similarities, model, low) => {
    const lead = leadOf(index, findingsFor(...similarities))
    expect(lead?.sentence).toBe(`In ${model} fc, the relative similarity of a moved object can fall to ${low}`)
    expect(lead?.link).toMatch(`#network=${model}&with=&layer=fc&`)
  })

  it('says nothing if no similarity is low, and speaks of photographs if they are what is measured', () => {
    expect(leadOf(index, findingsFor(0.99))).toBeUndefined()
    expect(leadOf(index)).toBeUndefined()
    const flat = findingsOf([{ ...groupWith('zoo', [[measures.reached, around(0.6)]]), size: 256 }], [])
    expect(leadOf(index, flat)?.sentence).toBe(
      'In zoo fc, the relative similarity of a moved photograph can fall to 0.200 (1 is no change, 0 is another photograph).',
    )
  })
})
