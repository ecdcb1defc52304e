import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ANCHOR_NAMES } from '../../src/engine/positions.js'
import { PAPER_LIMITS } from '../../src/report/heatmap.js'
import { heatmapName, resultsPage } from '../../src/report/page.js'
import { similarityTables } from '../../src/report/tables.js'
import type { StudyGroup } from '../../src/results/study.js'
import { summarize } from '../../src/results/summary.js'
import { fileName } from '../../src/results/unit.js'
import { madeUnit } from '../results/study.js'

function group(model: string, layer: string): StudyGroup {
  const { unit, maps } = madeUnit({ model, layers: [layer], patch: '<img src=x onerror=alert(1)>' })
  const { size, stride } = unit.inputs
  const units = [{ ...unit, arrays: {} }]
  return {
    model,
    size,
    rows: 2,
    cols: 2,
    stride,
    layers: [layer],
    units,
    metrics: [],
    nullBaseline: [],
    meanMaps: Float64Array.from(maps),
  }
}

function pageOf(model: string, layer: string): string {
  const groups = [group(model, layer)]
  return resultsPage(groups, similarityTables(summarize(groups).similarity, [], false), undefined, PAPER_LIMITS)
}

/** Text as a browser shows it. */
function shown(html: string): string {
  const entities: Record<string, string> = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'", '&amp;': '&' }
  return html.replace(/&(?:lt|gt|quot|#39|amp);/g, (entity) => entities[entity] as string)
}

/** All that the page makes of markup: names of elements, and attributes with their values. */
function markup(html: string): { elements: string[]; attributes: string[]; values: string[] } {
  const tags = [...html.matchAll(/<([a-z!/][a-z0-9]*)((?:\s+[a-z-]+(?:="[^"]*")?)*)\s*>/gi)]
  const pairs = tags.flatMap(([, , text]) => [...(text as string).matchAll(/\s([a-z-]+)(?:="([^"]*)")?/gi)])
  return {
    elements: tags.map(([, name]) => name as string),
    attributes: pairs.map(([, name]) => name as string),
    values: pairs.map(([, , value]) => value ?? ''),
  }
}

const names = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1 }),
  fc.constantFrom('<script>alert(1)</script>', '"onerror="alert(1)', "'", '&lt;', '</main>', '--><b>', '](http://x)'),
)

describe('page', () => {
  it('shows names as text, whatever they hold', () => {
    const plain = markup(pageOf('model', 'layer'))
    fc.assert(
      fc.property(names, names, (model, layer) => {
        const page = pageOf(model, layer)
        const made = markup(page)
        expect(made.elements).toEqual(plain.elements)
        expect(made.attributes).toEqual(plain.attributes)
        expect((page.match(/</g) ?? []).length).toBe((pageOf('model', 'layer').match(/</g) ?? []).length)
        expect(shown(/<th scope="row">(.*?)<\/th>/s.exec(page)?.[1] ?? '')).toBe(model)
        expect(shown(/<h4>(.*?)<\/h4>/s.exec(page)?.[1] ?? '')).toBe(layer)
      }),
    )
  })

  it('needs no network and runs no script', () => {
    const page = pageOf('https://example.org/x.js', '//example.org')
    expect(page.startsWith('<!doctype html>')).toBe(true)
    const { elements, attributes } = markup(page)
    expect(elements).not.toContain('script')
    expect(elements).not.toContain('link')
    expect(attributes.filter((name) => name.startsWith('on') || name === 'href')).toEqual([])
    const sources = [...page.matchAll(/\b(?:src|srcset|href|action|data)="([^"]*)"/g)].map(
      ([, value]) => value as string,
    )
    expect(sources).toHaveLength(ANCHOR_NAMES.length)
    for (const source of sources) expect(source).toMatch(/^heatmaps\/[^/:]+\.png$/)
    expect(page).not.toMatch(/url\(|@import/)
  })

  it('points to the heatmaps by the names of their files', () => {
    fc.assert(
      fc.property(names, names, (model, layer) => {
        const sources = [...pageOf(model, layer).matchAll(/<img src="([^"]*)"/g)].map(([, value]) => value as string)
        expect(sources.map(decodeURIComponent)).toEqual(
          ANCHOR_NAMES.map((anchor) => `heatmaps/${heatmapName(model, layer, 125, anchor)}.png`),
        )
      }),
    )
  })

  it('says in words what each heatmap and the colour scale show', () => {
    const page = pageOf('alexnet', 'fc6')
    const texts = [...page.matchAll(/alt="([^"]*)"/g)].map(([, text]) => text)
    expect(texts).toHaveLength(5)
    expect(texts[2]).toMatch(/^alexnet fc6, 125 pixels, similarity to the center anchor: mean 0\.910, lowest 0\.908$/)
    expect(page).toContain('aria-label="Colour scale from 0.88 (black) over red and yellow to 1 (white)"')
  })

  it("marks an anchor in the middle of its position's square", () => {
    const marks = [
      ...pageOf('alexnet', 'fc6').matchAll(/<i style="left:min\(([\d.]+)%, 100%\);top:min\(([\d.]+)%, 100%\)/g),
    ]
    expect(marks.map(([, left, top]) => [Number(left), Number(top)])).toEqual([
      [25, 25],
      [75, 25],
      [50, 50],
      [25, 75],
      [75, 75],
    ])
  })
})

describe('heatmap', () => {
  it('has the name that the contract gives: <model>-<layer>-<size>-<anchor>', () => {
    expect(heatmapName('alexnet', 'fc6', 125, 'top-left')).toBe('alexnet-fc6-125-top-left')
    expect(heatmapName('a/b', 'c', 75, 'center')).toBe(fileName('a/b-c-75-center'))
  })
})
