import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { similarityTables } from '../../../src/report/tables/model.js'
import { tablesSection } from '../../../src/report/tables/section.js'

const names = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1 }),
  fc.constantFrom('<script>alert(1)</script>', '"onerror="alert(1)', "'", '&lt;', '</main>', '--><b>'),
)

function sectionOf(model: string, layer: string): string {
  const cell = { model, layer, size: 125, anchor: 'center' as const, mean: 0.934, std: 0.0261, patches: 10 }
  const paper = { model, layer, size: 125, anchor: 'center' as const, mean: 0.931, std: 0.029 }
  return tablesSection(similarityTables([cell], [paper], false, () => true)).html
}

/** Text as a browser shows it. */
function shown(html: string): string {
  const entities: Record<string, string> = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'", '&amp;': '&' }
  return html.replace(/&(?:lt|gt|quot|#39|amp);/g, (entity) => entities[entity] as string)
}

describe('tables of the page', () => {
  it('show names as text, whatever they hold', () => {
    const count = (html: string) => (html.match(/</g) ?? []).length
    fc.assert(
      fc.property(names, names, (model, layer) => {
        const html = sectionOf(model, layer)
        expect(count(html)).toBe(count(sectionOf('model', 'layer')))
        expect(shown(/<th scope="row">(.*?)<\/th>/s.exec(html)?.[1] ?? '')).toBe(model)
        expect(shown(/<\/th><td>(.*?)<\/td>/s.exec(html)?.[1] ?? '')).toBe(layer)
      }),
    )
  })

  it("have the paper's value under the measured one", () => {
    expect(sectionOf('alexnet', 'fc6')).toMatch(
      /<td>0\.934 ± 0\.026<br><small>paper 0\.931 ± 0\.029, \+0\.003[^<]*<\/small><\/td>/,
    )
  })
})
