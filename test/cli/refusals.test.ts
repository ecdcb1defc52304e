import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import sharp from 'sharp'
import { beforeAll, expect, it, vi } from 'vitest'
import { programWith } from '../../src/cli/program.js'
import { writeNpy } from '../../src/files/npy.js'
import { cudaDevices } from '../../src/native.js'
import { catalogModels } from '../../src/networks/catalog/catalog.js'
import { shellWord } from '../../src/support/text.js'
import { type Printed, runHere } from '../support/inProcess.js'
import { leftOut } from '../support/leftOut.js'
import { refusalOf } from '../support/shell.js'
import { sharedFolder } from '../support/temporaryFolder.js'

const folder = sharedFolder()

beforeAll(async () => {
  vi.stubEnv('SHIFTSCOPE_CACHE', folder('cache'))
  mkdirSync(folder('cache'))
  writeFileSync(folder('text.png'), 'no picture')
  const white = { width: 100, height: 80, channels: 3, background: '#ffffff' } as const
  await sharp({ create: white }).png().toFile(folder('small.png'))
  await writeNpy(folder('grid.npy'), [2, 2, 1], new Float32Array(4).fill(1))
  await writeNpy(folder('zero.npy'), [2, 2, 1], new Float32Array([1, 1, 0, 1]))
  mkdirSync(folder('own/figures'), { recursive: true })
  writeFileSync(folder('own/figures/drawn-by-hand.svg'), 'precious')
  return () => vi.unstubAllEnvs()
})

const ids = catalogModels().map(({ id }) => id)
const isGenerator = (id: string) => id.includes('deepsim')
/** What the names in capitals of refusals.txt stand for. */
const MEANINGS: Readonly<Record<string, () => string>> = {
  FOLDER: folder,
  /** A device that onnxruntime-node does not have on this platform. */
  ABSENT: () => (process.platform === 'win32' ? 'coreml' : 'directml'),
  PLATFORM: () => `${process.platform}-${process.arch}`,
  NETWORKS: () => ids.filter((id) => !isGenerator(id)).join(', '),
  GENERATORS: () => ids.filter(isGenerator).join(', '),
}
const inFull = (text: string) => text.replace(/\b[A-Z]{6,}\b/g, (name) => MEANINGS[name]?.() ?? name)
/** A message with paths in full, which are quoted in the commands that it names. */
const messageInFull = (line: string) =>
  inFull(line.replace(/(?<="shiftscope [^"]*)FOLDER[^" ]*/g, (path) => shellWord(inFull(path))))

/** Words as a shell divides them; between quotes, control characters are written as in JavaScript. */
function wordsOf(line: string): readonly string[] {
  const words = line.match(/'[^']*'|\S+/g) ?? []
  return words.map((word) => (word.startsWith("'") ? (JSON.parse(`"${word.slice(1, -1)}"`) as string) : inFull(word)))
}

/** The last line; before it only phases and progress may stand. */
function lastLine({ stderr }: Printed): string {
  const [last = '', ...before] = stderr.split('\n').slice(0, -1).reverse()
  for (const line of before) expect(line).toMatch(/^(opening (the network|networks)|annotations: 0 B)$/)
  // Which names are near is decided elsewhere, and those of a random folder are random.
  return last.replace(
    /(?<=" \(most similar: )[^)]*(?=\); give one of these, or (a folder of|the path of a) picture)/,
    '…',
  )
}

const text = readFileSync(new URL('refusals.txt', import.meta.url), 'utf8')
const cases = [...text.matchAll(/^\$ (.*)\r?\n(\d): (.*)$/gm)].map(([, command = '', status = '', line = '']) => ({
  ...{ command, status: Number(status), line },
}))

it.each(cases)('$command ends with $status and one line', async ({ command, status, line }) => {
  const printed = await runHere(wordsOf(command))
  expect([lastLine(printed), printed.status, printed.stdout]).toEqual([
    `shiftscope: ${messageInFull(line)}`,
    status,
    '',
  ])
})

it('every command of refusals.txt is a case', () => {
  expect(cases).toHaveLength(text.split('\n').filter((line) => line.startsWith('$')).length)
  expect(cases.length).toBeGreaterThan(100)
})

it('nothing was written by a command that was refused', () => {
  const files = ['cache', 'grid.npy', 'own', 'small.png', 'text.png', 'zero.npy']
  expect(readdirSync(folder()).sort()).toEqual(files)
  expect(readdirSync(folder('own'), { recursive: true }).sort()).toEqual(['figures', 'figures/drawn-by-hand.svg'])
})

it('a remedy names flags and commands that there are', async () => {
  const program = programWith({ signal: new AbortController().signal })
  for (const { command, line } of cases) {
    const [name = '', second] = wordsOf(command)
    const group = program.commands.find((one) => one.name() === name)
    const running = group?.commands.find((one) => one.name() === second) ?? group
    const flags = running
      ? [running, ...running.commands].flatMap(({ options }) => options.map(({ long }) => long))
      : []
    const remedy = line.slice(line.search(/[;:,]/))
    const named = remedy.replace(/"[^"]*"/g, '').matchAll(/(?<![\w-])--[a-z][\w-]*/g)
    for (const [flag] of named) expect(flags, line).toContain(flag)
    for (const [, words = ''] of remedy.matchAll(/"shiftscope ([^"]*)"/g))
      expect([words, await refusalOf(words.split(' '))]).toEqual([words, undefined])
  }
})

it.skipIf(leftOut(!cudaDevices().reason.startsWith('built without'), 'this addon has CUDA'))(
  'an addon without CUDA says how to get it',
  async () => {
    for (const command of ['similarity', 'separability']) {
      const { status, stderr } = await runHere([command, folder('grid.npy'), '--device', 'cuda'])
      expect(status).toBe(4)
      expect(stderr).toMatch(/^shiftscope: device cuda is not usable: built without CUDA kernels \(.*\n$/)
      expect(stderr).toMatch(/SHIFTSCOPE_CUDA=1 npm run build:native.*--device cpu\n$/)
    }
  },
)
