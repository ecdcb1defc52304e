import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { embeddedJson, resultsPage } from '../../src/page/page.js'
import type { ReportSection } from '../../src/page/section.js'
import { groupOf, indexOf } from '../support/siteIndex.js'

const sections: readonly ReportSection[] = [
  { id: 'tables', title: 'Tables', html: '<p>a table</p>' },
  { id: 'folds', title: 'What <the> folds do', html: '<p>folds</p>' },
]

const names = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('</script><script>alert(1)</script>', '<!--', '\u2028', '"', "'", ']]>', '&lt;', 'שלום'),
)

function pageOf(model: string, layer: string): string {
  return resultsPage(indexOf([groupOf({ key: 0, model, layers: [layer] })]), sections)
}

/** What the script element with the study holds. */
function studyOf(page: string): string {
  return /<script type="application\/json" id="study">(.*?)<\/script>/s.exec(page)?.[1] ?? ''
}

describe('page', () => {
  it('opens in the view that its first sentence is about', () => {
    const opening = { sentence: 'A “bird” changes.', link: '#network=a&patch="' }
    const page = resultsPage(indexOf([groupOf({ key: 0, model: 'a' })]), [], opening)
    expect(page).toContain(
      '<p class="finding">A “bird” changes.</p>\n<p class="soft">1 network · 2 objects of 125 px · moved in steps of 1 px.',
    )
    expect(page).toContain('data-view="#network=a&amp;patch=&quot;"')
  })

  it('carries names so that nothing of them is markup, and gives them back', () => {
    const plain = pageOf('model', 'layer')
    const count = (page: string) => (page.match(/</g) ?? []).length
    fc.assert(
      fc.property(names, names, (model, layer) => {
        const page = pageOf(model, layer)
        expect(count(page)).toBe(count(plain))
        expect(JSON.parse(studyOf(page))).toEqual(indexOf([groupOf({ key: 0, model, layers: [layer] })]))
      }),
      { numRuns: 60 },
    )
  })

  it('asks for nothing outside: no address but that of the paper to be followed, no style sheet, no font, no module', () => {
    const page = pageOf('https://example.org/x.js', '//example.org')
    expect(page.startsWith('<!doctype html>')).toBe(true)
    expect([...page.matchAll(/\s(?:src|srcset|action|data)="([^"]*)"/g)]).toEqual([])
    const links = [...page.matchAll(/\shref="([^"]*)"/g)].map(([, value]) => value as string)
    expect(links.filter((value) => !/^(?:#|data:,$)/.test(value))).toEqual([
      'https://arxiv.org/abs/2011.04127',
      'https://doi.org/10.1007/978-3-030-68238-5_15',
    ])
    expect(page).not.toMatch(/@import|url\((?!#)|type="module"|\sfetch\(|XMLHttpRequest/)
    expect([...page.matchAll(/\son[a-z]+="/g)]).toEqual([])
  })

  it('shows the sections in their order, each under its title and in the contents', () => {
    const page = pageOf('model', 'layer')
    const heads = [...page.matchAll(/<section class="report" id="([^"]+)"[^>]*>\n<h2[^>]*>([^<]*)<\/h2>\n(.*)/g)]
    expect(heads.map(([, id, title, html]) => [id, title, html])).toEqual([
      ['tables', 'Tables', '<p>a table</p>'],
      ['folds', 'What &lt;the&gt; folds do', '<p>folds</p>'],
    ])
    expect(page).toContain('<a href="#tables">Tables</a><a href="#folds">What &lt;the&gt; folds do</a>')
  })

  it('carries a script that any browser can read', () => {
    const script = /<script>(.*?)<\/script>/s.exec(pageOf('model', 'layer'))?.[1] ?? ''
    expect(() => new Function(script)).not.toThrow()
    expect(script).not.toMatch(/^\s*(?:import|export)\b/m)
    expect(script).not.toContain('<!--')
  })

  it('embeds any JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), names, (value, name) => {
        const text = embeddedJson({ value, name })
        expect(text).not.toContain('<')
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify({ value, name })))
      }),
    )
  })
})
