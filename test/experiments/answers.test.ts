import { describe, expect, it } from 'vitest'
import { answerCounts, answerMaps } from '../../src/experiments/answers.js'
import { chooseNetwork } from '../../src/networks/index.js'

const CLASSES = 3
const strongestOf = (matrix: Float32Array) =>
  Int32Array.from({ length: matrix.length / CLASSES }, (_, i) => {
    const row = matrix.subarray(i * CLASSES, (i + 1) * CLASSES)
    return row.indexOf(Math.max(...row))
  })

describe('what a network answers', () => {
  it('is the softmax of the scores, at every position and for the class at the center', () => {
    // e^0 : e^1 : e^2 is 1 : 2.718 : 7.389, of a sum of 11.107.
    const matrix = Float32Array.of(0, 1, 2, 2, 1, 0, 1002, 1001, 1000)
    const { maps, center, kept, least } = answerMaps(matrix, strongestOf(matrix), Float32Array.of(2, 1, 0))
    const [large, small] = [Math.exp(2) / (1 + Math.E + Math.exp(2)), 1 / (1 + Math.E + Math.exp(2))]
    expect(maps).toEqual(Float32Array.of(2, 0, 0, large, large, large, small, large, large))
    expect(center).toEqual({ class: 0, probability: expect.closeTo(large, 12) })
    expect(kept).toBeCloseTo(2 / 3, 12)
    expect(least).toBeCloseTo(small, 12)
  })

  it('is the values themselves where they are probabilities', () => {
    const matrix = Float32Array.of(0.25, 0.5, 0.25, 0.125, 0.125, 0.75)
    const { maps, center } = answerMaps(matrix, strongestOf(matrix), Float32Array.of(0, 1, 0))
    expect(maps).toEqual(Float32Array.of(1, 2, 0.5, 0.75, 0.5, 0.125))
    expect(center).toEqual({ class: 1, probability: 1 })
  })

  it('takes scores that are no probabilities for scores, whatever their sum', () => {
    const matrix = Float32Array.of(0, 0, 1, 3, 0, 0)
    const { maps } = answerMaps(matrix, strongestOf(matrix), Float32Array.of(0, 0, 1))
    expect(maps[2]).toBeCloseTo(Math.E / (2 + Math.E), 6)
  })
})

it('counts positions whose scores are all equal as no answer', async () => {
  const network = {
    ...(await chooseNetwork({ model: 'tiny-alexnet' })),
    layers: [{ name: 'fc8', dims: 2 }],
    classes: { layer: 'fc8', names: ['cat', 'dog'], source: 'test' },
  }
  const scores = Float32Array.of(0, 0, 1, 2, 3, 3, 1, 1.5)
  expect(await answerCounts(network, [scores], 4)).toEqual({
    layer: 'fc8',
    source: 'test',
    classes: [{ name: 'dog', positions: 2 }],
    unanswered: 2,
    names: { 0: 'cat', 1: 'dog' },
  })
})
