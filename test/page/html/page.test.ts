import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { embeddedJson, resultsPage } from '../../../src/page/html/page.js'
import type { ReportSection } from '../../../src/page/html/section.js'
import { groupOf, indexOf } from '../../support/siteIndex.js'

const SECTIONS: readonly ReportSection[] = [
  { id: 'tables', title: 'Tables', html: '<p>a table</p>' },
  { id: 'folds', title: 'What <the> folds do', html: '<p>folds</p>', isFolded: true },
]
const HOSTILE = ['</script><script>alert(1)</script>', '<!--', '\u2028', '"', "'", ']]>', '&lt;', 'שלום', '__proto__']

const indexWith = (model: string, layer: string) => indexOf([groupOf({ key: 0, model, layers: [layer] })])

describe('the page of a report', () => {
  it('opens in the view that its first sentence is about', () => {
    const opening = { sentence: 'A “bird” changes.', more: 'Others do not.', link: '#network=a&patch="' }
    const wishes = [
      { key: 0, model: 'a' },
      { key: 1, model: 'b', size: 75, stride: 2 },
    ]
    const groups = wishes.map((wish) => ({ ...groupOf(wish), frame: 224 }))
    const page = resultsPage(indexOf(groups), [], { opening })
    expect(page).toContain(
      '<p class="finding"><strong>A “bird” changes.</strong> Others do not.</p>\n<p class="soft"><span>2 networks</span><span> · </span><span>2 objects of 75 and 125 px</span><span> · </span><span>100 positions each, every 1 or 2 px</span></p>',
    )
    expect(page).toContain('data-view="#network=a&amp;patch=&quot;"')
  })

  it('carries names so that nothing of them is markup, and gives them back', () => {
    const count = (page: string) => page.split('<').length
    const plain = count(resultsPage(indexWith('model', 'layer'), SECTIONS))
    for (const name of HOSTILE) {
      const page = resultsPage(indexWith(name, name), SECTIONS)
      const study = /<script type="application\/json" id="study">(.*?)<\/script>/s.exec(page)?.[1] ?? ''
      expect([count(page), JSON.parse(study)]).toEqual([plain, indexWith(name, name)])
    }
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(...HOSTILE), (value, name) => {
        const text = embeddedJson({ value, name })
        expect([text.includes('<'), JSON.parse(text)]).toEqual([false, JSON.parse(JSON.stringify({ value, name }))])
      }),
      { numRuns: 30 },
    )
  })

  it('asks for nothing outside: no address but that of the paper to be followed, no style sheet, no font, no module', () => {
    const page = resultsPage(indexWith('https://example.org/x.js', '//example.org'), SECTIONS)
    expect(page.startsWith('<!doctype html>')).toBe(true)
    expect([...page.matchAll(/\s(?:src|srcset|action|data)="([^"]*)"/g)]).toEqual([])
    const links = [...page.matchAll(/\shref="([^"]*)"/g)].map(([, value]) => value as string)
    expect(links.filter((value) => !/^(?:#|data:,$)/.test(value))).toEqual([
      'https://arxiv.org/abs/2011.04127',
      'https://doi.org/10.1007/978-3-030-68238-5_15',
    ])
    expect(page).not.toMatch(/@import|url\((?!#)|type="module"|\sfetch\(|XMLHttpRequest|\son[a-z]+="/)
    const script = /<script>(.*?)<\/script>/s.exec(page)?.[1] ?? ''
    expect(() => new Function(script)).not.toThrow()
    expect(script).not.toContain('<!--')
  })

  it('shows the sections in their order, under their titles, with or without maps', () => {
    const tables =
      '<section class="report" id="tables" aria-labelledby="tables-title">\n<h2 id="tables-title">Tables</h2>\n<p>a table</p>\n</section>'
    const folds =
      '<details><summary><h2 id="folds-title">What &lt;the&gt; folds do</h2></summary>\n<p>folds</p>\n</details>'
    for (const index of [indexWith('model', 'layer'), null]) {
      const page = resultsPage(index, SECTIONS)
      expect(page).toContain('id="theme"')
      expect(page.indexOf(tables)).toBeLessThan(page.indexOf(folds))
      expect(page).toContain(tables)
      const ofViewer = ['<section id="viewer"', 'href="#a-frame"', '<script']
      expect(ofViewer.map((part) => page.includes(part))).toEqual(ofViewer.map(() => index !== null))
    }
  })

  it('says what to do next between the sections and the folded ones, each of which it has once', () => {
    const sections = [SECTIONS[1]!, SECTIONS[0]!]
    const ids = [...resultsPage(null, sections).matchAll(/<section class="report" id="([^"]*)"/g)].map(([, id]) => id)
    expect(ids).toEqual(['tables', 'next', 'folds', 'cite'])
  })

  it('says in its title and in one heading what it is', () => {
    const titles = (page: string) => [
      /<title>(.*)<\/title>/.exec(page)?.[1],
      [...page.matchAll(/<h1[^>]*>(.*)<\/h1>/g)].map(([, text]) => text),
    ]
    const two = indexOf(['a', 'b'].map((model, key) => groupOf({ key, model })))
    const three = indexOf(['a', 'b', 'c'].map((model, key) => groupOf({ key, model })))
    const question = ['Does a network give the same answer wherever the object is?']
    expect(titles(resultsPage(two, SECTIONS))).toEqual(['Shift invariance of a and b', question])
    expect(titles(resultsPage(three, SECTIONS))).toEqual(['Shift invariance of 3 networks', question])
    expect(titles(resultsPage(null, SECTIONS))).toEqual(['Feature arithmetic', ['Feature arithmetic']])
  })

  it('has the answer beside a question, in the heading', () => {
    const page = resultsPage(null, [{ id: 'claim', title: 'Is <a> b?', answer: 'No: 1 < 2', html: '' }])
    expect(page).toContain('<h2 id="claim-title">Is &lt;a&gt; b? <span class="answer">No: 1 &lt; 2</span></h2>')
  })

  it('knows an object by less than 200 bytes', () => {
    const group = groupOf({ key: 0, model: 'a' })
    const units = Array.from({ length: 50 }, (_, i) => ({ patch: `patch ${i}`, picture: i, features: [1, 1] }))
    const length = (ones: typeof units) => resultsPage(indexOf([{ ...group, units: ones }]), []).length
    expect(length(units) - length(units.slice(0, 1))).toBeLessThan(200 * 49)
  })
})
