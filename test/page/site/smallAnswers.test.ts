import { describe, expect, it } from 'vitest'
import { decodeRegions } from '../../../src/page/site/mapCoding.js'
import { answerSummary, classRanking, type NumberedAnswers, smallAnswers } from '../../../src/page/site/smallAnswers.js'

const DOG = { name: 'dog', isRight: true }
const HOUND = { name: 'hound', isRight: true }
const CAT = { name: 'cat', isRight: false }

/** A unit with three rows of three positions, 10 px apart. */
function answers(numbers: readonly number[], changes: Partial<NumberedAnswers> = {}): NumberedAnswers {
  return {
    patch: 'a dog',
    grid: { rows: 3, cols: 3, stride: 10 },
    classes: [DOG, HOUND, CAT],
    own: 0,
    numbers,
    probabilities: numbers.map(() => 0.75),
    atCenter: 0.875,
    ...changes,
  }
}

describe('the summary of a unit', () => {
  it('has the answer at the center, the agreement of the positions, and their two most frequent answers', () => {
    const { center, agreement, frequent } = answerSummary(answers([0, 0, 1, 1, 0, 1, 2, 0, 0]))
    expect([center, agreement]).toEqual([{ ...DOG, probability: 0.875 }, expect.closeTo((25 + 9 + 1) / 81, 12)])
    expect(frequent).toEqual([
      { ...DOG, share: 5 / 9 },
      { ...HOUND, share: 3 / 9 },
    ])
    expect(answerSummary(answers(Array(9).fill(0))).frequent).toEqual([{ ...DOG, share: 1 }])
  })

  it('agrees with its map if the center lies between the positions and has an answer of its own', () => {
    const { center, agreement, frequent } = answerSummary(answers(Array(9).fill(1)))
    expect([center.name, agreement, frequent]).toEqual(['dog', 1, [{ ...HOUND, share: 1 }]])
  })

  it('has the mean probability of the answers, and the share of right ones', () => {
    const probabilities = [0.9, 0.9, 0.9, 0.5, 0.9, 0.25, 0.9, 0.9, 0.9, 0.1]
    const found = answerSummary(answers([1, 2, 0, 2, 0, 2, 0, 0, 0], { probabilities }))
    expect([found.probability, found.right]).toEqual([expect.closeTo(7.05 / 9, 12), expect.closeTo(6 / 9, 12)])
    const classes = [DOG, CAT].map(({ name }) => ({ name, isRight: null }))
    expect(answerSummary(answers(Array(9).fill(0), { classes })).right).toBeNull()
    expect(answerSummary(answers(Array(9).fill(0), { classes: [CAT] })).right).toBe(0)
  })
})

describe('a small map', () => {
  it('has at most 38 rows and columns, evenly spaced', () => {
    const numbers = Array.from({ length: 77 * 77 }, (_, i) => (Math.floor(i / 77) % 3 === 0 && i % 77 === 76 ? 2 : 0))
    const small = smallAnswers(answers(numbers, { grid: { rows: 77, cols: 77, stride: 1 } }))
    expect([small.rows, small.cols, small.classes]).toEqual([26, 26, ['dog', 'hound', 'cat']])
    const decoded = decodeRegions(Uint8Array.from(Buffer.from(small.strongest, 'base64')), 26 * 26)
    expect([...decoded.keys()].filter((i) => decoded[i] !== 0)).toEqual([])
    const whole = smallAnswers(answers([0, 1, 2, 0, 1, 2, 0, 1, 2]))
    expect([...decodeRegions(Uint8Array.from(Buffer.from(whole.strongest, 'base64')), 9)]).toEqual([
      0, 1, 2, 0, 1, 2, 0, 1, 2,
    ])
  })
})

describe('the ranking of classes', () => {
  it('counts positions in all networks, right classes apart from others', () => {
    const ranking = classRanking()
    ranking.add(answers([0, 0, 0, 0, 1, 2, 2, 2, 2]))
    ranking.add(answers([2, 2, 2, 0, 1, 1, 1, 1, 1], { classes: [CAT, DOG, HOUND] }))
    ranking.add(answers([0, 0, 0, 0, 0, 0, 0, 0, 0], { patch: 'a cat', classes: [{ ...CAT, isRight: true }] }))
    expect(ranking.ranked()).toEqual([
      { patch: 'a cat', right: ['cat'], others: [] },
      { patch: 'a dog', right: ['dog', 'hound'], others: ['cat'] },
    ])
  })

  it('has the class that a detector looks for among the right ones, whose colour its boxes have', () => {
    const ranking = classRanking()
    const classes = [DOG, CAT].map((one) => ({ ...one, isRight: null }))
    ranking.add(answers([0, 0, 0, 0, 0, 1, 1, 1, 1], { classes, wanted: 1 }))
    expect(ranking.ranked()).toEqual([{ patch: 'a dog', right: ['cat'], others: ['dog'] }])
  })
})
