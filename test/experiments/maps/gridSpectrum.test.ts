import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { GridShape } from '../../../src/experiments/maps/grid.js'
import { GRID_PERIODS, gridSpectrum } from '../../../src/experiments/maps/gridSpectrum.js'
import { DIRECTIONS, type Direction } from '../../../src/experiments/maps/mapMeasures.js'

function mapOf({ rows, cols }: GridShape, stride: number, at: (row: number, col: number) => number): Float64Array {
  return Float64Array.from({ length: rows * cols }, (_, i) => at(Math.floor(i / cols) * stride, (i % cols) * stride))
}

function powersOf(map: ArrayLike<number>, shape: GridShape, stride = 1): Record<Direction, Record<number, number>> {
  const found = gridSpectrum(map, shape, stride)
  const along = (direction: Direction) =>
    Object.fromEntries(
      found.filter((entry) => entry.direction === direction).map(({ period, power }) => [period, power]),
    )
  return { horizontal: along('horizontal'), vertical: along('vertical') }
}

describe('grid spectrum', () => {
  it('of a sine is half its squared amplitude, whatever its phase and the smooth part under it', () => {
    const slope = fc.double({ min: -0.1, max: 0.1, noNaN: true })
    fc.assert(
      fc.property(
        fc.constantFrom(...GRID_PERIODS),
        fc.constantFrom(...DIRECTIONS),
        fc.constantFrom(96, 97, 100, 199),
        fc.double({ min: 0.001, max: 0.2, noNaN: true }),
        fc.double({ min: 0, max: 2 * Math.PI, noNaN: true }),
        fc.tuple(slope, slope),
        (period, direction, length, size, phase, [level, curve]) => {
          const shape = direction === 'horizontal' ? { rows: 3, cols: length } : { rows: length, cols: 3 }
          const map = mapOf(shape, 1, (row, col) => {
            const place = direction === 'horizontal' ? col : row
            const smooth = 1 + level * (place / length) + curve * (place / length) ** 2
            return smooth + size * Math.cos((2 * Math.PI * place) / period + phase)
          })
          // A sine of period 2 is its phase's cosine with alternating sign.
          const expected = period === 2 ? (size * Math.cos(phase)) ** 2 : size ** 2 / 2
          const power = powersOf(map, shape)[direction][period] as number
          expect(Math.abs(power - expected)).toBeLessThan(0.03 * (size ** 2 / 2) + 1e-8)
        },
      ),
      { numRuns: 80 },
    )
  })

  it('is the mean over lines, and keeps the periods and the axes apart', () => {
    const shape = { rows: 100, cols: 150 }
    for (const period of GRID_PERIODS) {
      const wave = (row: number, col: number) => (row < 25 ? 0.02 * Math.cos((2 * Math.PI * col) / period) : 0)
      const { horizontal } = powersOf(mapOf(shape, 1, wave), shape)
      const whole = period === 2 ? 0.02 ** 2 : 0.02 ** 2 / 2
      expect((horizontal[period] as number) / (whole / 4)).toBeCloseTo(1, 1)
      const columns = mapOf(shape, 1, (_, col) => 0.9 + wave(0, col))
      const { horizontal: same, vertical } = powersOf(columns, shape)
      for (const other of GRID_PERIODS) {
        if (other !== period) expect(same[other]).toBeLessThan(1e-3 * (same[period] as number))
        expect(vertical[other]).toBeLessThan(1e-12)
      }
    }
  })

  it('sees no grid in a smooth hill, and a faint grid upon it', () => {
    const shape = { rows: 100, cols: 100 }
    const hill = (row: number, col: number) => Math.exp(-((row - 49) ** 2 + (col - 49) ** 2) / (2 * 50 ** 2))
    const smooth = powersOf(mapOf(shape, 1, hill), shape)
    for (const direction of DIRECTIONS) {
      for (const period of [2, 4, 8, 16]) expect(smooth[direction][period]).toBeLessThan(1e-8)
      expect(smooth[direction][32]).toBeLessThan(1e-6)
    }
    const faint = (row: number, col: number) => hill(row, col) + 0.005 * Math.cos((2 * Math.PI * row) / 8)
    const { vertical, horizontal } = powersOf(mapOf(shape, 1, faint), shape)
    expect((vertical[8] as number) / (0.005 ** 2 / 2)).toBeCloseTo(1, 1)
    expect(horizontal[8]).toBeLessThan(1e-8)
  })

  it.each([
    [1, [2, 4, 8, 16, 32]],
    [2, [4, 8, 16, 32]],
    [3, [8, 16, 32]],
    [5, [16, 32]],
    [17, []],
  ])('of a map of stride %i has only periods that its positions can show, at the same power', (stride, periods) => {
    const shape = { rows: 4, cols: Math.ceil(150 / stride) }
    const map = mapOf(shape, stride, (_, col) => 0.9 + 0.02 * Math.sin((2 * Math.PI * col) / 16))
    const { horizontal, vertical } = powersOf(map, shape, stride)
    expect([Object.keys(horizontal).map(Number), vertical]).toEqual([periods, {}])
    if (stride < 17) expect((horizontal[16] as number) / (0.02 ** 2 / 2)).toBeCloseTo(1, 1)
  })

  it.each([
    [95, [2, 4, 8, 16]],
    [96, [2, 4, 8, 16, 32]],
    [1, []],
  ])('of a line of %i has the periods %j, of which it holds three', (cols, periods) => {
    const found = gridSpectrum(new Float32Array(cols), { rows: 1, cols }, 1)
    expect(found.map(({ period }) => period)).toEqual(periods)
  })
})
