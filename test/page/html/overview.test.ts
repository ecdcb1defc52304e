import { describe, expect, it } from 'vitest'
import { answeredObjects, firstObjects, groupsLike, otherAnswer, withMap } from '../../../src/page/html/everyObject.js'
import { objectMatrixText, overviewHtml } from '../../../src/page/html/objectMatrix.js'
import { resultsPage } from '../../../src/page/html/page.js'
import type { AnswerSummary, SiteGroup } from '../../../src/page/site/siteIndex.js'
import type { View } from '../../../src/page/site/view.js'
import { groupOf, indexOf } from '../../support/siteIndex.js'

/** @param agreement here, the share of positions of the answer at the center, too */
function answer(agreement: number, probability = 0.75, name = 'dog', other = 'cat'): AnswerSummary {
  const frequent = [
    { name, isRight: name === 'dog', share: agreement },
    { name: other, isRight: other === 'dog', share: 1 - agreement },
  ]
  return {
    center: { name, isRight: name === 'dog', probability },
    agreement,
    frequent: frequent.filter(({ share }) => share > 0),
    probability,
    right: null,
  }
}

/** A network whose objects are named a, b, c … in the order of their answers. */
function network(answers: readonly (AnswerSummary | undefined)[], key = 0, wishes = {}): SiteGroup {
  const group = groupOf({ key, model: `net-${key}`, ...wishes })
  const units = answers.map((one, i) => ({
    patch: String.fromCodePoint(97 + i),
    picture: i,
    ...(one && { answer: one }),
  }))
  return { ...group, units }
}

const textOf = (...answers: AnswerSummary[]) => objectMatrixText([network(answers)])
const times = (count: number, one: AnswerSummary) => Array.from({ length: count }, () => one)

describe('the answer in the heading of all objects', () => {
  it('is an exception if fewer than a quarter of the answers change much, and the rule from a half on', () => {
    const headings = [1, 2, 3, 4, 5, 8].map(
      (changing) => textOf(...times(changing, answer(0.5)), ...times(8 - changing, answer(1))).answer,
    )
    expect(headings).toEqual([
      'An exception among confident answers: 1 of 8 change much.',
      'Not rare among confident answers: 2 of 8 change much.',
      'Not rare among confident answers: 3 of 8 change much.',
      'The rule among confident answers: 4 of 8 change much.',
      'The rule among confident answers: 5 of 8 change much.',
      'The rule among confident answers: 8 of 8 change much.',
    ])
  })

  it('counts confident and unsure answers apart, and says what holds', () => {
    const { answer: heading, counts } = textOf(
      ...times(4, answer(0.95)),
      ...[answer(1), answer(0.9)],
      ...times(4, answer(0.2, 0.49)),
      answer(1, 0.1),
    )
    expect(heading).toBe('Confident answers all hold. The rule among unsure answers: 4 of 5 change much.')
    expect(counts).toBe(
      'An answer is confident if its probability is at least 0.5 with the object at the center, as 6 of 11 answers are. Of the 6 confident answers, 5 change somewhere, and none has an agreement below 90 %. Of the 5 unsure answers, 4 change somewhere, and 4 have an agreement below 90 %.',
    )
  })

  it('is right where few answers are confident, or none', () => {
    const few = textOf(...times(2, answer(0.999)), ...times(9, answer(0.4, 0.2)))
    expect(few.answer).toBe(
      'Can’t tell among confident answers: only 2 objects have one. The rule among unsure answers: 9 of 9 change much.',
    )
    const one = textOf(answer(1), ...times(9, answer(0.4, 0.2)))
    expect(one.counts).toContain('as 1 of 10 answers is. The only confident answer changes at no position.')
    const none = textOf(...times(5, answer(1, 0.3)), answer(0.3, 0.2))
    expect(none.answer).toBe('An exception among unsure answers: 1 of 6 change much.')
    expect(none.counts).toBe(
      'An answer is confident if its probability is at least 0.5 with the object at the center, as none of 6 answers is. Of the 6 unsure answers, 1 changes somewhere, and 1 has an agreement below 90 %.',
    )
  })

  it('cannot tell from fewer than five objects, whatever the number of networks', () => {
    const groups = [0, 1, 2].map((key) => network(times(4, answer(0.2)), key))
    expect(objectMatrixText(groups).answer).toBe('Can’t tell: this study has only 4 objects.')
    expect(objectMatrixText([network([answer(0.2)])])).toEqual({
      question: 'Is this object an exception?',
      answer: 'Can’t tell: this study has only 1 object.',
      counts: '',
    })
  })

  it('speaks of a photograph if it is one', () => {
    const { question, answer: heading } = objectMatrixText([network([answer(0.2)], 0, { size: 256, frame: 224 })])
    expect([question, heading]).toEqual([
      'Is this photograph an exception?',
      'Can’t tell: this study has only 1 photograph.',
    ])
  })
})

