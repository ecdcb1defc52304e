import { execFileSync, spawn } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { programWith } from '../../src/cli/program.js'
import { type Block, blocksOf, codeSpansOf, PAGES, ROOT, textOf } from '../support/markdown.js'
import { commandsOf, refusalOf } from '../support/shell.js'

const PARSED_PAGES = [...PAGES, 'CONTRIBUTING.md', 'SECURITY.md']
const program = programWith({ signal: new AbortController().signal })
const commands = [...program.commands.flatMap((one) => [one, ...one.commands])]

describe.skipIf(process.platform === 'win32')('what the pages show', () => {
  const blocks = PARSED_PAGES.flatMap(blocksOf).filter(({ language }) => ['sh', 'yaml'].includes(language))

  it.each(blocks.map((block) => [`${block.page}:${block.line}`, block] as const))(
    '%s is understood',
    async (_, block) => {
      const script = block.language === 'yaml' ? podCommand(block) : block.code
      const called = commandsOf(script)
      const named = script.replace(/(^|\s)#.*$/gm, '').match(/\bshiftscope (?=[a-z-])/g) ?? []
      expect(called.filter(([name]) => name === 'shiftscope').length).toBeGreaterThanOrEqual(named.length)
      for (const [name, ...words] of called) {
        if (name === 'shiftscope') expect([words, await refusalOf(words)]).toEqual([words, undefined])
        if (name === 'npm') expect(unknownScript(words, block.page), words.join(' ')).toBeUndefined()
        if (name === 'node' && !words[0]?.startsWith('node_modules/'))
          expect(existsSync(join(ROOT, words[0] as string)), words.join(' ')).toBe(true)
      }
    },
  )

  it('refuses what the command line would', async () => {
    const words = commandsOf('cd /shared && npx shiftscope extract --modle "a b" || shiftscope dance # shiftscope no')
    expect(words).toEqual([['shiftscope', 'extract', '--modle', 'a b']])
    expect(await refusalOf(['extract', '--modle', 'a b'])).toContain("unknown option '--modle'")
    expect(await refusalOf(['extract', '--model', 'a'])).toContain('--patch')
    expect(await refusalOf(['similarity'])).toContain('missing required argument')
    expect(unknownScript(['run', 'dance'], 'README.md')).toBe('dance')
  })

  it('names options that there are', () => {
    const known = new Set([
      ...commands.flatMap(({ options }) => options.map(({ long }) => long)),
      '--help',
      '--version',
    ])
    const isOfScript = (code: string) => code.startsWith('node bench/')
    const optionsIn = (code: string): readonly string[] => code.match(/(?<![\w-])--[a-z][\w-]*/gi) ?? []
    const spans = PAGES.flatMap(codeSpansOf)
    for (const code of spans.filter(isOfScript)) {
      const script = readFileSync(join(ROOT, code.split(' ')[1] as string), 'utf8')
      for (const option of optionsIn(code)) expect(script, code).toMatch(new RegExp(`\\b${option.slice(2)}: `))
    }
    const named = spans.filter((code) => !isOfScript(code)).flatMap(optionsIn)
    expect(named.length).toBeGreaterThan(50)
    const others = ['--ignore-scripts', '--array', '--dependency', '--requeue']
    expect([...new Set(named)].filter((option) => !known.has(option) && !others.includes(option))).toEqual([])
  })

  it('has every command in the README’s table', () => {
    const table =
      textOf('README.md')
        .match(/^\| `[^`]+`/gm)
        ?.join('\n') ?? ''
    for (const command of commands) expect(table).toMatch(new RegExp(`\\b${command.name()}\\b`))
  })
})

/** The command of a pod. */
function podCommand({ code }: Block): string {
  const command = /command: \[(.*)\]/.exec(code)?.[1]
  if (command === undefined) throw new Error('the block has no command')
  return command.split(', ').join(' ')
}

/** A script of npm's that the package.json beside the page, or else that of the root, does not have. */
function unknownScript([word = '', name = '']: readonly string[], page: string): string | undefined {
  const beside = join(ROOT, dirname(page), 'package.json')
  const { scripts } = JSON.parse(readFileSync(existsSync(beside) ? beside : join(ROOT, 'package.json'), 'utf8'))
  const script = word === 'run' ? name : word
  return ['install', 'ci', 'pack'].includes(script) || script in scripts ? undefined : script
}

describe.skipIf(process.platform === 'win32')('as it stands there runs', () => {
  const home = mkdtempSync(join(tmpdir(), 'shiftscope-test-'))
  const bin = join(home, 'bin')
  const python = pythonWithPandas()
  if (python === undefined) console.warn('Python in the pages is not run: no Python with NumPy and pandas here')

  beforeAll(() => {
    mkdirSync(bin)
    symlinkSync(join(ROOT, 'bin/shiftscope.js'), join(bin, 'shiftscope'))
    writeFileSync(join(bin, 'npx'), '#!/bin/sh\nexec "$@"\n')
    chmodSync(join(bin, 'npx'), 0o755)
    const installed = join(home, 'node_modules/shiftscope')
    mkdirSync(installed, { recursive: true })
    const pack = ['pack', '--ignore-scripts', '--silent', '--pack-destination', home]
    const name = execFileSync('npm', pack, { cwd: ROOT, encoding: 'utf8' }).trim()
    execFileSync('tar', ['-xzf', join(home, name), '-C', installed, '--strip-components=1'])
    for (const beside of ['node_modules', 'native/build']) symlinkSync(join(ROOT, beside), join(installed, beside))
  })
  afterAll(() => rmSync(home, { recursive: true, force: true }))

  /** Runs a program in a page's folder. */
  const run = (folder: string, command: string, words: readonly string[]) =>
    new Promise<{ status: number | null; text: string }>((resolve, reject) => {
      const env = {
        ...process.env,
        PATH: `${bin}${delimiter}${process.env.PATH}`,
        SHIFTSCOPE_CACHE: join(home, 'cache'),
        MPLBACKEND: 'agg',
      }
      const child = spawn(command, words, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
      let text = ''
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece) => (text += piece))
      child.on('error', reject)
      child.on('close', (status) => resolve({ status, text }))
    })

  describe.each(PAGES.filter((page) => blocksOf(page).some(isRun)))('%s', (page) => {
    const blocks = blocksOf(page).filter(isRun)
    const of = (language: string) => blocks.filter((block) => block.language === language)
    const folder = join(home, page.replaceAll('/', '-'))
    beforeAll(() => mkdirSync(folder))

    it.each(of('sh').map((block) => [block.line, block] as const))('line %i', async (_, { code, given }) => {
      if (given !== undefined) {
        mkdirSync(dirname(join(folder, given.name)), { recursive: true })
        cpSync(join(ROOT, given.source), join(folder, given.name), { recursive: true })
      }
      const { status, text } = await run(folder, 'bash', ['-euo', 'pipefail', '-c', code])
      expect(status, text).toBe(0)
    })

    it.skipIf(of('python').length === 0 || python === undefined)('the Python, from top to bottom', async () => {
      writeFileSync(
        join(folder, 'page.py'),
        of('python')
          .map(({ code }) => code)
          .join('\n'),
      )
      const { status, text } = await run(folder, python as string, ['page.py'])
      expect(status, text).toBe(0)
      expect(text).not.toContain('Warning')
    })

    it.skipIf(of('ts').length === 0)('the TypeScript', async () => {
      const files = of('ts').map(({ code, line }) => {
        writeFileSync(join(folder, `line${line}.mts`), code)
        return `line${line}`
      })
      writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(TSCONFIG))
      const compiled = await run(folder, process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc')])
      expect(compiled.status, compiled.text).toBe(0)
      for (const file of files) {
        const { status, text } = await run(folder, process.execPath, [`${file}.mjs`])
        expect(status, text).toBe(0)
      }
    })
  })
})

function isRun({ language, parsedOnly }: Block): boolean {
  return ['sh', 'python', 'ts'].includes(language) && parsedOnly === undefined
}

const TSCONFIG = {
  compilerOptions: {
    target: 'ES2023',
    module: 'NodeNext',
    lib: ['ES2023', 'ESNext.Disposable'],
    types: ['node'],
    typeRoots: [join(ROOT, 'node_modules/@types')],
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
  },
  include: ['*.mts'],
}

/** A Python that has NumPy and pandas; undefined: there is none. */
function pythonWithPandas(): string | undefined {
  return ['python3', '/usr/bin/python3'].find((command) => {
    try {
      execFileSync(command, ['-c', 'import numpy, pandas'], { stdio: 'ignore' })
      return true
    } catch {
      return false
    }
  })
}
