import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { OutputError, UsageError } from '../../../src/errors.js'
import { writePage } from '../../../src/page/html/oneFile.js'
import { resultsPage } from '../../../src/page/html/page.js'
import { writeSiteFile } from '../../../src/page/site/file.js'
import type { SiteGroup, SiteIndex } from '../../../src/page/site/siteIndex.js'
import { progressTo } from '../../../src/progress.js'
import { groupOf, indexOf } from '../../support/siteIndex.js'
import { temporaryFolder } from '../../support/temporaryFolder.js'

const inFolder = temporaryFolder()

const HOSTILE = [
  '</script><script>window.taken=1</script>',
  '<!--<script>',
  '\u2028\\"\'',
  'חתול \u202e',
  JSON.parse('{"__proto__":{"a":1}}'),
]
const SECTION = {
  id: 'tables',
  title: 'Tables',
  html: `<img src="figures/a%20b.svg" alt="a"><a href="run/sheet.png"><img loading="lazy" src="run/sheet.png" alt="b"></a>
<img src="figures/lost.png" alt="lost"><a href="tables/one.csv">CSV</a> <a href="#tables">up</a>`,
}
const SVG = '<svg xmlns="http://www.w3.org/2000/svg"/>'

/** Networks of four objects with one file of features each, and a picture for each object that both share. */
const PATCHES = ['bird', 'car', '</script>', 'dog']
const FEATURES = 'f'.repeat(50_000)
const groups = ['net', 'net-aa'].map((model, key): SiteGroup => {
  const group = groupOf({ key, model, layers: ['fc'], patches: PATCHES, features: [1] })
  return { ...group, background: { picture: 9 }, units: group.units.map((unit, i) => ({ ...unit, picture: i })) }
})

async function storeSite(): Promise<void> {
  const store = (key: string, value: unknown) => writeSiteFile(inFolder('site'), key, value)
  for (const { key, units } of groups) {
    await store(`maps/${key}/mean`, HOSTILE)
    await store(`answers/${key}`, HOSTILE)
    for (const i of units.keys()) {
      await store(`maps/${key}/${i}`, { group: key, i, map: 'm'.repeat(20_000), HOSTILE })
      await store(`features/${key}/${i}-0-0`, FEATURES)
    }
  }
  for (const i of [...PATCHES.keys(), 9]) await store(`pictures/${i}`, `picture ${i}`)
  for (const folder of ['figures', 'run']) mkdirSync(inFolder(folder))
  writeFileSync(inFolder('figures', 'a b.svg'), SVG)
  writeFileSync(inFolder('run', 'sheet.png'), 'png')
}

/** Writes the page, and reads back what its one file holds. */
async function oneFile(index: SiteIndex | null, limit?: number) {
  const notes: string[] = []
  const progress = progressTo((event) => void (event.kind === 'note' && notes.push(event.line)))
  const file = inFolder('mail', 'page.html')
  const htmlOf = (shown: SiteIndex | null) => resultsPage(shown, [SECTION])
  await writePage({ folder: inFolder(), index, htmlOf }, file, progress, limit)
  const html = readFileSync(file, 'utf8')
  const scripts = [...html.matchAll(/<script type="application\/json" id="([^"]*)">(.*?)<\/script>/gs)]
  const values = new Map(scripts.map(([, id, json]) => [id as string, JSON.parse(json as string)]))
  const shown = values.get('study') as SiteIndex | undefined
  return { html, values, shown, notes, bytes: statSync(file).size }
}

