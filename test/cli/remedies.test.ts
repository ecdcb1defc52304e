import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { benchExtraction } from '../../src/bench/extract.js'
import { asFlags, knowFlags } from '../../src/cli/flags.js'
import { programWith } from '../../src/cli/program.js'
import { explore } from '../../src/explore/explore.js'
import { openNetwork } from '../../src/features/openNetwork.js'
import { inspectModel, verifyNetwork } from '../../src/networks/index.js'
import { reproduce } from '../../src/study/run.js'
import { refusalOf } from '../support/shell.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

afterEach(() => vi.unstubAllEnvs())

const SOURCE = new URL('../../src', import.meta.url).pathname
const program = programWith({ signal: new AbortController().signal })
const commands = program.commands.flatMap((one) => [one, ...one.commands])

/** A command line of each command that prints remedies with options. */
const CALLS = {
  extract: 'extract --model a --patch dog --size 75 --out x',
  reproduce: 'reproduce',
  submit: 'submit slurm --tasks 2',
  explore: 'explore',
  arithmetic: 'arithmetic --expression A --out x',
  similarity: 'similarity a.npy',
  separability: 'separability a.npy',
  view: 'view x',
  report: 'report x',
  status: 'status x',
  inspect: 'models inspect a',
  pull: 'models pull a',
  import: 'models import a b',
  verify: 'models verify a',
  coco: 'patches coco --annotations a --out x',
  images: 'patches images x --out y',
  bench: 'bench extract',
  unit: 'bench unit',
  doctor: 'doctor',
} as const
type Call = keyof typeof CALLS

const STUDIES: readonly Call[] = ['reproduce', 'submit']
const MOVING: readonly Call[] = ['extract', ...STUDIES]
const OPENING: readonly Call[] = [...MOVING, 'explore']
const RUNNING: readonly Call[] = [...OPENING, 'arithmetic', 'bench', 'unit']
const ALL = Object.keys(CALLS) as Call[]

/** Which commands print the messages of a source file that name options; of some files only those with these words. */
const PRINTED_BY: readonly (readonly [file: string, by: readonly Call[], words?: RegExp])[] = [
  ['bench/pipeline.ts', ['bench']],
  ['cli/modelActions.ts', ['pull']],
  ['cluster/submit.ts', ['submit']],
  ['engine/choice.ts', MOVING, /precision/],
  ['engine/choice.ts', [...OPENING, 'bench', 'unit'], /threads/],
  ['engine/choice.ts', RUNNING],
  ['engine/crew.ts', [...RUNNING, 'verify']],
  ['engine/deviceTrial.ts', RUNNING],
  ['engine/handle.ts', MOVING, /precision/],
  ['engine/machineMemory.ts', MOVING],
  ['engine/noiseFloor.ts', RUNNING],
  ['engine/positions.ts', MOVING],
  ['engine/settings.ts', [...OPENING, 'bench', 'unit']],
  ['experiments/card.ts', ['similarity', 'separability', ...STUDIES]],
  ['experiments/expression.ts', ['arithmetic']],
  ['experiments/separability.ts', ['separability']],
  ['explore/explore.ts', ['explore']],
  ['features/similarity.ts', ['separability'], /of the layers/],
  ['features/similarity.ts', ['similarity']],
  ['features/view.ts', ['view']],
  ['files/lock.ts', ['extract']],
  ['native.ts', [...RUNNING, 'similarity', 'separability']],
  ['networks/input/options.ts', [...MOVING, 'inspect']],
  ['networks/input/recipe.ts', RUNNING],
  ['networks/input/sources.ts', [...RUNNING, 'inspect']],
  ['networks/onnx/featureNodes.ts', OPENING],
  ['networks/onnx/halfPrecision.ts', MOVING],
  ['networks/onnx/imageInput.ts', [...MOVING, 'inspect'], /inputSize/],
  ['networks/onnx/imageInput.ts', [...RUNNING, 'inspect']],
  ['networks/layers.ts', MOVING],
  ['networks/pull.ts', ['pull', 'explore']],
  ['networks/source.ts', [...MOVING, 'inspect', 'arithmetic', 'bench']],
  ['patches/cocoPatches.ts', ['coco']],
  ['patches/ownPatches.ts', ['images']],
  ['patches/patchFolder.ts', ['coco', 'images']],
  ['plot/colormap.ts', ['report', 'reproduce', 'view']],
  ['support/machine.ts', ALL],
  ['results/study.ts', STUDIES],
  ['study/generators.ts', ['arithmetic']],
  ['study/options.ts', STUDIES],
  ['study/plan.ts', STUDIES],
  ['study/run.ts', STUDIES],
  ['study/studyNetworks.ts', STUDIES],
  ['support/threads.ts', ALL],
]

