import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { anchorsOf, codeSpansOf, LINKING_PAGES, linkedFrom, ROOT, textOf } from '../support/markdown.js'

/** Files of the repository, from its root; text shortens their paths. */
const FILES = ['.github', 'bench', 'docs', 'models', 'native', 'src', 'test']
  .flatMap((folder) => readdirSync(join(ROOT, folder), { recursive: true }).map((name) => `${folder}/${name}`))
  .concat(readdirSync(ROOT))
  .map((path) => path.replaceAll('\\', '/'))
/** Files of a results folder. */
const WRITTEN = ['metrics.csv', 'summary.json', 'unit.json', 'run.json', 'extract.json']
const docs = LINKING_PAGES.filter((page) => page.startsWith('docs/'))

describe('the pages', () => {
  it.each(LINKING_PAGES)('%s links to what is there', (page) => {
    for (const { path, anchor } of linkedFrom(page)) {
      expect(existsSync(join(ROOT, path)), `${path} is not there`).toBe(true)
      if (anchor !== undefined && statSync(join(ROOT, path)).isFile())
        expect(anchorsOf(path), `${path} has no heading #${anchor}`).toContain(anchor)
    }
  })

  it.each(['ARCHITECTURE.md', 'CONTRIBUTING.md'])('%s names files and folders that there are', (page) => {
    const named = codeSpansOf(page).filter((code) =>
      /^[\w.-]+(\/[\w.-]+)*\.(ts|h|cpp|md|json|py|sh|mjs|txt|yml)$/.test(code),
    )
    const sources = named.filter((name) => !WRITTEN.includes(name) && !name.includes('NAME'))
    expect(sources.length).toBeGreaterThan(15)
    expect(sources.filter((name) => !FILES.some((file) => `/${file}`.endsWith(`/${name}`)))).toEqual([])
    const folders = codeSpansOf(page).filter((code) =>
      /^(src|native|test|models|docs|bench|scripts)(\/[\w.-]+)*$/.test(code),
    )
    expect(folders.filter((name) => !existsSync(join(ROOT, name)))).toEqual([])
  })

  it('of docs are linked from their entry, which README links, and link back', () => {
    const paths = (page: string) => linkedFrom(page).map(({ path }) => path)
    const entry = 'docs/README.md'
    expect(paths('README.md')).toContain(entry)
    const others = docs.filter((page) => page !== entry)
    expect(others.filter((page) => !paths(entry).includes(page))).toEqual([])
    expect(others.filter((page) => !paths(page).includes(entry))).toEqual([])
  })

  it('begin with a README that can be read in minutes', () => {
    expect(wordsOf('README.md')).toBeLessThanOrEqual(1200)
  })

  it.each(docs)('%s has at most 1,500 words', (page) => {
    expect(wordsOf(page)).toBeLessThanOrEqual(1500)
  })
})

/** Counts the words of a page, without the results that scripts write into it. */
function wordsOf(page: string): number {
  const written = /<!-- (\w+) of .*?<!-- end of \1 -->/gs
  return textOf(page).replaceAll(written, '').split(/\s+/).filter(Boolean).length
}
