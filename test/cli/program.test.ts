import { mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { describeOption } from '../../src/cli/help.js'
import { programWith, runProgram } from '../../src/cli/program.js'
import { commandsOf, refusalOf } from '../support/shell.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

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
  const locks = inFolder('.locks')
  mkdirSync(locks)
  writeFileSync(join(locks, 'alexnet 125 dog~0'), JSON.stringify({ owner, state }))
  const date = Date.now() / 1000 - 3 * 3600 - 30
  utimesSync(join(locks, 'alexnet 125 dog~0'), date, date)
  expect(await run('status', inFolder())).toBe(0)
  expect(stdout).toMatch(/^0 of 1 unit finished, 1 in progress, 0 left\n/)
  expect(stdout).toMatch(/^node1 +1 .* 3 h 00 m ago$/m)
})

describe('help', () => {
  const program = programWith({ signal: new AbortController().signal })
  const commands = [program, ...program.commands.flatMap((one) => [one, ...one.commands])]
  const isGroup = ({ commands }: Command) => commands.length > 0
  const wordsOf = (command: Command): string[] => (command.parent ? [...wordsOf(command.parent), command.name()] : [])

  it.each(commands.map((command) => [wordsOf(command).join(' '), command] as const))(
    'of %j says in plain phrases what things do, and has an example',
    async (_, command) => {
      const phrases = [
        command.description(),
        ...command.options.map(describeOption),
        ...command.registeredArguments.map(({ description }) => description),
      ]
      for (const phrase of phrases) {
        expect(phrase).not.toMatch(/^[A-Z][a-z]+\b|\.$|by default/)
        expect(phrase.length, phrase).toBeLessThanOrEqual(80)
      }
      expect(await run(...wordsOf(command), '--help')).toBe(0)
      const [, examples = ''] = stdout.split(/\nExamples?:\n/)
      const called = commandsOf(examples.split('\n\n')[0] as string)
      expect(called.length).toBeGreaterThan(0)
      for (const [name, ...words] of called)
        expect([name, words, await refusalOf(words)]).toEqual(['shiftscope', words, undefined])
      const own = wordsOf(command)
      if (!isGroup(command)) expect(called.at(-1)?.slice(1, 1 + own.length)).toEqual(own)
      for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(100)
    },
  )

  it('of a study is in groups, and fits a screen', async () => {
    await run('reproduce', '--help')
    const lines = stdout.trimEnd().split('\n')
    expect(lines.filter((line) => /^[A-Z]/.test(line)).slice(1)).toEqual([
      'What to study:',
      'How to run:',
      'Where results go:',
      'Examples:',
    ])
    expect(lines.length).toBeLessThan(60)
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80)
  })
})
