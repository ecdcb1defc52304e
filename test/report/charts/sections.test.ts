import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ANCHOR_NAMES, type AnchorName } from '../../../src/engine/positions.js'
import { chartSections } from '../../../src/report/charts/sections.js'
import type { ReportSection } from '../../../src/report/section.js'
import type { Row } from '../../../src/results/rows.js'

/** A row of each measure that has a chart, of each of these networks. */
function rowsOf(models: readonly string[], layer = 'fc'): readonly Row[] {
  return models.flatMap((model) =>
    (
      [
        ['similarity-mean', 'center', 0.876],
        ['null-baseline', 'different class', 0.432, 0.1],
        ['coverage', 'center>=0.95', 0.654],
        ['jaggedness', 'center vertical', 0.00321],
        ['grid-spectrum', 'center vertical 8px', 3.45e-6],
        ['direction-bias', 'center', 0.0123],
        ['consistency', 'vertical 1px', 0.765],
        ['separability-accuracy', 'left-right ordered', 0.987],
        ['separability-accuracy', 'top-bottom ordered', 0.901],
        ['separability-accuracy', 'left-right shuffled', 0.987],
        ['separability-accuracy', 'top-bottom shuffled', 0.987],
      ] as const
    ).map(([metric, variant, mean, std = 0.01]) => ({
      ...{ model, layer, size: 75, metric, variant, mean, std, count: 10, values: new Map() },
    })),
  )
}

describe('charts', () => {
  it('have a section for each measure, with how to read it, in unique ids', () => {
    const sections = chartSections(rowsOf(['net']))
    expect(sections.map(({ id }) => id)).toEqual([
      'chart-similarity-mean',
      'chart-coverage',
      'chart-jaggedness',
      'chart-grid-spectrum',
      'chart-direction-bias',
      'chart-consistency',
      'chart-separability-accuracy',
    ])
    for (const { id, html } of sections) {
      expect(id).toMatch(/^[a-z][a-z0-9-]*$/)
      expect(html).toMatch(/<p class="note">[^<]{60,}<\/p>/)
      expect(html).toMatch(/<svg [^>]*role="group" aria-label="[^"]+"/)
      expect(html).not.toMatch(/NaN|Infinity|undefined/)
    }
  })

  it('name the anchors at which direction bias is not measured, for each size', () => {
    const rows = (anchors: readonly AnchorName[], size: number) =>
      anchors.map((variant) => ({
        ...{ model: 'net', layer: 'fc', size, metric: 'direction-bias', variant },
        ...{ mean: 0.01, std: 0, count: 5, values: new Map() },
      }))
    const [section] = chartSections([...rows(['top-left', 'center', 'bottom-right'], 75), ...rows(ANCHOR_NAMES, 125)])
    expect((section as ReportSection).html).toContain(
      'Not measured at top-right and bottom-left (patches of 75 px): at this stride no positions',
    )
    expect(chartSections(rows(ANCHOR_NAMES, 125))[0]?.html).not.toContain('Not measured')
  })

  it('say each number where it is marked', () => {
    const titles = chartSections(rowsOf(['net'])).map(({ html }) =>
      [...html.matchAll(/<title>([^<]*)<\/title>/g)].map(([, words]) => words as string),
    )
    const [baseline, coverage, jaggedness, spectrum, bias, consistency, separability] = titles
    expect(baseline).toEqual([
      'net fc, one object, two places: 0.876',
      'net fc, objects of different classes: 0.432 ± 0.10',
    ])
    expect(coverage).toEqual(['net, fc at 0.95: 0.654'])
    expect(jaggedness).toEqual(['net fc, vertical: 0.00321 ± 0.010'])
    expect(spectrum).toEqual(['net, fc at 8: 0.00000345'])
    expect(bias).toEqual(['net fc, center anchor: 0.0123 ± 0.010'])
    expect(consistency).toEqual(['net fc, vertical: 0.765 ± 0.010'])
    expect(separability).toEqual([
      'net fc, left-right: 0.987',
      'net fc, top-bottom: 0.901',
      'net fc, left-right: 0.987',
      'net fc, top-bottom: 0.987',
    ])
  })

  it('are left out where nothing was measured', () => {
    expect(chartSections([])).toEqual([])
    const some = rowsOf(['net']).filter(({ metric }) => metric === 'separability-accuracy')
    expect(chartSections(some).map(({ id }) => id)).toEqual(['chart-separability-accuracy'])
  })

  it('show names as text, whatever they hold, and keep their elements', () => {
    const names = fc.oneof(
      fc.string({ unit: 'binary', minLength: 1 }),
      fc.constantFrom('<script>alert(1)</script>', '"onload="alert(1)', "'", '&lt;', '</svg>', 'x'.repeat(200)),
    )
    const elementsOf = (html: string) => [...html.matchAll(/<\/?([a-z][a-z0-9]*)/gi)].map(([tag]) => tag)
    const plain = chartSections(rowsOf(['net'])).map(({ html }) => elementsOf(html))
    fc.assert(
      fc.property(names, names, (model, layer) => {
        const sections = chartSections(rowsOf([model], layer))
        expect(sections.map(({ html }) => elementsOf(html))).toEqual(plain)
        for (const { html } of sections) expect(html).not.toMatch(/\son[a-z]+="/i)
      }),
    )
  })

  it('has a panel for each network, three in a row', () => {
    const spectrum = chartSections(rowsOf(['a', 'b', 'c', 'd'])).find(({ id }) => id === 'chart-grid-spectrum')
    const titles = [
      ...(spectrum?.html ?? '').matchAll(/<text x="([\d.]+)" y="([\d.]+)"[^>]*font-weight="600"[^>]*>([a-d])</g),
    ]
    expect(titles.map(([, , , name]) => name)).toEqual(['a', 'b', 'c', 'd'])
    const points = [...(spectrum?.html ?? '').matchAll(/<title>(.)/g)].map(([, name]) => name)
    expect(points).toEqual(['a', 'b', 'c', 'd'])
    const [first, , , fourth] = titles
    expect(fourth?.[1]).toBe(first?.[1])
    expect(Number(fourth?.[2])).toBeGreaterThan(Number(first?.[2]))
  })
})
