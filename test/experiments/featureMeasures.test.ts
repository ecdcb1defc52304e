import { describe, expect, it } from 'vitest'
import { positionGrid } from '../../src/engine/scene/positions.js'
import { InputError, UsageError } from '../../src/errors.js'
import {
  answerCounts,
  answerMaps,
  answersAtAnchors,
  classProbabilities,
} from '../../src/experiments/answers/answers.js'
import { measureFeatures } from '../../src/experiments/featureMeasures.js'
import { extractedGrid, similarityMaps } from '../../src/experiments/maps/cosines.js'
import { pairSimilarities } from '../../src/experiments/maps/nullBaseline.js'
import type { ClassScores } from '../../src/network.js'
import { imagenetInput } from '../support/imagenetInput.js'
import { messageOf } from '../support/messageOf.js'

const LOGITS: ClassScores = { meaning: 'logits', source: 'test' }
const PROBABILITIES: ClassScores = { meaning: 'probabilities', source: 'test' }
const SIGMOID: ClassScores = { meaning: 'sigmoid', source: 'test' }

/** Unit vectors in the plane at these angles, in degrees. */
function vectors(...angles: readonly number[]): Float32Array {
  const radians = angles.map((angle) => (angle * Math.PI) / 180)
  return Float32Array.from(radians.flatMap((angle) => [Math.cos(angle), Math.sin(angle)]))
}

