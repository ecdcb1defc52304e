import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { expect, it } from 'vitest'
import { linkedFrom, ROOT } from './support/markdown.js'
import { temporaryFolder } from './support/temporaryFolder.js'

const told = execFileSync('npm', ['pack', '--dry-run', '--ignore-scripts', '--json'], {
  cwd: ROOT,
  encoding: 'utf8',
  shell: process.platform === 'win32',
})
const [{ files, size }] = JSON.parse(told) as [{ files: { path: string }[]; size: number }]
const paths = files.map(({ path }) => path)

/** Platforms of the package's binaries, and the size of a compressed one. */
const PLATFORMS = 5
const BINARY_BYTES = 300_000

it('the package has what users need, and nothing else', () => {
  for (const needed of [
    'bin/shiftscope.js',
    'dist/index.js',
    'dist/index.d.ts',
    'CMakeLists.txt',
    'native/install.mjs',
    'native/core/svm.cpp',
    'models/catalog.json',
    'CHANGELOG.md',
    'LICENSE',
    'README.md',
  ]) {
    expect(paths).toContain(needed)
  }
  expect(paths.filter((path) => /\.map$|^native\/(test|build)\/|^src\/|^test\/|^models\/train/.test(path))).toEqual([])
  const binaries = paths.filter((path) => path.startsWith('prebuilds/')).length
  expect(size + (PLATFORMS - binaries) * BINARY_BYTES).toBeLessThan(20.5e6)
})

it('every link of a page in the package leads to a file in the package', () => {
  const pages = paths.filter((path) => path.endsWith('.md'))
  const links = pages.flatMap((page) => linkedFrom(page).map(({ path }) => ({ page, path })))
  expect(links.length).toBeGreaterThan(90)
  expect(links.filter(({ path }) => !paths.includes(path))).toEqual([])
})

const inFolder = temporaryFolder()

it('packing says which platforms have no binary', () => {
  mkdirSync(inFolder('prebuilds/shiftscope-linux-x64'), { recursive: true })
  const { status, stderr } = spawnSync(process.execPath, [`${ROOT}/scripts/postpack.mjs`], {
    cwd: inFolder(),
    encoding: 'utf8',
  })
  expect([status, stderr]).toEqual([
    0,
    expect.stringMatching(
      /^shiftscope: .* no binary for linux-arm64, darwin-arm64, win32-x64, win32-arm64; run "npm run /,
    ),
  ])
})
