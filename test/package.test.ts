import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

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
