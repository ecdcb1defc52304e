import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { temporaryFolder } from './support/temporaryFolder.js'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

it('the package has what users need, and nothing else', () => {
  const shell = process.platform === 'win32'
  const told = execFileSync('npm', ['pack', '--dry-run', '--ignore-scripts', '--json'], {
    cwd: ROOT,
    encoding: 'utf8',
    shell,
  })
  const [{ files, size }] = JSON.parse(told) as [{ files: { path: string }[]; size: number }]
  const paths = files.map(({ path }) => path)
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
  expect(size).toBeLessThan(19e6)
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
