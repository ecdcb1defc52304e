import { describe, expect, it } from 'vitest'
import {
  chanceCorrected,
  constantWords,
  numberedAnswers,
  type PictureAnswers,
  varietyOf,
  varietyText,
} from '../../../src/experiments/answers/chance.js'
import { mean, meanInterval } from '../../../src/support/statistics.js'
import { randomOf } from '../../support/random.js'

/** Pictures with these answers, one per frame. The agreement is the share of the first answer. */
function picturesOf(answers: readonly (readonly number[])[], confidence = 0.5): readonly PictureAnswers[] {
  const numbered = numberedAnswers()
  return answers.map((own) => {
    const numbers = numbered(Float32Array.from(own))
    const agreement = mean(own.map((answer) => Number(answer === own[0])))
    return { answers: numbers, first: numbers[0]!, confidence, agreement }
  })
}

/** Answers to 80 pictures in 6 frames. Half of the pictures mostly get one answer, and the others any. */
const ANSWERS = Array.from({ length: 80 }, (_, i) => {
  const random = randomOf(65, 'chance', i)
  const isUsual = random.chance(0.5)
  return Array.from({ length: 6 }, () => (isUsual && random.chance(0.95) ? 0 : random.below(9)))
})
const PICTURES = picturesOf(ANSWERS)

/** The relative agreement, from all pairs of pictures one by one. */
function relativeOf(answers: readonly (readonly number[])[]) {
  const pairs = answers.flatMap((one, i) =>
    answers.flatMap((other, j) => (i === j ? [] : [mean(one.map((answer, at) => Number(answer === other[at])))])),
  )
  const [agreement, chance] = [mean(picturesOf(answers).map((one) => one.agreement)), mean(pairs)]
  return { chance, relative: (agreement - chance) / (1 - chance) }
}

describe('agreement relative to chance', () => {
  it('is the mean of the values of pictures, and so is chance', () => {
    const { chance, relative } = chanceCorrected(PICTURES)
    const expected = relativeOf(ANSWERS)
    expect(mean(chance)).toBeCloseTo(expected.chance, 12)
    expect(mean(relative)).toBeCloseTo(expected.relative, 12)
    expect(expected.chance).toBeGreaterThan(0.2)
  })

  it('has the standard error of a jackknife over pictures, which counts that chance is estimated', () => {
    const corrected = chanceCorrected(PICTURES)
    for (const name of ['chance', 'relative'] as const) {
      const without = ANSWERS.map((_, i) => relativeOf(ANSWERS.filter((_, at) => at !== i))[name])
      const { length } = without
      const center = mean(without)
      const variance = ((length - 1) / length) * without.reduce((sum, value) => sum + (value - center) ** 2, 0)
      expect(meanInterval(corrected[name]).standardError! / Math.sqrt(variance)).toBeCloseTo(1, 1)
    }
    const fixed = meanInterval(PICTURES.map(({ agreement }) => agreement)).standardError!
    const relative = meanInterval(corrected.relative).standardError!
    expect(relative / (fixed / (1 - mean(corrected.chance)))).toBeLessThan(0.9)
  })

  it('is 1 for answers that never change, and 0 if frames agree only as different pictures do', () => {
    const steady = chanceCorrected(picturesOf([0, 1, 2, 2].map((answer) => [answer, answer])))
    expect(steady.relative).toEqual([1, 1, 1, 1])
    expect(steady.chance.map((value) => value.toFixed(9))).toEqual(
      // cᵢ is 0, 0, ⅓ and ⅓.
      [0, 0, 1 / 3, 1 / 3].map((same) => (1 / 6 + 2 * (same - 1 / 6)).toFixed(9)),
    )
    const unrelated = picturesOf([
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ]).map((one, i) => ({ ...one, agreement: i % 2 }))
    const { chance, relative } = chanceCorrected(unrelated)
    expect(mean(relative)).toBeCloseTo((0.5 - mean(chance)) / (1 - mean(chance)), 12)
  })

  it('has no value for fewer than two pictures, for equal answers, and for a constant network', () => {
    for (const pictures of [[], picturesOf([[0, 1]])])
      expect(chanceCorrected(pictures)).toEqual({
        chance: pictures.map(() => Number.NaN),
        relative: pictures.map(() => Number.NaN),
      })
    // The answer depends on the position only.
    const ofPosition = picturesOf([
      [0, 1, 2],
      [0, 1, 2],
    ])
    expect(varietyOf(ofPosition).isConstant).toBe(false)
    expect(chanceCorrected(ofPosition)).toEqual({ chance: [1, 1], relative: [Number.NaN, Number.NaN] })
    const share = (others: number) => picturesOf(Array.from({ length: 20 }, (_, i) => [i < others ? i + 1 : 0]))
    expect(chanceCorrected(share(1)).relative.every(Number.isNaN)).toBe(true)
    // 18 of 20 are not more than 90 %.
    expect(chanceCorrected(share(2)).relative.every(Number.isFinite)).toBe(true)
  })
})

describe('the variety of answers', () => {
  it('counts different answers to the first frames, and how many equally frequent ones vary as much', () => {
    const variety = varietyOf(
      picturesOf(
        [
          [7, 1],
          [7, 2],
          [8, 3],
          [9, 4],
        ],
        0.25,
      ),
    )
    expect(variety).toEqual({
      pictures: 4,
      distinct: 3,
      effective: 1 / (0.5 ** 2 + 2 * 0.25 ** 2),
      confidence: 0.25,
      most: 2,
      isConstant: false,
    })
    expect(varietyText(variety, 'object')).toBe(
      '3 different answers to 4 objects (effective number 2.7), mean confidence 0.250',
    )
    expect(varietyOf([])).toMatchObject({ pictures: 0, distinct: 0, effective: 0, confidence: null })
  })

  it('names a constant network by the pictures that get its answer in the first frame', () => {
    const answers = Array.from({ length: 60 }, (_, i) => [i < 2 ? 5 : 3, 3, 3])
    expect(constantWords(varietyOf(picturesOf(answers)), 'photograph')).toBe(
      'gives the same answer to 58 of 60 photographs; its consistency says nothing',
    )
    expect(constantWords(varietyOf(PICTURES), 'photograph')).toBeUndefined()
    expect(constantWords(varietyOf(picturesOf([[3, 3]])), 'photograph')).toBeUndefined()
  })
})
