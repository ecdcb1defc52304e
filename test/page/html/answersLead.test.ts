import { describe, expect, it } from 'vitest'
import { answersLead } from '../../../src/page/html/answersLead.js'
import type { AnswerSummary, SiteGroup } from '../../../src/page/site/siteIndex.js'
import type { NetworkPair } from '../../../src/results/store/pairs.js'
import { groupOf } from '../../support/siteIndex.js'

function answer(agreement: number, wishes: Partial<AnswerSummary> = {}): AnswerSummary {
  const center = { name: 'bird', probability: 0.75, isRight: true }
  return { center, agreement, frequent: [], probability: 0.5, right: 1, ...wishes }
}

/** A network whose objects are called a, b, c, … */
function network(model: string, answers: readonly AnswerSummary[], more: Partial<SiteGroup> = {}): SiteGroup {
  const units = answers.map((one, i) => ({ patch: String.fromCodePoint(97 + i), picture: null, answer: one }))
  return { ...groupOf({ key: 0, model }), classes: 'fc8', knows: 'ImageNet', units, ...more }
}

const times = (count: number, agreement: number) => Array.from({ length: count }, () => answer(agreement))
/** Agreements around a mean, so that their differences vary. */
const around = (count: number, mean: number) =>
  Array.from({ length: count }, (_, i) => answer(mean + (i % 2 === 0 ? 0.01 : -0.01)))
const leadOf = (groups: readonly SiteGroup[], pairs: readonly NetworkPair[] = []) => answersLead({ groups, pairs })
const wordsOf = (...parameters: Parameters<typeof leadOf>) => {
  const { sentence = '', more = '' } = leadOf(...parameters) ?? {}
  return `${sentence} ${more}`.trim()
}
const PAIR = { kind: 'anti-aliasing', plain: 'net', variant: 'twin' } as const

describe('the sentence of the page', () => {
  it.each([
    [0.995, 'Nearly always'],
    [0.99, 'Nearly always'],
    [0.98, 'Not always'],
    [0.6, 'Not always'],
    [0.59, 'Often not'],
  ])('has the mean agreement %d of the objects, and says %s', (agreement, often) => {
    const share = agreement > 0.9 ? (100 * agreement).toFixed(1) : String(100 * agreement)
    expect(wordsOf([network('net', times(5, agreement))])).toBe(
      `${often}: at two random positions, net gives the same answer in ${share} % of cases (mean agreement of 5 objects).`,
    )
  })

  it('has the agreement relative to chance, where it is known and another number', () => {
    const ending = (relative: number) => wordsOf([network('net', times(5, 0.8), { relative })]).split(' in ')[1]
    expect(ending(0.75)).toBe('80 % of cases (mean agreement of 5 objects; 75 % relative to chance).')
    expect(ending(0.798)).toBe('80 % of cases (mean agreement of 5 objects).')
  })

  it.each([
    [around(12, 0.9), 'its anti-aliased twin in 90 % (clearly more often).'],
    [around(12, 0.7), 'its anti-aliased twin in 70 % (clearly less often).'],
    [times(12, 0.8), 'its anti-aliased twin in 80 % (no difference).'],
    [
      times(12, 0.8).map((one, i) => answer(one.agreement + (i % 2 ? 0.2 : -0.19))),
      'its anti-aliased twin in 81 % (no clear difference).',
    ],
    [around(6, 0.9), 'its anti-aliased twin in 90 % (too few objects to tell them apart).'],
  ])('names the variant beside it, and what its objects tell (%#)', (ofTwin, more) => {
    const groups = [network('net', times(ofTwin.length, 0.8)), network('other', times(12, 0)), network('twin', ofTwin)]
    expect(leadOf(groups, [PAIR])?.more).toBe(more)
  })

  it('compares without a pair, but only networks with the same classes and frames', () => {
    const net = network('net', times(12, 0.8))
    const moreOf = (wishes: Partial<SiteGroup>) => leadOf([net, network('other', around(12, 0.9), wishes)])?.more
    expect([moreOf({}), moreOf({ knows: '627 emoji' }), moreOf({ frame: net.frame + 1 })]).toEqual([
      'other in 90 % (clearly more often).',
      'other in 90 % (other classes, so they cannot be ranked).',
      'other in 90 % (another frame, so they cannot be ranked).',
    ])
  })

  it('decides nothing from fewer than five objects', () => {
    const groups = [network('net', times(4, 0.8), { relative: 0.7 }), network('twin', times(4, 0.9))]
    expect(wordsOf(groups, [PAIR])).toBe(
      'Can’t tell from 4 objects: at two random positions, net gives the same answer in 80 % of cases; its anti-aliased twin in 90 %.',
    )
    expect(wordsOf([network('net', times(1, 0.8), { size: 256, frame: 224 })])).toMatch(
      /^Can’t tell from 1 photograph:/,
    )
  })

  it('leaves out a constant network, and says so if there is no other', () => {
    const constant = { constant: 'gives the same answer to 10 of 10 objects; its consistency says nothing' }
    const [one, other] = [network('net', times(10, 1), constant), network('other', times(10, 0.5))]
    expect(wordsOf([one, other])).toBe(
      'Often not: at two random positions, other gives the same answer in 50 % of cases (mean agreement of 10 objects).',
    )
    expect(wordsOf([one])).toBe(`Can’t tell: net ${constant.constant}.`)
    expect(leadOf([groupOf({ key: 0, model: 'net' })])).toBeUndefined()
  })
})

describe('the view with which the page opens', () => {
  const parametersOf = (...parameters: Parameters<typeof leadOf>) => {
    const fragment = leadOf(...parameters)?.link.slice(1) ?? ''
    return Object.fromEntries(new URLSearchParams(fragment))
  }

  it('shows the object with the largest product of disagreement and probability, of those that A often gets right', () => {
    const patchOf = (...answers: readonly AnswerSummary[]) => parametersOf([network('net', answers)]).patch
    const unknown = answer(0, { right: 0.24, probability: 1 })
    expect(patchOf(answer(0.9, { probability: 0.9 }), answer(0.5, { probability: 0.2 }), answer(0.1), unknown)).toBe(
      'c',
    )
    expect(patchOf(answer(0.5, { probability: 0.2 }), answer(0.8, { probability: 0.9 }))).toBe('b')
    expect(patchOf(answer(0.5, { right: 0.1 }), answer(0.1, { right: null }))).toBe('b')
  })

  it('shows the plain network of a pair beside its variant, or the first two networks, at the smallest size', () => {
    const groups = [
      network('first', times(1, 0.1)),
      network('net', times(2, 0.5), { size: 75 }),
      network('net', times(2, 0.5)),
      network('twin', times(2, 0.5), { size: 75 }),
    ]
    const shown = (pairs: readonly NetworkPair[]) => {
      const { network, with: other, size } = parametersOf(groups, pairs)
      return [network, other, size]
    }
    expect(shown([PAIR])).toEqual(['net', 'twin', '75'])
    expect(shown([{ ...PAIR, kind: 'no-flips' }])).toEqual(['first', 'net', '125'])
    expect(shown([{ ...PAIR, variant: 'absent' }])).toEqual(['first', 'net', '125'])
  })

  it('shows answers, of a detector whether it finds the object', () => {
    const view = { network: 'net', with: '', layer: 'fc8', size: '125', patch: 'a', anchor: 'center', map: 'answers' }
    expect(parametersOf([network('net', times(1, 0.5))])).toEqual(view)
    expect(parametersOf([network('net', times(1, 0.5), { head: 'detector' })])).toMatchObject({ map: 'found' })
  })
})