describe('the section of all objects', () => {
  const five = times(5, answer(0.2))

  it('has a text for each size, of which the script shows that of the viewer', () => {
    const groups = [network(five, 0, { size: 125 }), network(times(5, answer(1)), 1, { size: 75, model: 'net-0' })]
    const html = overviewHtml(indexOf(groups))
    expect(html).toContain(
      '<span data-size="75" hidden>Is this object an exception? <span>Confident answers all hold.</span></span>',
    )
    expect(html).toContain('<span data-size="125">')
    expect(html.match(/<p data-size="\d+"(?: hidden)?>/g)).toEqual(['<p data-size="125">', '<p data-size="75" hidden>'])
  })

  it('is one line for one object, and absent without answers', () => {
    const one = overviewHtml(indexOf([network([answer(0.2)])]))
    expect([one.includes('Can’t tell'), one.includes('<p'), one.includes('every-object-app')]).toEqual([
      true,
      false,
      false,
    ])
    expect(overviewHtml(indexOf([network([undefined, undefined])]))).toBe('')
    expect(resultsPage(indexOf([network([undefined])]), [])).not.toContain('id="every-object"')
    expect(resultsPage(indexOf([network(five)]), [])).toContain('id="every-object"')
  })
})

describe('the maps of all objects', () => {
  it('begin with objects that have a confident answer, the least stable first', () => {
    const groups = [
      network([answer(0.9), answer(0.1, 0.2), answer(0.5), answer(0.3, 0.2), undefined], 0),
      network([answer(1), answer(1, 0.2), answer(0.1, 0.2), answer(0.2, 0.2), answer(0.9)], 1),
    ]
    const sorted = answeredObjects(groups)
    expect(sorted.map(({ patch }) => patch)).toEqual(['c', 'a', 'e', 'b', 'd'])
    expect(sorted[2]?.answers.map(({ group, unit }) => [group.model, unit])).toEqual([['net-1', 4]])
  })

  it('are twenty at first, and that of the viewer', () => {
    const objects = answeredObjects([network(Array.from({ length: 30 }, (_, i) => answer(1 - i / 30)))])
    const patches = objects.map(({ patch }) => patch)
    const shown = (patch: string | null) => firstObjects(objects, patch).map((one) => one.patch)
    expect(shown(null)).toEqual(patches.slice(0, 20))
    expect(shown('a')).toEqual([...patches.slice(0, 20), 'a'])
    expect(shown(patches[3] as string)).toEqual(patches.slice(0, 20))
  })

  it('are of the networks with answers at the same size', () => {
    const groups = [network([answer(1)], 0), network([undefined], 1), network([answer(1)], 2, { size: 75 })]
    expect(groupsLike(indexOf(groups), groups[1] as SiteGroup)).toEqual([groups[0]])
  })

  it('name the most frequent answer beside the usual one, which is correct if known', () => {
    const otherOf = (...answers: AnswerSummary[]) => {
      const [object] = answeredObjects(answers.map((one, key) => network([one], key)))
      return object && otherAnswer(object)
    }
    expect(otherOf(answer(0.6))).toBe('cat')
    expect(otherOf(answer(1))).toBeUndefined()
    expect(otherOf(answer(0.9, 0.2, 'cat', 'dog'), answer(0.9, 0.2, 'cat', 'fox'))).toBe('cat')
    expect(
      otherOf(answer(0.9, 0.2, 'bee', 'ant'), answer(0.9, 0.2, 'bee', 'fly'), answer(0.5, 0.2, 'bee', 'fly')),
    ).toBe('fly')
  })

  it('are loaded as A or B, and A and B swap where the other one has the network', () => {
    const [group] = [network([answer(1)], 1)]
    const one = { group, unit: 0, patch: 'a', answer: answer(1), isConfident: true }
    const load = (panel: 'a' | 'b', model: string, other: string | null) => {
      const next = withMap({ model, other, patch: 'x', size: 1, shows: 'similarity' } as View, one, 75, panel)
      expect([next.patch, next.size, next.shows]).toEqual(['a', 75, 'answers'])
      return [next.model, next.other]
    }
    expect(load('a', 'x', null)).toEqual(['net-1', null])
    expect(load('a', 'x', 'y')).toEqual(['net-1', 'y'])
    expect(load('a', 'x', 'net-1')).toEqual(['net-1', 'x'])
    expect(load('b', 'x', null)).toEqual(['x', 'net-1'])
    expect(load('b', 'net-1', 'y')).toEqual(['y', 'net-1'])
    expect(load('b', 'net-1', null)).toEqual(['net-1', null])
  })
})
