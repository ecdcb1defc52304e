import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { ROOT } from '../support/markdown.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const folder = temporaryFolder()

function make(root: string, ...words: readonly string[]) {
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'docs/make_performance.mjs'), ...words], {
    encoding: 'utf8',
  })
  return { status, stderr }
}

it('the page on performance and the README say what the files in bench/results say', () => {
  expect(make(ROOT, '--check')).toEqual({ status: 0, stderr: '' })
})

it('are made again where a figure is another', () => {
  mkdirSync(folder('docs'))
  mkdirSync(folder('bench'))
  for (const path of ['docs/make_performance.mjs', 'docs/performance.md', 'README.md', 'bench/results'])
    cpSync(join(ROOT, path), folder(path), { recursive: true })
  const names = readdirSync(folder('bench/results'))
  const unit = names.find((name) => name.startsWith('unit')) ?? ''
  const text = readFileSync(folder('bench/results', unit), 'utf8')
  const document = JSON.parse(text)
  Object.assign(document.results[0], { size: 7, gain: 97.31 })
  writeFileSync(folder('bench/results', unit), JSON.stringify(document))
  expect(make(folder(), '--check')).toMatchObject({ status: 1, stderr: expect.stringContaining('README.md') })
  expect(make(folder())).toEqual({ status: 0, stderr: '' })
  expect(make(folder(), '--check')).toEqual({ status: 0, stderr: '' })
  expect(readFileSync(folder('docs/performance.md'), 'utf8')).toContain('**97.3×**')
  expect(readFileSync(folder('README.md'), 'utf8')).toMatch(/–97\.3× as fast for \d+ networks \(/)
})