/** Lines of src that are no comments, with what they compute as X; in quotes, a backtick stands for itself. */
const lines = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .flatMap((file) =>
    readFileSync(join(SOURCE, file), 'utf8')
      .split('\n')
      .filter((line) => !/^\s*(\/\/|\/?\*)/.test(line))
      .map((line) => ({ file: file.replaceAll('\\', '/'), text: messageOf(line) })),
  )

function messageOf(line: string): string {
  const isEscaped = line.includes('\\`')
  const code = isEscaped ? [line] : line.split(/('[^']*')/)
  const quoted = code.map((part) => (part.startsWith("'") ? part : part.replace(/(?<!\\)`/g, '"'))).join('')
  return quoted
    .replaceAll('\\`', '`')
    .replace(/\$\{[^{}'"?]*\}/g, 'X')
    .replace(/['"][),;\s{]*$/, '')
}

/** Options as the library names them. */
const options = commands.flatMap((command) => command.options.map((option) => option.attributeName()))
const namesOption = (text: string) =>
  [...text.matchAll(/`([A-Za-z]+)(?: [^`]*)?`/g)].some(([, name]) => options.includes(name as string))

/** What is wrong with the remedies of a library's message as a command prints it; options in it are in backticks. */
async function faultsOf(message: string, call: Call): Promise<readonly string[]> {
  const words = CALLS[call].split(' ')
  const group = program.commands.find((command) => command.name() === words[0]) as Command
  knowFlags(group.commands.find((command) => command.name() === words[1]) ?? group, commands)
  const told = asFlags(message.replace(/`([A-Za-z]+(?: [^`]*)?)`/g, '<`$1`>'))
  const faults = namesOption(told) ? [`${call} has no such option: ${told}`] : []
  for (const [, flag = '', value = ''] of told.matchAll(/<(--[\w-]+)(?: ([^>]*))?>/g)) {
    // Where a value is only computed, it is the user's own.
    const refusal = value === '' || value === 'X' ? undefined : await refusalOf([...words, flag, value])
    if (refusal !== undefined) faults.push(`${call}: ${refusal}`)
  }
  return faults
}

describe('a remedy is accepted by the command that prints it', () => {
  it('where a message names options', async () => {
    const remedies = lines.filter(({ text }) => namesOption(text))
    expect(remedies.length).toBeGreaterThan(60)
    const faults = remedies.map(async ({ file, text }) => {
      const row = PRINTED_BY.find(([source, , words]) => source === file && (words?.test(text) ?? true))
      if (row === undefined) return [`PRINTED_BY lacks ${file}`]
      return (await Promise.all(row[1].map((call) => faultsOf(text, call)))).flat()
    })
    expect((await Promise.all(faults)).flat()).toEqual([])
  })

  it('where a message names a command', async () => {
    const names = program.commands.map((command) => command.name()).join('|')
    const called = lines.flatMap(({ text }) => [
      ...text.matchAll(RegExp(`\\bshiftscope ((?:${names})\\b[\\w .:=/@,+-]*)`, 'g')),
    ])
    expect(called.length).toBeGreaterThan(15)
    for (const [, words = ''] of called)
      expect([words, await refusalOf(words.trim().split(' '))]).toEqual([words, undefined])
  })

  it('where the command line names flags itself', () => {
    const known = [...commands.flatMap((command) => command.options.map(({ long }) => long)), '--help', '--version']
    const named = lines.flatMap(({ file, text }) =>
      file.startsWith('cli/') ? (text.match(/(?<![\w-])--[a-z][\w-]*/g) ?? []) : [],
    )
    expect(named.filter((flag) => !known.includes(flag))).toEqual([])
  })

  const folder = temporaryFolder()
  const MISSING = 'resnet50'
  it.each<[Call, string | undefined, () => Promise<unknown>]>([
    ['extract', '--weights FILE', () => openNetwork(MISSING)],
    ['inspect', '--weights FILE', () => inspectModel(MISSING)],
    ['reproduce', `--weights ${MISSING}=FILE`, () => reproduce({ models: [MISSING], out: folder('out') })],
    ['bench', `--weights ${MISSING}=FILE`, () => benchExtraction({ models: [MISSING] })],
    ['verify', undefined, () => verifyNetwork(MISSING)],
    ['explore', undefined, () => explore({ models: [MISSING], results: folder('out') })],
  ])('where %s lacks weights', async (call, flag, run) => {
    vi.stubEnv('SHIFTSCOPE_CACHE', folder('cache'))
    const { message } = (await run().catch((error: unknown) => error)) as Error
    expect(message).toContain(`run "shiftscope models `)
    expect(await faultsOf(message, call)).toEqual([])
    expect(/--weights \S+$/.exec(asFlags(message))?.[0]).toBe(flag)
  })
})
