import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { programWith } from '../../src/cli/program.js'
import {
  coarseGrid,
  foldBaselines,
  meanAccuracy,
  USUAL_PERIOD,
} from '../../src/experiments/classifiers/foldBaselines.js'
import { leftOut } from '../support/leftOut.js'
import { type Block, blocksOf, codeSpansOf, PAGES, ROOT, textOf } from '../support/markdown.js'
import { commandsOf, refusalOf, subcommandsOf } from '../support/shell.js'

const PARSED_PAGES = [...PAGES, 'CONTRIBUTING.md', 'SECURITY.md']
const program = programWith({ signal: new AbortController().signal })
const commands = subcommandsOf(program)

describe.skipIf(leftOut(process.platform === 'win32', 'they need a POSIX system'))('what the pages show', () => {
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

  it('includes, in the README, the commands that install and run the main job and the tests', () => {
    const { code } = blocks.find(({ page }) => page === 'README.md') as Block
    expect(code).toMatch(/^npm install && npm start\b/m)
    expect(code).toMatch(/^npm install && npm test\b/m)
  })

  it('refuses what the command line would', async () => {
    const words = commandsOf('cd /shared && npx shiftscope extract --modle "a b" || shiftscope dance # shiftscope no')
    expect(words).toEqual([['shiftscope', 'extract', '--modle', 'a b']])
    expect(await refusalOf(['extract', '--modle', 'a b'])).toContain("unknown option '--modle'")
    expect(await refusalOf(['extract', '--model', 'a'])).toContain('--out')
    expect(await refusalOf(['similarity'])).toContain('missing required argument')
    expect(unknownScript(['run', 'dance'], 'README.md')).toBe('dance')
  })

  it('names options that there are', () => {
    const long = commands.flatMap(({ options }) => options.map(({ long }) => long))
    const known = new Set([...long, '--help', '--version'])
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

  it('measures separability only on grids that the program does not call too coarse', async () => {
    const shown = blocks.filter(({ language }) => language === 'sh').map(({ code }) => code)
    const scripts = [...shown, readFileSync(join(ROOT, 'examples/own_network.sh'), 'utf8')]
    const grids = scripts.flatMap((script) => separabilityGrids(commandsOf(script)))
    expect(grids.length).toBeGreaterThan(5)
    for (const { size, stride } of grids.filter(({ stride }) => stride > 4)) {
      const side = Math.ceil((224 - size + 1) / stride)
      const { phase } = await foldBaselines({ rows: side, cols: side, stride }, { schemes: ['shuffled'] })
      const reason = coarseGrid(meanAccuracy(phase.shuffled ?? { 'left-right': [], 'top-bottom': [] }), USUAL_PERIOD)
      expect([size, stride, reason]).toEqual([size, stride, undefined])
    }
  })

  it('has every command in the README’s table', () => {
    const table = [...textOf('README.md').matchAll(/^\| `[^`]+`/gm)].join('\n')
    for (const command of commands) expect(table).toMatch(new RegExp(`\\b${command.name()}\\b`))
  })
})

/** Sizes and strides at which the commands of a script measure separability, in a frame of 224 px. */
function separabilityGrids(calls: ReturnType<typeof commandsOf>): readonly { size: number; stride: number }[] {
  const isCalled = (wanted: string) => calls.some(([, command]) => command === wanted)
  return calls.flatMap(([, command, ...words]) => {
    const optionOf = (option: string) => (words.includes(option) ? words[words.indexOf(option) + 1] : undefined)
    const measures =
      command === 'reproduce'
        ? (optionOf('--experiments') ?? 'separability').includes('separability')
        : command === 'extract' && isCalled('separability')
    const sizes = optionOf('--sizes') ?? optionOf('--size') ?? '75,125'
    const stride = Number(optionOf('--stride') ?? 4)
    return measures ? sizes.split(',').map((size) => ({ size: Number(size), stride })) : []
  })
}

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
  return ['install', 'ci', 'pack', 'login', 'publish'].includes(script) || script in scripts ? undefined : script
}
