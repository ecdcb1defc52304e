import { describe, expect, it } from 'vitest'
import { decibelText, decimalText, signedText, withMinus } from '../../src/plot/numberText.js'
import { linearScale, logScale, positionScale, rangeScale, type Scale } from '../../src/plot/scale.js'

const ticksOf = ({ ticks, format }: Scale) => ticks.map(format).join(' ')

describe('linear scale', () => {
  it.each([
    [[-0.05, 0.05], '−0.06 −0.04 −0.02 0.00 0.02 0.04 0.06'],
    [[0, 1], '0.0 0.2 0.4 0.6 0.8 1.0'],
    [[1, 61], '0 10 20 30 40 50 60 70'],
    [[0.9], '0.8 1.0'],
    [[0], '0.0 0.2'],
    [[], '0.0 0.2 0.4 0.6 0.8 1.0'],
    [[Number.NaN, 3, Number.POSITIVE_INFINITY, 3 + 1e-10], '3.0 3.5'],
  ])('of %j has the ticks %s', (values, ticks) => expect(ticksOf(linearScale(values))).toBe(ticks))

  it('puts its ticks evenly from end to end, and what lies beyond at the ends', () => {
    const { at, ticks } = linearScale([0.03, 0.11], [0])
    expect(ticks.map((tick) => Number(at(tick).toFixed(9)))).toEqual(ticks.map((_, i) => Number((i / 6).toFixed(9))))
    expect([at(-1), at(1), at(0.03)]).toEqual([0, 1, expect.closeTo(0.25, 9)])
  })
})

describe('other scales', () => {
  it('of logarithms have whole decades around the values above zero', () => {
    const scale = logScale([3e-6, 0.02, 0, Number.POSITIVE_INFINITY])
    expect(ticksOf(scale)).toBe('10⁻⁶ 10⁻⁵ 10⁻⁴ 10⁻³ 10⁻² 10⁻¹')
    expect([1e-3, 0, 1e-9, 5].map(scale.at)).toEqual([expect.closeTo(0.6, 9), 0, 0, 1])
    expect([ticksOf(logScale([])), ticksOf(logScale([100]))]).toEqual(['10⁰ 10¹', '10² 10³'])
  })

  it('between two ends place what lies between, and write every tick with the same decimals', () => {
    const scale = rangeScale(0.88, 1, 8)
    expect(ticksOf(scale)).toBe('0.88 0.90 0.92 0.94 0.96 0.98 1.00')
    expect([0.5, 0.94, 2].map(scale.at)).toEqual([0, expect.closeTo(0.5, 9), 1])
    expect(rangeScale(3, 3, 8).at(3)).toBe(0.5)
  })

  it('of positions have each in the middle of its part, and ticks in pixels of the frame', () => {
    const { at, ticks } = positionScale(4, { stride: 25 }, 5)
    expect([0, 25, 50, 75].map(at)).toEqual([0.125, 0.375, 0.625, 0.875])
    expect([ticks, positionScale(1, { stride: 12 }, 5).ticks]).toEqual([[0, 20, 40, 60], [0]])
    const whole = positionScale(33, { stride: 1, first: -32 }, 5)
    expect([whole.at(-32), whole.at(0)]).toEqual([0.5 / 33, 32.5 / 33])
    expect(ticksOf(whole)).toBe('−30 −20 −10 0')
  })
})

describe('ticks within an axis', () => {
  it.each([
    [0, 149, 9, [0, 20, 40, 60, 80, 100, 120, 140]],
    [-3, 3, 7, [-3, -2, -1, 0, 1, 2, 3]],
    [-3, 3, 6, [-2, 0, 2]],
    [5, 5, 4, [5]],
  ])('from %f to %f, at most %i, are round', (from, to, most, ticks) => {
    expect(rangeScale(from, to, most).ticks).toEqual(ticks)
  })

  it.each([
    [100, [0, 25, 50, 75]],
    [150, [0, 50, 100]],
    [13, [0, 10]],
    [1, [0]],
  ])('of %i positions are multiples of the given steps', (positions, ticks) => {
    const steps = { factors: [1, 2.5, 5], least: 10 }
    expect(positionScale(positions, { stride: 1 }, 5, steps).ticks).toEqual(ticks)
  })
})

describe('texts of numbers', () => {
  it('have a minus that is one, and none before a zero', () => {
    expect([decimalText(-0.25, 3), decimalText(-0.0004, 3), decimalText(-0.4, 0)]).toEqual(['−0.250', '0.000', '0'])
    expect(['-0', '-0.', '-0.05', '-10'].map(withMinus)).toEqual(['0', '0.', '−0.05', '−10'])
  })

  it('tell the sign of differences, of none too, and where pictures are equal', () => {
    expect([0.0185, -0.0185, -0.0001].map((value) => signedText(value, 3))).toEqual(['+0.018', '−0.018', '+0.000'])
    expect([decibelText(12.345), decibelText(null)]).toEqual(['12.3 dB', 'equal'])
  })
})
