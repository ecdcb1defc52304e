import fc from 'fast-check'
import { expect, it } from 'vitest'
import { answerAgreement } from '../../../src/experiments/maps/windowAnswers.js'
import { randomCases } from '../../support/randomCases.js'

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
