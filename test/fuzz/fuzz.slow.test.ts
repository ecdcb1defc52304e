import { expect, it } from 'vitest'
import { temporaryFolder } from '../support/temporaryFolder.js'
import { readers } from './readers.js'
import { tryReader } from './trial.js'

/** What test/fuzz/run.mjs asks for; without it each reader gets some thousand inputs. */
const { FUZZ_SEED = '1', FUZZ_MINUTES, FUZZ_READERS, FUZZ_PATH } = process.env
const seed = Number(FUZZ_SEED)
const names = FUZZ_READERS?.split(',') ?? readers.map(({ name }) => name)
const chosen = readers.filter(({ name }) => names.includes(name))
const milliseconds = (60_000 * Number(FUZZ_MINUTES ?? 0)) / chosen.length
const inFolder = temporaryFolder()

it('there are readers of these names', () => {
  expect(chosen.map(({ name }) => name).sort()).toEqual([...names].sort())
})

it.each(chosen)(
  '$name withstands damage',
  async (reader) => {
    if (FUZZ_PATH !== undefined) {
      await tryReader(reader, inFolder(), { seed, runs: Number.MAX_SAFE_INTEGER, path: FUZZ_PATH })
      return
    }
    const runs = reader.isExpensive ? 50 : 1000
    const end = performance.now() + milliseconds
    const all = { read: 0, refused: 0 }
    // The seed of each round is the one after that of the round before.
    for (let round = 0; round === 0 || performance.now() < end; round++) {
      const { read, refused } = await tryReader(reader, inFolder(), { seed: seed + round, runs })
      all.read += read
      all.refused += refused
    }
    console.log(`${reader.name}: ${all.read} inputs read, ${all.refused} refused`)
  },
  milliseconds + 900_000,
)
