import { execFile, execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { shiftscope } from '../cli/process.js'

const PAGE = fileURLToPath(new URL('../../docs/python.md', import.meta.url))

/** A Python that has NumPy and pandas; undefined: there is none. */
function python(): string | undefined {
  return ['python3', '/usr/bin/python3'].find((command) => {
    try {
      execFileSync(command, ['-c', 'import numpy, pandas'], { stdio: 'ignore' })
      return true
    } catch {
      return false
    }
  })
}

const command = python()
if (command === undefined) console.warn('docs/python.md is not run: no Python with NumPy and pandas here')

describe.skipIf(command === undefined)('the page on Python', () => {
  let folder: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'shiftscope-test-'))
    const study = ['--models', 'tiny-alexnet,tiny-alexnet-aa', '--sizes', '75', '--stride', '8', '--keep-features']
    const out = ['--experiments', 'similarity', '--out', join(folder, 'shiftscope-results')]
    const { status, stderr } = await shiftscope('reproduce', ...study, ...out)
    expect(status, stderr).toBe(0)
    const extraction = ['--model', 'tiny-alexnet', '--patch', 'dog', '--size', '75', '--stride', '8']
    expect((await shiftscope('extract', ...extraction, '--out', join(folder, 'dog'))).status).toBe(0)
  }, 180_000)

  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('runs from top to bottom, and its own comparisons hold', async () => {
    const page = await readFile(PAGE, 'utf8')
    const blocks = [...page.matchAll(/```python\n(.*?)```/gs)].map(([, code]) => code as string)
    expect(blocks.length).toBeGreaterThan(6)
    expect(blocks.join('').match(/^\s*assert /gm)?.length).toBeGreaterThan(3)
    await writeFile(join(folder, 'page.py'), blocks.join('\n'))
    const { stdout, stderr } = await promisify(execFile)(command as string, ['page.py'], { cwd: folder })
    expect(stderr).toBe('')
    expect(stdout).toContain('tiny-alexnet-aa')
  })
})