describe('a page in one file', () => {
  it('holds the files of the site unchanged, whatever they contain, and never as markup', async () => {
    await storeSite()
    const { html, values, notes } = await oneFile(indexOf(groups))
    expect(values.get('site/maps/1/mean')).toEqual(HOSTILE)
    expect(JSON.stringify(values.get('site/maps/1/mean'))).toBe(JSON.stringify(HOSTILE))
    expect(values.get('site/maps/1/2')).toEqual({ group: 1, i: 2, map: 'm'.repeat(20_000), HOSTILE })
    expect(values.get('site/features/0/3-0-0')).toBe(FEATURES)
    expect(values.get('site/pictures/9')).toBe('picture 9')
    const files = 2 * (2 + PATCHES.length * 2) + PATCHES.length + 1
    expect([values.size, html.match(/<script/g)?.length]).toEqual([files + 1, files + 2])
    expect([html.includes('<!--'), html.trimEnd().endsWith('</script>\n</body>\n</html>'), notes]).toEqual([
      false,
      true,
      [],
    ])
    expect(readFileSync(inFolder('index.html'), 'utf8')).toBe(resultsPage(indexOf(groups), [SECTION]))
  })

  it('has no address of a file beside it: pictures are embedded, and links to other files are text', async () => {
    await storeSite()
    const { html } = await oneFile(indexOf(groups))
    const addresses = [...html.matchAll(/\s(?:href|src)="([^"]*)"/g)].map(([, address]) => address as string)
    expect(addresses.filter((one) => !/^(?:#|data:|https:\/\/(?:arxiv|doi)\.org\/)/.test(one))).toEqual([])
    expect(html).toContain(`<img src="data:image/svg+xml;base64,${btoa(SVG)}" alt="a">`)
    expect(html).toContain(`<img loading="lazy" src="data:image/png;base64,${btoa('png')}" alt="b">`)
    expect(html).toContain('<img title="in the results folder: figures/lost.png" alt="lost">')
    expect(html).toContain('<span title="in the results folder: tables/one.csv">CSV</span> <a href="#tables">up</a>')
    const withoutMaps = await oneFile(null)
    expect([withoutMaps.values.size, withoutMaps.html.includes('base64')]).toEqual([0, true])
  })

  it('leaves out features before objects, keeps the first objects of every network, and says so', async () => {
    await storeSite()
    const whole = await oneFile(indexOf(groups))
    const { shown: all, bytes } = await oneFile(indexOf(groups), whole.bytes + 1000)
    expect([all?.oneFile, bytes]).toEqual([{ leftOut: '' }, whole.bytes])
    const held = async (limit: number) => {
      const { shown, values, notes, html, bytes } = await oneFile(indexOf(groups), limit)
      expect(bytes).toBeLessThanOrEqual(limit)
      const why = 'because one file may have 40 MB'
      const leftOut = shown?.oneFile?.leftOut
      expect(html).toContain(`<p class="note">This file ${leftOut}.`)
      expect(notes).toEqual([`page.html ${leftOut}`])
      const units = shown?.groups.map((group) =>
        group.units.map(({ patch, features }) => [patch, features !== undefined]),
      )
      expect(units?.[0]).toEqual(units?.[1])
      for (const [key, { length }] of (units ?? []).entries())
        for (let i = 0; i < PATCHES.length; i++) expect(values.has(`site/maps/${key}/${i}`)).toBe(i < length)
      return [
        leftOut?.replace(why, 'because …'),
        ...(units?.[0] ?? []).map(([patch, has]) => `${patch}${has ? '+' : ''}`),
      ]
    }
    const featured = ['lacks the features of some objects, because …', 'bird+', 'car+', '</script>', 'dog']
    expect(await held(whole.bytes - 150_000)).toEqual(featured)
    const plain = featured.map((one) => one.replace('+', ''))
    expect(await held(whole.bytes - 400_000 + 1000)).toEqual(plain)
    const first = ['holds the first 2 of 4 objects, because …', 'bird', 'car']
    expect(await held(whole.bytes - 400_000 - 2 * 40_000 + 1000)).toEqual(first)
    await expect(oneFile(indexOf(groups), 100_000)).rejects.toThrow(OutputError)
    await expect(oneFile(indexOf(groups), 100_000)).rejects.toThrow('not even one object fits into 0.1 MB')
  })

  it('is never in the folder that the next report replaces, nor in the place of a folder', async () => {
    await storeSite()
    const index = indexOf(groups)
    const writeTo = (...way: readonly string[]) =>
      writePage(
        { folder: inFolder(), index, htmlOf: (shown) => resultsPage(shown, []) },
        inFolder(...way),
        progressTo(),
      )
    await expect(writeTo('site', 'maps', 'page.html')).rejects.toThrow(UsageError)
    await expect(writeTo('figures')).rejects.toThrow(OutputError)
    await writeTo('site.html')
    expect(statSync(inFolder('site.html')).size).toBeGreaterThan(600_000)
  })
})
