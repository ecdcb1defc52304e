import { open } from 'node:fs/promises'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { InputError } from '../../src/errors.js'
import { randomCases } from '../support/randomCases.js'
import { temporaryFolder } from '../support/temporaryFolder.js'
import { inputsOf, type Reader } from './reader.js'
import { readers } from './readers.js'
import { tryReader } from './trial.js'

const inFolder = temporaryFolder()

it.each(readers.filter(({ isExpensive }) => !isExpensive))(
  '$name reads its goldens and withstands damage',
  async (reader) => {
    await tryReader(reader, inFolder(), { seed: 1, runs: randomCases(10) })
  },
)

/** Reads a text of nine bytes. */
function reading(read: Reader['read'], changes: Partial<Reader> = {}): Reader {
  return { name: 'planted', goldens: [{ text: '{"a": 12}' }], read, ...changes }
}

it('inputs depend on the seed alone, and differ', () => {
  const reader = reading(() => undefined)
  const inputs = inputsOf([{ text: '{"a": 12}' }], reader)
  const drawn = (seed: number) => fc.sample(inputs, { seed, numRuns: 20 }).map(({ files }) => String(files.text))
  expect(drawn(5)).toEqual(drawn(5))
  expect(new Set(drawn(5)).size).toBeGreaterThan(15)
})

/** Never collected: a buffer that is freed during a later reading would be subtracted from what that one takes. */
const kept: Buffer[] = []

it.each<[string, Reader, RegExp]>([
  ['another error', reading((_, { text }) => JSON.parse(String(text))), /^FINDING threw SyntaxError/],
  [
    'memory',
    reading((_, { text = '' }) => kept.push(Buffer.allocUnsafe(text.length === 9 ? 0 : 1200 << 20)), {
      isExpensive: true,
    }),
    /^FINDING took 1[12]\d\d MiB/,
  ],
  [
    'a file outside of the folder',
    reading(async (_, { text = '' }) => text.length === 9 || (await open('up/secret')).close()),
    /^FINDING opened .+secret\n/,
  ],
  [
    'bytes beyond the end',
    reading(async (folder, { text = '' }) => {
      const file = await open(`${folder}/text`)
      await file.read(Buffer.alloc(9), 0, 9, 0)
      await file.close()
      return text
    }),
    /^FINDING read up to byte 9 of \d into 9\n/,
  ],
])('%s is a finding, which its seed and path repeat', async (_, reader, finding) => {
  const error = await tryReader(reader, inFolder(), { seed: 3, runs: 500 }).catch((reason: Error) => reason)
  expect((error as Error).message).toMatch(finding)
  const [, path = ''] = /--reader planted --seed 3 --path (\S+)\n/.exec((error as Error).message) ?? []
  await expect(tryReader(reader, inFolder(), { seed: 3, runs: 500, path })).rejects.toThrow(finding)
})

it('a golden that is refused is told', async () => {
  const refusing = reading(() => {
    throw new InputError('no')
  })
  const told = 'planted refuses its golden 0: InputError: no'
  await expect(tryReader(refusing, inFolder(), { seed: 1, runs: 1 })).rejects.toThrow(told)
})
