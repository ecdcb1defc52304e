import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { answerAgreement, answerChange, cropAgreement, PIXEL_STEPS } from '../../src/experiments/windowAnswers.js'
import { randomCases } from '../support/randomCases.js'

const grids = fc.record({ rows: fc.integer({ min: 1, max: 6 }), cols: fc.integer({ min: 1, max: 6 }) }).chain((shape) =>
  fc.record({
    shape: fc.constant(shape),
    answers: fc.array(fc.integer({ min: 0, max: 3 }), {
      minLength: shape.rows * shape.cols,
      maxLength: shape.rows * shape.cols,
    }),
  }),
)

it('two positions agree as often as all pairs of positions do, each with itself, too', () => {
  fc.assert(
    fc.property(grids, ({ answers }) => {
      const same = answers.flatMap((one) => answers.map((other) => Number(one === other)))
      expect(answerAgreement(answers)).toBeCloseTo(same.reduce((sum, one) => sum + one, 0) / same.length, 12)
    }),
    { numRuns: randomCases(50) },
  )
  expect([answerAgreement([7, 7, 7, 7]), answerAgreement([1, 2, 3, 4])]).toEqual([1, 0.25])
})

describe('answers to all windows of a photograph', () => {
  it('agree as often as all pairs of windows do, except those that begin at the last row or column', () => {
    fc.assert(
      fc.property(grids, ({ shape: { rows, cols }, answers }) => {
        const drawn = answers.filter((_, at) => at >= cols && at % cols > 0)
        const pairs = drawn.flatMap((one) => drawn.map((other) => Number(one === other)))
        const expected = pairs.reduce((sum, one) => sum + one, 0) / pairs.length
        const found = cropAgreement(answers, { rows, cols })
        if (pairs.length === 0) expect(found).toBeNaN()
        else expect(found).toBeCloseTo(expected, 12)
      }),
      { numRuns: randomCases(50) },
    )
  })

  it('change after a pixel in a share of all pairs of neighbours', () => {
    const [rows, cols] = [2, 3]
    const answers = [1, 1, 2, 1, 3, 1]
    const changes = PIXEL_STEPS.map((step) => answerChange(answers, { rows, cols }, step))
    expect(changes).toEqual([3 / 4, 2 / 3, 1 / 2])
    expect(answerChange([1, 2], { rows: 1, cols: 2 }, 'vertical')).toBeUndefined()
    expect(answerChange([1, 2], { rows: 1, cols: 2 }, 'diagonal')).toBeUndefined()
  })
})
