import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ANCHOR_NAMES } from '../../src/engine/positions.js'
import { firstView, parseView } from '../../src/page/browser/view.js'
import { PAPER_LIMITS } from '../../src/page/paperLimits.js'
import { heatmapName } from '../../src/report/heatmap.js'
import { overviewSection } from '../../src/report/overview.js'
import { fileName } from '../../src/results/fileName.js'
import { groupOf, indexOf } from '../support/siteIndex.js'
import { groupWith, measures } from '../support/studyGroup.js'

const names = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1 }),
  fc.constantFrom('<script>alert(1)</script>', '"onerror="alert(1)', "'", '&lt;', 'a&b=c', '](http://x)', '../..'),
)

function overviewOf(model: string, layer: string): string {
  const group = groupWith(model, [[measures.similarity, [0.9]]])
  const numbers = group.numbers.map((row) => ({ ...row, layer }))
  return overviewSection([{ ...group, layers: [layer], numbers }], PAPER_LIMITS).html
}

function attributes(html: string, name: string): string[] {
  return [...html.matchAll(new RegExp(` ${name}="([^"]*)"`, 'g'))].map(([, value]) => value as string)
}

describe('overview', () => {
  it('points to the heatmaps by the names of their files, whatever the names', () => {
    fc.assert(
      fc.property(names, names, (model, layer) => {
        const html = overviewOf(model, layer)
        expect((html.match(/</g) ?? []).length).toBe((overviewOf('model', 'layer').match(/</g) ?? []).length)
        expect(attributes(html, 'src').map(decodeURIComponent)).toEqual(
          ANCHOR_NAMES.map((anchor) => `heatmaps/${heatmapName(model, layer, 125, anchor)}.png`),
        )
        for (const source of attributes(html, 'src')) expect(source).toMatch(/^heatmaps\/[^/:]+\.png$/)
      }),
    )
  })

  it('leads to the same map in the viewer', () => {
    const base = indexOf([groupOf({ key: 0, model: 'm' })])
    fc.assert(
      fc.property(names, names, (model, layer) => {
        const links = attributes(overviewOf(model, layer), 'href').map((link) => link.replaceAll('&amp;', '&'))
        const views = links.map((link) => parseView(link, firstView(base)))
        expect(views).toMatchObject(ANCHOR_NAMES.map((anchor) => ({ model, layer, size: 125, patch: null, anchor })))
      }),
    )
  })

  it('says in words what each heatmap shows', () => {
    expect(attributes(overviewOf('alexnet', 'fc6'), 'alt')[2]).toBe(
      'alexnet fc6, 125 pixels, similarity to the center anchor: mean 0.900',
    )
  })
})

describe('heatmap', () => {
  it('has the name that the contract gives: <model>-<layer>-<size>-<anchor>', () => {
    expect(heatmapName('alexnet', 'fc6', 125, 'top-left')).toBe('alexnet-fc6-125-top-left')
    expect(heatmapName('a/b', 'c', 75, 'center')).toBe(fileName('a/b-c-75-center'))
  })
})
