import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ANCHOR_NAMES } from '../../src/engine/positions.js'
import { withoutControls } from '../../src/printable.js'
import { COVERAGE_THRESHOLDS, type Metric, measureLayers, metricsCsv, unitMetrics } from '../../src/results/metrics.js'
import type { Unit, UnitInputs } from '../../src/results/unit/schema.js'
import { madeUnit } from './study.js'

function metricsOf(changes: Partial<UnitInputs> = {}) {
  const { unit, maps } = madeUnit(changes)
  return { unit, maps, metrics: measuredMetrics({ ...unit, arrays: {} }, maps) }
}

function measuredMetrics(unit: Unit, maps: Float32Array): readonly Metric[] {
  return unitMetrics(unit, measureLayers(unit, maps))
}

function csvOf(metrics: readonly Metric[]): string {
  return Buffer.concat([...metricsCsv(metrics)]).toString()
}

/** Reads RFC 4180. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = []
  let row: string[] = []
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n)/g)) {
    row.push(quoted === undefined ? (plain as string) : quoted.replaceAll('""', '"'))
    if (end !== ',') rows.push(row)
    if (end !== ',') row = []
  }
  return rows
}

describe('metrics of a unit', () => {
  it('hold mean and minimum of every layer and anchor as the unit has them', () => {
    const { unit, metrics } = metricsOf()
    for (const { name, similarity } of unit.layers) {
      for (const anchor of ANCHOR_NAMES) {
        for (const statistic of ['mean', 'min'] as const) {
          const found = metrics.filter(
            ({ layer, measure: { metric, variant } }) =>
              layer === name && metric === `similarity-${statistic}` && variant === anchor,
          )
          expect(found.map(({ value }) => value)).toEqual([similarity[anchor][statistic]])
        }
      }
    }
  })

  it('hold the share of positions above each threshold', () => {
    // The made maps rise by 0.001 from 0.9 on: nothing reaches 0.95.
    const coverage = metricsOf().metrics.filter(({ measure }) => measure.metric === 'coverage')
    expect(coverage).toHaveLength(2 * 5 * COVERAGE_THRESHOLDS.length)
    for (const { measure, value, layer } of coverage) {
      const { anchor, threshold = 0, variant } = measure
      expect(variant).toBe(`${anchor}>=${threshold}`)
      if (threshold < 0.9) expect(value).toBe(1)
      if (threshold === 0.9 && layer === 'fc6' && anchor !== 'top-left') expect(value).toBe(1)
      if (threshold >= 0.95) expect(value).toBe(0)
    }
  })

  it('hold jaggedness along both axes, of 1-pixel neighbours only', () => {
    const jagged = ({ stride }: { stride: number }) =>
      metricsOf({ stride }).metrics.filter(({ measure }) => measure.metric === 'jaggedness')
    expect(jagged({ stride: 2 })).toEqual([])
    const found = jagged({ stride: 1 })
    expect(found).toHaveLength(2 * 5 * 2)
    for (const { measure, value } of found) {
      expect(measure.variant).toBe(`${measure.anchor} ${measure.axis}`)
      expect(value).toBeCloseTo(measure.axis === 'vertical' ? 0.002 : 0.001, 5)
    }
  })

  it('hold the grid spectrum of maps that are wide enough, and none of others', () => {
    const spectrum = (side: number, stride: number) => {
      const { unit } = madeUnit({ stride })
      const maps = Float32Array.from(
        { length: 2 * 5 * side * side },
        (_, i) => 0.9 + 0.01 * Math.cos((2 * Math.PI * (i % side) * stride) / 8),
      )
      return measuredMetrics({ ...unit, rows: side, cols: side, arrays: {} }, maps).filter(
        ({ measure }) => measure.metric === 'grid-spectrum',
      )
    }
    expect(spectrum(2, 1)).toEqual([])
    const found = spectrum(100, 1)
    expect(found).toHaveLength(2 * 5 * 2 * 5)
    for (const { measure, value } of found) {
      const { anchor, axis, period, variant } = measure
      expect(variant).toBe(`${anchor} ${axis} ${period}px`)
      expect(value).toBeCloseTo(axis === 'horizontal' && period === 8 ? 0.01 ** 2 / 2 : 0, 6)
    }
    expect(new Set(spectrum(34, 3).map(({ measure }) => measure.period))).toEqual(new Set([8, 16, 32]))
  })

  it('hold the direction bias at every anchor', () => {
    // 2×2 maps that rise by 0.001 to the right and 0.002 downwards: at distance 1, ±0.001 less ±0.002.
    const bias = metricsOf().metrics.filter(
      ({ measure, layer }) => measure.metric === 'direction-bias' && layer === 'fc6',
    )
    const expected = {
      'top-left': -0.001,
      'top-right': -0.003,
      'bottom-left': 0.003,
      'bottom-right': 0.001,
    }
    // The center lies between both positions: none is farther from it than the other.
    expect(bias.map(({ measure }) => measure.variant)).toEqual(Object.keys(expected))
    for (const { measure, value } of bias)
      expect(value).toBeCloseTo(expected[measure.variant as keyof typeof expected], 5)
  })

  it('hold the consistency of the unit, with the distance of neighbours', () => {
    const { unit, metrics } = metricsOf()
    const found = metrics.filter(({ measure }) => measure.metric === 'consistency')
    expect(found.map(({ measure }) => measure.variant)).toEqual(
      unit.layers.flatMap(() => ['horizontal 50px', 'vertical 50px']),
    )
    expect(found.map(({ value }) => value)).toEqual(
      unit.layers.flatMap(({ consistency }) => [consistency.horizontal, consistency.vertical]),
    )
    const line = {
      ...unit,
      arrays: {},
      layers: unit.layers.map((layer) => ({ ...layer, consistency: { horizontal: 1, vertical: null } })),
    }
    const { maps } = madeUnit()
    expect(
      measuredMetrics(line, maps).filter(
        ({ measure }) => measure.metric === 'consistency' && measure.axis === 'vertical',
      ),
    ).toEqual([])
  })
})

describe('metrics.csv', () => {
  it('is tidy: one value a row under the contract’s columns, every number kept', () => {
    const { metrics } = metricsOf({ stride: 1 })
    const [head, ...rows] = parseCsv(csvOf(metrics))
    expect(head).toEqual(['model', 'layer', 'size', 'patch', 'metric', 'variant', 'value'])
    expect(rows.map((row) => Number(row[6]))).toEqual(metrics.map(({ value }) => value))
  })

  it('comes in pieces that make one text, however many rows there are', () => {
    const { metrics } = metricsOf({ stride: 1 })
    const many = Array.from({ length: 25_000 }, (_, i) => ({ ...(metrics[i % metrics.length] as Metric), value: i }))
    const pieces = [...metricsCsv(many)]
    expect(pieces.length).toBeGreaterThan(2)
    expect(
      parseCsv(csvOf(many))
        .slice(1)
        .map((row) => Number(row[6])),
    ).toEqual(many.map(({ value }) => value))
  })

  it('keeps any name in its cell', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (patch) => {
        const [, ...rows] = parseCsv(csvOf(metricsOf({ patch }).metrics))
        expect(new Set(rows.map((row) => row.length))).toEqual(new Set([7]))
        // An apostrophe guards what a spreadsheet would take for a formula.
        expect([withoutControls(patch), `'${withoutControls(patch)}`]).toContain(rows[0]?.[3])
        expect(new Set(rows.map((row) => row[3])).size).toBe(1)
      }),
    )
  })
})
