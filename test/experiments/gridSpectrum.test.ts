import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GRID_PERIODS, gridSpectrum } from '../../src/experiments/gridSpectrum.js'
import { DIRECTIONS, type Direction } from '../../src/experiments/mapMeasures.js'

type Shape = { readonly rows: number; readonly cols: number }

function mapOf({ rows, cols }: Shape, stride: number, at: (row: number, col: number) => number): Float32Array {
  return Float32Array.from({ length: rows * cols }, (_, i) => at(Math.floor(i / cols) * stride, (i % cols) * stride))
}

function powersOf(map: Float32Array, shape: Shape, stride: number): Record<Direction, Record<number, number>> {
  const found = gridSpectrum(map, shape, stride)
  const along = (direction: Direction) =>
    Object.fromEntries(
      found.filter((entry) => entry.direction === direction).map(({ period, power }) => [period, power]),
    )
  return { horizontal: along('horizontal'), vertical: along('vertical') }
}

describe('grid spectrum', () => {
  it('of a sine is half its squared amplitude, whatever its phase and the smooth part under it', () => {
    const amplitude = fc.double({ min: 0.001, max: 0.2, noNaN: true })
    const slopes = fc.tuple(...[1, 2, 3].map(() => fc.double({ min: -0.1, max: 0.1, noNaN: true })))
    fc.assert(
      fc.property(
        fc.constantFrom(...GRID_PERIODS),
        fc.constantFrom(...DIRECTIONS),
        fc.constantFrom(96, 97, 100, 150, 199),
        amplitude,
        fc.double({ min: 0, max: 2 * Math.PI, noNaN: true }),
        slopes,
        (period, direction, length, size, phase, [level = 0, slope = 0, curve = 0]) => {
          const shape = direction === 'horizontal' ? { rows: 3, cols: length } : { rows: length, cols: 3 }
          const map = mapOf(shape, 1, (row, col) => {
            const place = direction === 'horizontal' ? col : row
            const smooth = level + slope * (place / length) + curve * (place / length) ** 2
            return smooth + size * Math.cos((2 * Math.PI * place) / period + phase)
          })
          // A sine of period 2 is its phase's cosine with alternating sign.
          const expected = period === 2 ? (size * Math.cos(phase)) ** 2 : size ** 2 / 2
          const power = powersOf(map, shape, 1)[direction][period] as number
          expect(Math.abs(power - expected)).toBeLessThan(0.03 * (size ** 2 / 2) + 1e-8)
        },
      ),
      { numRuns: 300 },
    )
  })

  it('keeps the periods and the axes apart', () => {
    const shape = { rows: 100, cols: 150 }
    for (const period of GRID_PERIODS) {
      const powers = powersOf(
        mapOf(shape, 1, (_, col) => 0.9 + 0.01 * Math.cos((2 * Math.PI * col) / period)),
        shape,
        1,
      )
      for (const other of GRID_PERIODS) {
        if (other !== period)
          expect(powers.horizontal[other]).toBeLessThan(1e-3 * (powers.horizontal[period] as number))
        expect(powers.vertical[other]).toBeLessThan(1e-12)
      }
    }
  })

  it('sees no grid in a smooth hill, and a faint grid upon it', () => {
    const shape = { rows: 100, cols: 100 }
    const hill = (row: number, col: number) => Math.exp(-((row - 49) ** 2 + (col - 49) ** 2) / (2 * 50 ** 2))
    const smooth = powersOf(mapOf(shape, 1, hill), shape, 1)
    for (const direction of DIRECTIONS) {
      for (const period of [2, 4, 8, 16]) expect(smooth[direction][period]).toBeLessThan(1e-8)
      expect(smooth[direction][32]).toBeLessThan(1e-6)
    }
    const faint = (row: number, col: number) => hill(row, col) + 0.005 * Math.cos((2 * Math.PI * row) / 8)
    const { vertical, horizontal } = powersOf(mapOf(shape, 1, faint), shape, 1)
    expect(vertical[8]).toBeCloseTo(0.005 ** 2 / 2, 6)
    expect(horizontal[8]).toBeLessThan(1e-8)
  })

  it('of a strided map has only periods that its positions can show, at the same power', () => {
    const at = (_: number, col: number) => 0.9 + 0.02 * Math.sin((2 * Math.PI * col) / 16)
    const periods = (stride: number) => {
      const shape = { rows: 4, cols: Math.ceil(150 / stride) }
      const { horizontal, vertical } = powersOf(mapOf(shape, stride, at), shape, stride)
      expect(vertical).toEqual({})
      if (horizontal[16] !== undefined) expect(horizontal[16]).toBeCloseTo(0.02 ** 2 / 2, 5)
      return Object.keys(horizontal).map(Number)
    }
    expect(periods(1)).toEqual([2, 4, 8, 16, 32])
    expect(periods(2)).toEqual([4, 8, 16, 32])
    expect(periods(3)).toEqual([8, 16, 32])
    expect(periods(5)).toEqual([16, 32])
    expect(periods(17)).toEqual([])
  })

  it('leaves out periods of which a line holds fewer than three', () => {
    const periods = (cols: number) =>
      gridSpectrum(new Float32Array(cols), { rows: 1, cols }, 1).map(({ period }) => period)
    expect(periods(95)).toEqual([2, 4, 8, 16])
    expect(periods(96)).toEqual([2, 4, 8, 16, 32])
    expect(periods(1)).toEqual([])
  })

  it('swaps its axes when the map is transposed', () => {
    const shape = { rows: 60, cols: 100 }
    const map = Float32Array.from({ length: 6000 }, (_, i) => Math.sin(i * i))
    const turned = Float32Array.from({ length: 6000 }, (_, i) => map[(i % 60) * 100 + Math.floor(i / 60)] as number)
    const there = powersOf(map, shape, 1)
    const back = powersOf(turned, { rows: 100, cols: 60 }, 1)
    for (const direction of DIRECTIONS) {
      const other = direction === 'horizontal' ? 'vertical' : 'horizontal'
      for (const [period, power] of Object.entries(there[direction]))
        expect(back[other][Number(period)]).toBeCloseTo(power, 12)
    }
  })
})
