import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ANCHOR_NAMES } from '../../src/engine/positions.js'
import { csvCell, metricsCsv, unitMetrics } from '../../src/results/metrics.js'
import type { UnitInputs } from '../../src/results/unit.js'
import { madeUnit } from './study.js'

function metricsOf(changes: Partial<UnitInputs> = {}) {
  const { unit, maps } = madeUnit(changes)
  return { unit, maps, metrics: unitMetrics({ ...unit, arrays: {} }, maps) }
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
            ({ layer, metric, variant }) =>
              layer === name && metric === `similarity-${statistic}` && variant === anchor,
          )
          expect(found.map(({ value }) => value)).toEqual([similarity[anchor][statistic]])
        }
      }
    }
  })

  it('hold the share of positions above each threshold', () => {
    // The made maps rise by 0.001 from 0.9 on: nothing reaches 0.95.
    const { metrics } = metricsOf()
    const coverage = metrics.filter(({ metric }) => metric === 'coverage')
    expect(coverage).toHaveLength(2 * 5 * 3)
    for (const { variant, value, layer } of coverage) {
      if (variant.endsWith('>=0.9') && layer === 'fc6' && variant !== 'top-left>=0.9') expect(value).toBe(1)
      if (variant.endsWith('>=0.95')) expect(value).toBe(0)
    }
  })

  it('hold jaggedness along both axes, of 1-pixel neighbours only', () => {
    const jagged = ({ stride }: { stride: number }) =>
      metricsOf({ stride }).metrics.filter(({ metric }) => metric === 'jaggedness')
    expect(jagged({ stride: 2 })).toEqual([])
    const found = jagged({ stride: 1 })
    expect(found).toHaveLength(2 * 5 * 2)
    for (const { variant, value } of found) expect(value).toBeCloseTo(variant.endsWith('vertical') ? 0.002 : 0.001, 5)
  })
})

describe('metrics.csv', () => {
  it('is tidy: one value a row under the contract’s columns, every number kept', () => {
    const { metrics } = metricsOf({ stride: 1 })
    const [head, ...rows] = parseCsv(metricsCsv(metrics))
    expect(head).toEqual(['model', 'layer', 'size', 'patch', 'metric', 'variant', 'value'])
    expect(rows.map((row) => Number(row[6]))).toEqual(metrics.map(({ value }) => value))
  })

  it('keeps names with commas, quotes and line breaks in their cell', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (patch) => {
        const [, ...rows] = parseCsv(metricsCsv(metricsOf({ patch }).metrics))
        expect(new Set(rows.map((row) => row.length))).toEqual(new Set([7]))
        expect(new Set(rows.map((row) => row[3]))).toEqual(new Set([patch]))
      }),
    )
  })

  it('quotes a cell only where it must', () => {
    expect(['a', 'a b', 'a,b', 'a"b', 'a\nb', 1.5].map(csvCell)).toEqual([
      'a',
      'a b',
      '"a,b"',
      '"a""b"',
      '"a\nb"',
      '1.5',
    ])
  })
})