describe('what a network answers', () => {
  const strongestOf = (matrix: Float32Array) =>
    Int32Array.from({ length: matrix.length / 3 }, (_, i) => {
      const row = matrix.subarray(i * 3, (i + 1) * 3)
      return row.indexOf(Math.max(...row))
    })
  const answers = (matrix: Float32Array, center: Float32Array, scores: ClassScores = LOGITS) =>
    answerMaps(matrix, strongestOf(matrix), center, scores, 'net fc8')

  it('is the softmax of the scores, at every position and for the class at the center', () => {
    // e^0 : e^1 : e^2 is 1 : 2.718 : 7.389, of a sum of 11.107.
    const matrix = Float32Array.of(0, 1, 2, 2, 1, 0, 1002, 1001, 1000)
    const { maps, center, kept, least } = answers(matrix, Float32Array.of(2, 1, 0))
    const [large, small] = [Math.exp(2) / (1 + Math.E + Math.exp(2)), 1 / (1 + Math.E + Math.exp(2))]
    expect(maps).toEqual(Float32Array.of(2, 0, 0, large, large, large, small, large, large))
    expect(center).toEqual({ class: 0, probability: expect.closeTo(large, 12) })
    expect(kept).toBeCloseTo(2 / 3, 12)
    expect(least).toBeCloseTo(small, 12)
  })

  it('is compared with the answer at the center, which need not be the class that a head looks for', () => {
    const matrix = Float32Array.of(0, 1, 2, 2, 1, 0, 2, 1, 0)
    const rule = { own: 2, threshold: 0 }
    const { center, kept } = answerMaps(matrix, strongestOf(matrix), Float32Array.of(2, 1, 0), LOGITS, 'net', rule)
    expect([center.class, kept]).toEqual([2, expect.closeTo(2 / 3, 12)])
  })

  it('with the object at an anchor is the first of equal classes', () => {
    const at = answersAtAnchors(Float32Array.of(0, 1, 1), Float32Array.of(2, 1, 0), LOGITS, 'net')
    expect(at.map((answer) => answer.class)).toEqual([1])
  })

  it('is the softmax of logits that look like probabilities, too', () => {
    const { maps } = answers(Float32Array.of(0, 0, 1), Float32Array.of(0, 1, 0))
    expect(maps[1]).toBeCloseTo(Math.E / (2 + Math.E), 6)
  })

  it('is each probability as a share of their sum, which quantisation makes smaller than 1', () => {
    const matrix = Float32Array.of(0.25, 0.5, 0.25, 0.125, 0, 0.375)
    const { maps, center, least } = answers(matrix, Float32Array.of(0, 0.5, 0.125), PROBABILITIES)
    expect(maps).toEqual(Float32Array.of(1, 2, 0.5, 0.75, 0.5, 0))
    expect(center).toEqual({ class: 1, probability: 0.8 })
    expect(least).toBe(0)
  })

  it('has equal probabilities for all classes where quantisation rounds all to 0', () => {
    expect([...classProbabilities(new Float32Array(4), 1, 4, PROBABILITIES, 'net fc8')]).toEqual([
      0.25, 0.25, 0.25, 0.25,
    ])
    expect(classProbabilities(Float32Array.of(Number.NaN, 0), 1, 2, PROBABILITIES, 'net fc8')).toEqual(
      Float64Array.of(Number.NaN, Number.NaN),
    )
  })

  it('is the score itself after a sigmoid, which rounding may put just above 1', () => {
    const matrix = Float32Array.of(0.875, 0.5, 0.25, 0.125, 0.125, 1.0078125)
    expect(answers(matrix, Float32Array.of(0, 0.5, 0.125), SIGMOID).maps.subarray(2)).toEqual(
      Float32Array.of(0.875, 1, 0.5, 0.125),
    )
  })

  it('is the same from logarithms of probabilities as from these probabilities', () => {
    const probabilities = Float32Array.of(0.125, 0.25, 0.625)
    const logarithms = probabilities.map(Math.log)
    const scores = { meaning: 'log-probabilities', source: 'test' } as const
    for (const [i, value] of classProbabilities(logarithms, 1, 3, scores, 'net fc8').entries())
      expect(value).toBeCloseTo(probabilities[i] as number, 6)
  })

  it.each([
    [
      PROBABILITIES,
      -2,
      'net fc8 has a class score of -2, which is impossible with `scores probabilities`; use `scores logits`',
    ],
    [SIGMOID, -2, 'net fc8 has a class score of -2, which is impossible with `scores sigmoid`; use `scores logits`'],
    [SIGMOID, 1.5, 'net fc8 has a class score of 1.5, which is impossible with `scores sigmoid`; use `scores logits`'],
  ])('is refused where a score cannot be what it is said to be: %o %f', async (scores, value, message) => {
    const refused = async () => answers(Float32Array.of(0, value, 0), Float32Array.of(0, 0, 1), scores)
    expect(await messageOf(refused(), UsageError)).toBe(message)
  })

  it('counts each class, and positions whose scores are all equal as no answer', async () => {
    const file = { inputSource: '', weightsPath: '', weightsSha256: '', weightsBytes: 0, input: imagenetInput }
    const names = ['cat', 'dog', 'owl', 'bee', 'ant', 'cow']
    const layers = Object.entries({ fc7: 1, fc8: 7 }).map(([name, dims]) => ({ name, dims }))
    const classes = { layer: 'fc8', names, source: 'test', scores: LOGITS }
    const network = { id: '', title: '', onnxPath: '', layers, classes, ...file }
    const strongest = [5, 5, 1, 6, 6, 6, 4, 3, 2, 1]
    const scores = strongest.flatMap((best) => Array.from({ length: 7 }, (_, i) => Number(i === best)))
    const fc8 = Float32Array.from([...scores, ...Array<number>(7).fill(3)])
    const counts = await answerCounts(network, [new Float32Array(11), fc8], 11)
    expect(counts).toEqual({
      ...{ layer: 'fc8', source: 'test', scores: LOGITS, unanswered: 1 },
      classes: ['6', 'dog', 'cow', 'owl', 'bee'].map((name, i) => ({ name, positions: [3, 2, 2, 1, 1][i] })),
      names: { 0: 'cat', 1: 'dog', 2: 'owl', 3: 'bee', 4: 'ant', 5: 'cow', 6: '6' },
    })
    // Rows after the positions are anchors, whose classes are named but not counted.
    const counted = await answerCounts(network, [new Float32Array(11), fc8], 2)
    expect(counted).toEqual({ ...counts, classes: [{ name: 'cow', positions: 2 }], unanswered: undefined })
    expect(await answerCounts(network, [new Float32Array(1), fc8.subarray(0, 7)], 1)).not.toHaveProperty('unanswered')
    const { classes: _, ...unknown } = network
    expect(await answerCounts(unknown, [fc8, fc8], 11)).toBeUndefined()
    const one = { ...network, layers: [{ name: 'fc8', dims: 1 }] }
    expect(await answerCounts(one, [Float32Array.of(3)], 1)).toMatchObject({ classes: [{ name: 'cat', positions: 1 }] })
  })
})

