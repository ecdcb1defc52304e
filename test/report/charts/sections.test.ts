import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ANCHOR_NAMES, type AnchorName } from '../../../src/engine/positions.js'
import { chartHtml, chartsSection } from '../../../src/report/charts/sections.js'
import { MEASURES } from '../../../src/results/measures.js'
import type { Row } from '../../../src/results/rows.js'

/** A row of each measure that has a chart, of each of these networks. */
function rowsOf(models: readonly string[], layer = 'fc'): readonly Row[] {
  return models.flatMap((model) =>
    (
      [
        ['answer-kept', 'center confident', 0.543],
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
        ['fold-error', 'phase', 0.321],
      ] as const
    ).map(([metric, variant, mean, std = 0.01]) => ({
      ...{ model, layer, size: 75, metric, variant, mean, std, count: 10, values: new Map() },
    })),
  )
}

/** The charts of all measures that have one and were measured, by the measures' names. */
function chartsOf(rows: readonly Row[]): readonly { readonly id: string; readonly html: string }[] {
  return MEASURES.flatMap(({ name }) => {
    const html = chartHtml(name, rows)
    return html === undefined ? [] : [{ id: name, html }]
  })
}

describe('charts', () => {
  it('are of each measure, with how to read it', () => {
    const sections = chartsOf(rowsOf(['net']))
    expect(sections.map(({ id }) => id)).toEqual([
      'answer-kept',
      'similarity-mean',
      'coverage',
      'jaggedness',
      'grid-spectrum',
      'direction-bias',
      'consistency',
      'separability-accuracy',
      'fold-error',
    ])
    for (const { html } of sections) {
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
    const html = chartHtml('direction-bias', [
      ...rows(['top-left', 'center', 'bottom-right'], 75),
      ...rows(ANCHOR_NAMES, 125),
    ])
    expect(html).toContain('Not measured at top-right and bottom-left (patches of 75 px): at this stride no positions')
    expect(chartHtml('direction-bias', rows(ANCHOR_NAMES, 125))).not.toContain('Not measured')
  })

  it('say each number where it is marked', () => {
    const titles = chartsOf(rowsOf(['net'])).map(({ html }) =>
      [...html.matchAll(/<title>([^<]*)<\/title>/g)].map(([, words]) => words as string),
    )
    const [answers, baseline, coverage, jaggedness, spectrum, bias, consistency, separability, folds] = titles
    expect(answers).toEqual(['net fc, confident objects: 0.543 ± 0.010'])
    expect(folds).toEqual(['net fc, by phase: 0.321 ± 0.010'])
    expect(baseline).toEqual([
      'net fc, one object, two positions: 0.876',
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
    expect(chartsOf([])).toEqual([])
    const some = rowsOf(['net']).filter(({ metric }) => metric === 'separability-accuracy')
    expect(chartsOf(some).map(({ id }) => id)).toEqual(['separability-accuracy'])
    expect(chartsSection([]).html).toBe('')
    expect(chartsSection(some).html).toContain(chartHtml('separability-accuracy', some))
  })

  it('show names as text, whatever they hold, and keep their elements', () => {
    const names = fc.oneof(
      fc.string({ unit: 'binary', minLength: 1 }),
      fc.constantFrom('<script>alert(1)</script>', '"onload="alert(1)', "'", '&lt;', '</svg>', 'x'.repeat(200)),
    )
    const elementsOf = (html: string) => [...html.matchAll(/<\/?([a-z][a-z0-9]*)/gi)].map(([tag]) => tag)
    const plain = chartsOf(rowsOf(['net'])).map(({ html }) => elementsOf(html))
    fc.assert(
      fc.property(names, names, (model, layer) => {
        const sections = chartsOf(rowsOf([model], layer))
        expect(sections.map(({ html }) => elementsOf(html))).toEqual(plain)
        for (const { html } of sections) expect(html).not.toMatch(/\son[a-z]+="/i)
      }),
    )
  })

  it('has a panel for each network, three in a row', () => {
    const spectrum = chartsOf(rowsOf(['a', 'b', 'c', 'd'])).find(({ id }) => id === 'grid-spectrum')
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
