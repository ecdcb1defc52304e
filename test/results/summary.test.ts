import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ANCHOR_NAMES } from '../../src/engine/positions.js'
import type { StudyGroup } from '../../src/results/study.js'
import { csvCell, metricsCsv, summarize } from '../../src/results/summary.js'
import type { UnitInputs } from '../../src/results/unit.js'
import { madeUnit } from './study.js'

function group(levels: readonly number[], changes: Partial<UnitInputs> = {}): StudyGroup {
  const units = levels.map((level, i) => ({ ...madeUnit({ patch: `patch ${i}`, ...changes }, level).unit, arrays: {} }))
  const [{ inputs, rows, cols }] = units as [(typeof units)[number]]
  return {
    model: inputs.model,
    size: inputs.size,
    rows,
    cols,
    stride: inputs.stride,
    layers: inputs.layers,
    units,
    meanMaps: new Float64Array(inputs.layers.length * 20),
  }
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

describe('summary', () => {
  it('has mean and population standard deviation over patches of their means, one row a layer and anchor', () => {
    const { similarity } = summarize([group([0.2, 0.4, 0.9])])
    expect(similarity.map(({ layer, anchor }) => `${layer} ${anchor}`)).toEqual(
      ['fc6', 'fc8'].flatMap((layer) => ANCHOR_NAMES.map((anchor) => `${layer} ${anchor}`)),
    )
    const [first] = similarity
    expect(first).toMatchObject({ model: 'alexnet', layer: 'fc6', size: 125, anchor: 'top-left', patches: 3 })
    expect(first?.mean).toBeCloseTo(0.5, 12)
    expect(first?.std).toBeCloseTo(Math.sqrt((0.3 ** 2 + 0.1 ** 2 + 0.4 ** 2) / 3), 12)
  })

  it('of one patch has no deviation', () => {
    for (const { std, patches } of summarize([group([0.7])]).similarity) expect([std, patches]).toEqual([0, 1])
  })

  it('lies between the smallest and largest mean, whatever the patches’ order', () => {
    const levels = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(levels, (values) => {
        const [there] = summarize([group(values)]).similarity
        const [back] = summarize([group([...values].reverse())]).similarity
        expect(there?.mean).toBeCloseTo(back?.mean as number, 10)
        expect(there?.std).toBeCloseTo(back?.std as number, 10)
        expect(there?.mean).toBeGreaterThanOrEqual(Math.min(...values) - 1e-9)
        expect(there?.mean).toBeLessThanOrEqual(Math.max(...values) + 1e-9)
        expect(there?.std).toBeLessThanOrEqual((Math.max(...values) - Math.min(...values)) / 2 + 1e-9)
      }),
    )
  })
})

describe('metrics.csv', () => {
  it('is tidy: one value a row under the contract’s columns, every number kept', () => {
    const groups = [group([0.1, 1 / 3]), group([0.5], { model: 'resnet50', layers: ['fc'], size: 75 })]
    const [head, ...rows] = parseCsv(metricsCsv(groups))
    expect(head).toEqual(['model', 'layer', 'size', 'patch', 'metric', 'variant', 'value'])
    expect(rows).toHaveLength((2 * 2 + 1) * 5 * 2)
    for (const { model, size, units } of groups) {
      for (const { inputs, layers } of units) {
        for (const { name, similarity } of layers) {
          for (const anchor of ANCHOR_NAMES) {
            for (const statistic of ['mean', 'min'] as const) {
              const key = [model, name, String(size), inputs.patch, `similarity-${statistic}`, anchor]
              const found = rows.filter((row) => key.every((cell, i) => cell === row[i]))
              expect(found.map((row) => Number(row[6]))).toEqual([similarity[anchor][statistic]])
            }
          }
        }
      }
    }
  })

  it('keeps names with commas, quotes and line breaks in their cell', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (patch) => {
        const [, ...rows] = parseCsv(metricsCsv([group([0.5], { patch })]))
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
