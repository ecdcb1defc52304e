import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chartHtml, chartsSection } from '../../../src/report/charts/sections.js'
import { MEASURES } from '../../../src/results/measures.js'
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
        ['consistency', 'vertical 1px', 0.765],
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
      'similarity-mean',
      'coverage',
      'jaggedness',
      'grid-spectrum',
      'consistency',
    ])
    for (const { html } of sections) {
      expect(html).toMatch(/<figcaption>[^<]{60,}<\/figcaption>/)
      expect(html).toMatch(/ role="group" aria-label="[^"]+"/)
      expect(html).not.toMatch(/NaN|Infinity|undefined/)
    }
  })

  it('say each number where it is marked', () => {
    const titles = chartsOf(rowsOf(['net'])).map(({ html }) =>
      [...html.matchAll(/<title>([^<]*)<\/title>/g)].map(([, words]) => words as string),
    )
    const [baseline, coverage, jaggedness, spectrum, consistency] = titles
    expect(baseline).toEqual([
      'net fc, one object, two positions: 0.876',
      'net fc, objects of different classes: 0.432 ± 0.10',
    ])
    expect(coverage).toEqual(['net, fc: 0.654 at 0.95'])
    expect(jaggedness).toEqual(['net fc, vertical: 0.00321 ± 0.010'])
    expect(spectrum).toEqual(['net, fc: 0.00000345 at 8'])
    expect(consistency).toEqual(['net fc, vertical: 0.765 ± 0.010'])
  })

  it('are left out where nothing was measured', () => {
    expect(chartsOf([])).toEqual([])
    const some = rowsOf(['net']).filter(({ metric }) => metric === 'coverage')
    expect(chartsOf(some).map(({ id }) => id)).toEqual(['coverage'])
    expect(chartsSection([]).html).toBe('')
    expect(chartsSection(some).html).toContain(chartHtml('coverage', some))
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

  it('have a panel for each network, as many in a row as there is room for', () => {
    const { html = '' } = chartsOf(rowsOf(['a', 'b', 'c', 'd'])).find(({ id }) => id === 'grid-spectrum') ?? {}
    expect([...html.matchAll(/<svg [^>]*aria-label="[^"]*: (.)"/g)].map(([, name]) => name)).toEqual([
      'a',
      'b',
      'c',
      'd',
    ])
    expect([...html.matchAll(/<title>(.)/g)].map(([, name]) => name)).toEqual(['a', 'b', 'c', 'd'])
  })
})
