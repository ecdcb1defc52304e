import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ANCHOR_NAMES, type AnchorName } from '../../../src/engine/positions.js'
import { chartSections } from '../../../src/report/charts/sections.js'
import type { ReportSection } from '../../../src/report/section.js'
import type { Summary } from '../../../src/results/summary.js'

function summaryOf(models: readonly string[], layer = 'fc'): Summary {
  const place = (model: string) => ({ model, layer, size: 75 })
  const common = { mean: 0.9, std: 0.01, patches: 10 }
  return {
    similarity: models.map((model) => ({ ...place(model), anchor: 'center', ...common, mean: 0.876 })),
    separability: models.flatMap((model) =>
      (['ordered', 'shuffled'] as const).flatMap((cv) =>
        ['left-right', 'top-bottom'].map((task) => ({
          ...place(model),
          task,
          cv,
          loss: 'hinge',
          accuracy: task === 'top-bottom' && cv === 'ordered' ? 0.901 : 0.987,
          std: 0.1,
          folds: [1, 1, 1, 1, 1],
          patches: 10,
        })),
      ),
    ),
    foldBaselines: [],
    nullBaseline: models.map((model) => ({ ...place(model), classes: 'different', mean: 0.432, std: 0.1, pairs: 10 })),
    measures: models.flatMap((model) => [
      { ...place(model), metric: 'coverage', variant: 'x', anchor: 'center', threshold: 0.95, ...common, mean: 0.654 },
      {
        ...place(model),
        metric: 'jaggedness',
        variant: 'x',
        anchor: 'center',
        axis: 'vertical',
        ...common,
        mean: 0.00321,
      },
      {
        ...place(model),
        metric: 'grid-spectrum',
        variant: 'x',
        anchor: 'center',
        axis: 'vertical',
        period: 8,
        ...common,
        mean: 3.45e-6,
      },
      { ...place(model), metric: 'direction-bias', variant: 'center', anchor: 'center', ...common, mean: 0.0123 },
      { ...place(model), metric: 'consistency', variant: 'x', axis: 'vertical', distance: 1, ...common, mean: 0.765 },
    ]),
  }
}

const EMPTY: Summary = { similarity: [], separability: [], foldBaselines: [], nullBaseline: [], measures: [] }

describe('charts', () => {
  it('have a section for each measure, with how to read it, in unique ids', () => {
    const sections = chartSections(summaryOf(['net']))
    expect(sections.map(({ id }) => id)).toEqual([
      'chart-null-baseline',
      'chart-coverage',
      'chart-jaggedness',
      'chart-grid-spectrum',
      'chart-direction-bias',
      'chart-consistency',
      'chart-separability',
    ])
    for (const { id, html } of sections) {
      expect(id).toMatch(/^[a-z][a-z0-9-]*$/)
      expect(html).toMatch(/^<p class="note">[^<]{60,}<\/p>/)
      expect(html).toMatch(/<svg [^>]*role="group" aria-label="[^"]+"/)
      expect(html).not.toMatch(/NaN|Infinity|undefined/)
    }
  })

  it('name the anchors at which direction bias is not measured, for each size', () => {
    const cells = (anchors: readonly AnchorName[], size: number) =>
      anchors.map((anchor) => ({ model: 'net', layer: 'fc', size, metric: 'direction-bias', variant: anchor, anchor }))
    const measured = [...cells(['top-left', 'center', 'bottom-right'], 75), ...cells(ANCHOR_NAMES, 125)]
    const measures = measured.map((cell) => ({ ...cell, mean: 0.01, std: 0, patches: 5 }))
    const [section] = chartSections({ ...EMPTY, measures })
    const [, large, small] = (section as ReportSection).html.split('<h3>')
    expect(small).toMatch(/^Patches of 75[\s\S]*Not measured at top-right and bottom-left: at this stride no positions/)
    expect(large).not.toContain('Not measured')
  })

  it('say each number where it is marked', () => {
    const titles = chartSections(summaryOf(['net'])).map(({ html }) =>
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
    expect(chartSections(EMPTY)).toEqual([])
    const { separability } = summaryOf(['net'])
    expect(chartSections({ ...EMPTY, separability }).map(({ id }) => id)).toEqual(['chart-separability'])
  })

  it('show names as text, whatever they hold, and keep their elements', () => {
    const names = fc.oneof(
      fc.string({ unit: 'binary', minLength: 1 }),
      fc.constantFrom('<script>alert(1)</script>', '"onload="alert(1)', "'", '&lt;', '</svg>', 'x'.repeat(200)),
    )
    const elementsOf = (html: string) => [...html.matchAll(/<\/?([a-z][a-z0-9]*)/gi)].map(([tag]) => tag)
    const plain = chartSections(summaryOf(['net'])).map(({ html }) => elementsOf(html))
    fc.assert(
      fc.property(names, names, (model, layer) => {
        const sections = chartSections(summaryOf([model], layer))
        expect(sections.map(({ html }) => elementsOf(html))).toEqual(plain)
        for (const { html } of sections) expect(html).not.toMatch(/\son[a-z]+="/i)
      }),
    )
  })

  it('has a panel for each network, three in a row', () => {
    const spectrum = chartSections(summaryOf(['a', 'b', 'c', 'd'])).find(({ id }) => id === 'chart-grid-spectrum')
    const titles = [
      ...(spectrum?.html ?? '').matchAll(/<text x="([\d.]+)" y="([\d.]+)"[^>]*font-weight="600"[^>]*>([a-d])</g),
    ]
    expect(titles.map(([, , , name]) => name)).toEqual(['a', 'b', 'c', 'd'])
    const [first, , , fourth] = titles
    expect(fourth?.[1]).toBe(first?.[1])
    expect(Number(fourth?.[2])).toBeGreaterThan(Number(first?.[2]))
  })
})