describe('null baseline', () => {
  it('has the cosine of every pair once, by whether the classes are the same', async () => {
    const { same, different } = await pairSimilarities(vectors(0, 60, 90), 2, ['dog', 'car', 'dog'], 1)
    expect(same).toEqual([expect.closeTo(0, 6)])
    expect(different).toEqual([expect.closeTo(0.5, 6), expect.closeTo(Math.cos(Math.PI / 6), 6)])
  })

  it('takes objects of unknown class for different ones, and refuses a feature that is zero', async () => {
    const { same, different } = await pairSimilarities(vectors(0, 60), 2, [null, null], 1)
    expect([same.length, different.length]).toEqual([0, 1])
    expect(await pairSimilarities(vectors(0), 2, ['dog'], 1)).toEqual({ same: [], different: [] })
    await expect(pairSimilarities(new Float32Array(4), 2, [null, null], 1)).rejects.toThrow(InputError)
  })
})

describe('measures of features', () => {
  /** Six positions of stride 2 along each axis; all anchors but the first lie outside the grid. */
  const grid = positionGrid(20, 9, 2)
  const featuresOf = (matrix: Float32Array) => extractedGrid(grid, { name: 'fc', dims: 2, matrix }, 'fc')
  const positions = grid.rows * grid.cols
  const features = () => vectors(...Array.from({ length: grid.offsets.length / 2 }, (_, i) => i))
  const cosine = (degrees: number) => Math.cos((degrees * Math.PI) / 180)

  it('have a map for each anchor, with its mean and minimum', async () => {
    expect([positions, grid.offsets.length / 2]).toEqual([36, 40])
    const matrix = features()
    const { similarity, anchorFeatures, answers } = await measureFeatures(featuresOf(matrix), LOGITS)
    expect(Object.keys(similarity.anchors)).toEqual(grid.anchors.map(({ name }) => name))
    for (const [i, { name, index, row, col }] of grid.anchors.entries()) {
      const expected = Array.from({ length: positions }, (_, k) => cosine(k - index))
      const map = similarity.maps.subarray(i * positions, (i + 1) * positions)
      expect(Math.max(...map.map((value, k) => Math.abs(value - (expected[k] as number))))).toBeLessThan(1e-6)
      const mean = expected.reduce((sum, value) => sum + value, 0) / positions
      const measured = { row, col, mean: expect.closeTo(mean, 6), min: expect.closeTo(Math.min(...expected), 6) }
      expect(similarity.anchors[name]).toEqual(measured)
      expect(anchorFeatures.slice(2 * i, 2 * i + 2)).toEqual(matrix.slice(2 * index, 2 * index + 2))
    }
    expect(answers?.maps).toHaveLength(3 * positions)
    const center = grid.anchors.findIndex(({ name }) => name === 'center')
    const angle = (grid.anchors[center] as (typeof grid.anchors)[number]).index
    const [x, y] = [cosine(angle), cosine(90 - angle)]
    const probability = expect.closeTo(1 / (1 + Math.exp(-Math.abs(x - y))), 6)
    expect(answers?.center).toEqual({ class: Number(y > x), probability })
    expect(await measureFeatures(featuresOf(matrix), undefined)).not.toHaveProperty('answers')
  })

  it.each([
    [0, 'is all zero, so its cosine is undefined'],
    [Number.NaN, 'holds NaN'],
    [Number.POSITIVE_INFINITY, 'holds infinity'],
  ])('name the first position, or the anchor, whose feature is %f', async (value, fault) => {
    const refusal = (row: number, col: number) =>
      expect.objectContaining({
        ...{ code: 'ERR_SHIFTSCOPE_DEGENERATE_FEATURE', exitStatus: 3 },
        message: `fc: the feature at position (${row}, ${col}) ${fault}; check the weights and the object`,
      })
    const matrix = features()
    for (const row of [15, 9]) matrix.fill(value, row * 2, (row + 1) * 2)
    await expect(similarityMaps(featuresOf(matrix), 1)).rejects.toThrow(refusal(2, 6))
    const { index, row, col } = grid.anchors[2] as (typeof grid.anchors)[number]
    const other = features().fill(value, index * 2, (index + 1) * 2)
    await expect(similarityMaps(featuresOf(other), 1)).rejects.toThrow(refusal(row, col))
  })
})
