import { mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Command, CommanderError, Option } from 'commander'
import { describe, expect, it } from 'vitest'
import { describeOption } from '../../src/cli/options/help.js'
import { printError, programWith } from '../../src/cli/program.js'
import { DeviceError } from '../../src/errors.js'
import { captured, runHere } from '../support/inProcess.js'
import { leftOut } from '../support/leftOut.js'
import { runFile } from '../support/runFile.js'
import { commandsOf, refusalOf, subcommandsOf } from '../support/shell.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const inFolder = temporaryFolder()

describe('an error', () => {
  const tooMany = Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' })
  it.each<[string, unknown, number, RegExp]>([
    ['of this project is its line', new DeviceError('no card'), 4, /^shiftscope: no card\n$/],
    ['of the command line was printed before', new CommanderError(1, 'code', 'said'), 2, /^$/],
    ['that ends the help is none', new CommanderError(0, 'code', 'said'), 0, /^$/],
    [
      'of a library is its first line',
      new Error('a \u001b[2J line\nand more'),
      1,
      /^shiftscope: a \?\[2J line \(unexp.*\n$/,
    ],
    ['that is none is its text', 'thrown', 1, /^shiftscope: thrown \(unexpected; --verbose shows where\)\n$/],
    ['of too many open files says what to allow', tooMany, 1, /^shiftscope: [^(]*files[^\n]*ulimit -n[^\n]*\n$/],
  ])('%s', async (_, error, status, text) => {
    const { result, stdout, stderr } = await captured([], async () => printError(error))
    expect([result, stdout, stderr]).toEqual([status, '', expect.stringMatching(text)])
  })

  it('shows its stack and its causes when asked', async () => {
    const error = new DeviceError('no card', { cause: new Error('the disk is gone') })
    const { stderr } = await captured(['--verbose'], async () => printError(error))
    expect(stderr).toMatch(
      /^shiftscope: DeviceError: no card\n {4}at [\s\S]*\ncaused by Error: the disk is gone\n {4}at /,
    )
  })

  it.each([
    [[`--${'x'.repeat(100_000)}`]],
    [['extract', '--model', 'x'.repeat(100_000), '--patch', 'dog', '--size', '75', '--out', 'out']],
    [['extract', '--size', `${'x'.repeat(3000)}`]],
  ])('names what is very long by its ends', async (words) => {
    const { status, stderr } = await runHere(words)
    expect(status).toBe(2)
    expect(stderr.split('\n').at(-2)).toMatch(/^shiftscope: .{0,100}x{90}…x{90}.{0,600}$/)
  })
})

it('a study is shown whatever other processes say of themselves', async () => {
  const planned = [{ model: 'alexnet', size: 125, images: 1, patches: ['dog'], inputs: {} }]
  writeFileSync(inFolder('run.json'), JSON.stringify(runFile({ planned })))
  const owner = { id: '0'.repeat(16), host: 'no\u001bde1', machine: 'node1', pid: 1, started: '' }
  const state = { unit: 'alexnet 125 dog', since: 'yesterday', images: 1, seconds: 1 }
  mkdirSync(inFolder('.locks'))
  const lock = inFolder('.locks', 'alexnet 125 dog~0')
  writeFileSync(lock, JSON.stringify({ owner, state }))
  const date = Date.now() / 1000 - 3 * 3600 - 30
  utimesSync(lock, date, date)
  const { status, stdout } = await runHere(['status', inFolder()])
  expect([status, stdout.split('\n').slice(0, 1)]).toEqual([0, ['0 of 1 unit finished, 1 in progress, 0 left']])
  expect(stdout).toMatch(/^host +process +computes +since +last heartbeat\nno\?de1 +1 .* 3 h 00 m ago$/m)
})

describe('help', () => {
  const program = programWith({ signal: new AbortController().signal })
  const commands = [program, ...subcommandsOf(program)]
  const wordsOf = (command: Command): string[] => (command.parent ? [...wordsOf(command.parent), command.name()] : [])

  it.each(commands.map((command) => [wordsOf(command).join(' '), command] as const))(
    'of %j says in plain phrases what things do, and ends with an example',
    async (_, command) => {
      const phrases = [
        command.description(),
        ...command.options.map(describeOption),
        ...command.registeredArguments.map(({ description }) => description),
      ]
      for (const phrase of phrases) expect(phrase).toMatch(/^(?![A-Z][a-z]+\b)(?!.*by default).{1,80}(?<!\.)$/)
      const { status, stdout } = await runHere([...wordsOf(command), '--help'])
      expect(status).toBe(0)
      const [examples = ''] = stdout.split(/\nExamples?:\n/)[1]?.split('\n\n') ?? []
      const called = examples
        .replace(/ \\\n\s+/g, ' ')
        .trim()
        .split(/\n\s*/)
        .map((line) => line.split(' '))
      for (const [name, ...words] of called)
        expect([name, words, await refusalOf(words)]).toEqual(['shiftscope', words, undefined])
      if (command.commands.length === 0) expect(called.at(-1)?.join(' ')).toMatch(wordsOf(command).join(' '))
      for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80)
    },
  )

  it('of a study is in groups, and fits a screen', async () => {
    const lines = (await runHere(['reproduce', '--help'])).stdout.trimEnd().split('\n')
    const headings = ['What to study:', 'How to run:', 'Where results go:', 'Examples:']
    expect(lines.filter((line) => /^[A-Z]/.test(line)).slice(1)).toEqual(headings)
    expect(lines.length, 'lines; shorten or merge options').toBeLessThan(62)
  })

  it('shows what a command requires, and names all commands where none is given', async () => {
    const { stdout } = await runHere(['extract', '--help'])
    expect(stdout).toContain('extract --model <id> --out <folder> [options]')
    for (const words of [[], ['models']]) {
      const { status, stdout, stderr } = await runHere(words)
      expect([status, stdout, stderr]).toEqual([2, '', expect.stringMatching(/^Usage: [\s\S]*\n {2}(list|reproduce) /)])
    }
    const { stdout: all } = await runHere(['--help'])
    for (const command of program.commands) expect(all).toMatch(RegExp(`^  ${command.name()} +[a-z]`, 'm'))
    expect(all).toContain('Exit status: 0 done, 2 wrong usage, 3 missing or corrupt input, 4 unusable')
  })

  it.skipIf(leftOut(process.platform === 'win32', 'they need a POSIX shell'))(
    'has examples that are broken as a shell reads them',
    async () => {
      const { stdout } = await runHere(['extract', '--help'])
      const [, example = ''] = stdout.split('Example:\n')
      const words = 'shiftscope extract --model tiny-alexnet --patch dog --size 75 --stride 8 --out dog'
      expect(commandsOf(example)).toEqual([words.split(' ')])
    },
  )

  it('names the version', async () => {
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'))
    expect(await runHere(['--version'])).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' })
  })

  it('of an option has its values and its default', () => {
    const option = (flags = '--a <n>') => new Option(flags, 'do')
    const plain = [option(), option('--a').default(false), option('--no-a').default(true)]
    expect(plain.map(describeOption)).toEqual(['do', 'do', 'do'])
    const defaults = [option().default(3), option().default(3, 'three')]
    expect(defaults.map(describeOption)).toEqual(['do [default: 3]', 'do [default: three]'])
    expect(describeOption(option().choices(['x', 'y']).default('x'))).toBe('do [x, y; default: x]')
  })
})
