import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { SEES_NOTHING } from '../../../src/experiments/answers/headRow.js'
import { modelsFolder } from '../../../src/files/package.js'
import { classNamesOf } from '../../../src/networks/classes/names.js'
import { answersLead } from '../../../src/page/html/answersLead.js'
import type { AnswerSummary, SiteGroup } from '../../../src/page/site/siteIndex.js'
import { classText } from '../../../src/page/text/text.js'
import { groupOf } from '../../support/siteIndex.js'

interface Wishes {
  readonly name?: string
  readonly isRight?: boolean | null
  readonly probability?: number
  readonly agreement?: number
  /** The most frequent answer, if it is not the one at the center. */
  readonly most?: string
  readonly changed?: number
  /** The wrong class that is the confident answer 6 px below the center and 2 px left of it. */
  readonly flip?: string
}

function answer(wishes: Wishes = {}): AnswerSummary {
  const { name = 'bird', isRight = true, probability = 0.75, agreement = 1, flip, changed = flip ? 0.25 : 0 } = wishes
  const frequent = [
    { name: wishes.most ?? name, isRight, share: agreement },
    { name: flip ?? 'cat', isRight: false, share: 1 - agreement },
  ]
  const at = { row: 10, col: 2, name: flip ?? '', isRight: false, probability: 0.5 }
  return {
    center: { name, isRight, probability },
    agreement,
    frequent: frequent.filter(({ share }) => share > 0),
    changed,
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
  answersLead([network('net', answers, more)])
const STEADY = times(4, { agreement: 0.997 })
const UNSURE = { probability: 0.25 }
const MEANING = ' Agreement is the chance that two positions get the same answer.'
const CENTER_BIRD = 'At the center, net sees “bird”.'
const ofFew = (often: string, chance: string) =>
  `${often}: two positions get the same answer with a chance of ${chance}.`

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
      `Confident answers rarely change (median agreement 99.7 %).${MEANING}`,
      [answer({ agreement: 0.37, flip: 'rescue-workers-helmet' }), ...STEADY],
    ],
    [
      'Not always: moved by 6 px, “owl” becomes “jeans”.',
      `Confident answers have an agreement of 50 %, unsure ones mostly change (median agreement 20 %).${MEANING}`,
      [
        answer({ name: 'owl, bird of prey', agreement: 0.5, flip: 'jeans' }),
        ...times(5, { ...UNSURE, agreement: 0.2 }),
      ],
    ],
    // Confident answers hold.
    ['When it is sure, yes: all 5 confident answers hold at all positions.', '', times(5)],
    [
      'When it is sure, almost always: 4 of 5 confident answers have an agreement of 99.9 % or more.',
      `Unsure ones have an agreement of 70 % to 99.7 %.${MEANING}`,
      [
        ...times(4, { agreement: 0.9991 }),
        answer({ agreement: 0.97 }),
        ...[0.7, 0.997].map((agreement) => answer({ ...UNSURE, agreement })),
      ],
    ],
    [
      'When it is sure, mostly: 3 of 4 confident answers have an agreement of 95 % or more.',
      `Unsure ones have an agreement of 100 %.${MEANING}`,
      [...times(3, { agreement: 0.95 }), answer({ agreement: 0.5 }), answer(UNSURE)],
    ],
    [
      'When it is sure, yes: the only confident answer holds at all positions.',
      `Unsure ones rarely change (median agreement 95.0 %).${MEANING}`,
      [answer(), ...times(5, { ...UNSURE, agreement: 0.95 })],
    ],
    // Mostly means at least 95 %, as in the question's answer.
    [
      'Not always: confident answers sometimes change (median agreement 94.0 %).',
      MEANING.trim(),
      times(5, { agreement: 0.94 }),
    ],
    // No answer is confident.
    [
      'Not sure: no answer at the center has a probability of 0.5 or more.',
      `Unsure ones often change (median agreement 60 %).${MEANING}`,
      times(5, { ...UNSURE, agreement: 0.6 }),
    ],
    // Fewer than five objects: only what happens to one of them.
    [
      'Not always: moved by 6 px, “bird” becomes “cat”.',
      'At the center, net sees “bird”. Two positions get the same answer with a chance of 37 %.',
      [answer({ agreement: 0.37, flip: 'cat' })],
    ],
    ['Yes: net sees “bird” at all positions.', '', times(4)],
    [ofFew('Almost always', '99.7 %'), CENTER_BIRD, STEADY],
    [ofFew('Mostly', '97.0 %'), CENTER_BIRD, times(1, { agreement: 0.97 })],
    [ofFew('Not always', '60 %'), CENTER_BIRD, times(1, { agreement: 0.6 })],
    // The center lies between the positions, which all have another answer than it has.
    [ofFew('Almost always', '100 %'), CENTER_BIRD, times(1, { most: 'owl' })],
    [
      'Not sure: at the center, net sees “bird” with a probability of only 0.25.',
      'Two positions get the same answer with a chance of 60 %.',
      times(1, { ...UNSURE, agreement: 0.6 }),
    ],
    // It is not known which classes are right, or no confident answer is.
    [
      'Not always: moved by 6 px, “a” turns from class 9 into “cat”.',
      'At the center, net sees “a” as class 9. Two positions get the same answer with a chance of 50 %.',
      [answer({ name: '9', isRight: null, agreement: 0.5, flip: 'cat' })],
    ],
    ['Yes: net sees “a” as “piggy bank” at all positions.', '', times(1, { name: 'piggy bank', isRight: false })],
    // A detector loses the object.
    [
      'Not always: moved by 6 px, “bird” is no longer seen.',
      'At the center, net sees “bird”. Two positions get the same answer with a chance of 50 %.',
      [answer({ agreement: 0.5, flip: SEES_NOTHING })],
    ],
  ])('is %j, then %j', (sentence, more, answers) => {
    expect(of(answers)).toMatchObject({ sentence, more })
  })

  it('quotes the name of every known class, without an article', () => {
    for (const name of knownClasses())
      expect(of(times(1, { name }))?.sentence).toBe(`Yes: net sees “${classText(name)}” at all positions.`)
  })

  it('speaks of the answers at the size of its example', () => {
    const example = network('net', [answer({ agreement: 0.37, flip: 'cat' }), ...STEADY])
    const groups = [network('net', times(5, { agreement: 0.1 }), { size: 75 }), example]
    expect(answersLead(groups)?.more).toBe(
      `For objects of 125 px (93 %), confident answers rarely change (median agreement 99.7 %).${MEANING}`,
    )
  })

  it('does not take the name of its class for a photograph', () => {
    const photograph = { size: 256, frame: 224 }
    expect(of([answer({ agreement: 0.5, flip: 'cat' })], photograph)?.sentence).toBe(
      'Not always: moved by 6 px, “a” turns from “bird” into “cat”.',
    )
  })
})

