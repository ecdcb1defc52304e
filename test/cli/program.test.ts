import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { runProgram } from '../../src/cli/program.js'
import { claimsFolder } from '../../src/study/team.js'
import { temporaryFolder } from '../temporaryFolder.js'

const inFolder = temporaryFolder()
const { argv } = process
let stdout = ''
let stderr = ''
beforeEach(() => {
  stdout = ''
  stderr = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    stdout += text
    return true
  })
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    stderr += text
    return true
  })
})
afterEach(() => {
  process.argv = argv
  vi.restoreAllMocks()
})

function run(...words: readonly string[]): Promise<number> {
  process.argv = ['node', 'shiftscope', ...words]
  return runProgram({ signal: new AbortController().signal })
}

it.each([
  [['--mod\u001b[2Jel'], /^shiftscope: unknown option '--mod\?\[2Jel'/],
  [['pat\rches'], /^shiftscope: unknown command 'pat\?ches' \(Did you mean patches\?\)/],
  [['dance'], /^shiftscope: unknown command 'dance' \(most similar: bench, patches, view\)$/],
  [['submit', 'pbs'], /^shiftscope: unknown command 'pbs' \(most similar: slurm\)$/],
  [['patches', 'list', 'a', `b\n${'x'.repeat(5000)}`], /^shiftscope: too many arguments/],
  [
    ['extract', '--size', `${'\n'.repeat(3000)}1`],
    /^shiftscope: option '--size <n>' argument .* Give a whole number of at least 1\.$/,
  ],
])('a wrong word is told in one line without control characters, whatever it holds', async (words, line) => {
  expect(await run(...words)).toBe(2)
  expect(stderr).toMatch(/^[^\p{Cc}]{1,2000}\n$/u)
  expect(stderr.trimEnd()).toMatch(line)
})

it('a study is shown whatever other processes say of themselves', async () => {
  const planned = [{ model: 'alexnet', size: 125, images: 1, patches: ['dog'] }]
  writeFileSync(inFolder('run.json'), JSON.stringify({ planned }))
  const owner = { id: '0'.repeat(16), host: 'node1', machine: 'node1', pid: 1, started: '' }
  const state = { unit: 'alexnet 125 dog', since: 'yesterday', images: 1, seconds: 1 }
  const claims = claimsFolder(inFolder())
  mkdirSync(claims)
  writeFileSync(join(claims, 'alexnet 125 dog~0'), JSON.stringify({ owner, state }))
  expect(await run('status', inFolder())).toBe(0)
  expect(stdout).toMatch(/^0 of 1 unit done, 1 in hand, 0 left\n/)
})