describe('the view with which the page opens', () => {
  const patchOf = (answers: readonly AnswerSummary[]) => /&patch=(\w+)&/.exec(of(answers)?.link ?? '')?.[1]

  it('shows the confident and right answer that becomes another confident one at most positions', () => {
    const wrong = answer({ isRight: false, flip: 'cat', changed: 0.9 })
    const unsure = answer({ ...UNSURE, flip: 'cat', changed: 0.9 })
    const [less, most] = [0.1, 0.2].map((changed) => answer({ flip: 'cat', changed }))
    expect(patchOf([wrong, unsure, answer({ agreement: 0.1 }), less, most] as AnswerSummary[])).toBe('e')
    expect(patchOf([answer({ isRight: false }), wrong, unsure])).toBe('b')
    expect(patchOf([answer({ isRight: null }), answer({ isRight: null, flip: 'cat' })])).toBe('b')
  })

  it('shows the least stable confident answer if none changes, and the most probable answer if none is confident', () => {
    const unsure = [0.2, 0.4, 0.3].map((probability) => answer({ probability, agreement: 0.1 }))
    expect(patchOf([...unsure, answer({ agreement: 0.9 }), answer({ agreement: 0.8 })])).toBe('e')
    expect(patchOf(unsure)).toBe('b')
  })

  it('has beside it the network whose agreement differs most, at the same size', () => {
    const example = network('net', [answer({ agreement: 0.5, flip: 'cat' })])
    const others = [0.6, 0.1, 0.8].map((agreement) => network(`net-${agreement}`, times(1, { agreement })))
    const groups = [example, ...others, network('small', times(1), { size: 75 })]
    const view = '&layer=fc8&size=125&patch=a&anchor=center&map=answers'
    expect(answersLead(groups)?.link).toBe(`#network=net&with=net-0.1${view}`)
    expect(answersLead([example])?.link).toBe(`#network=net&with=${view}`)
    const detector = { ...example, head: 'detector' as const }
    expect(answersLead([detector])?.link).toContain('&map=found')
  })
})
