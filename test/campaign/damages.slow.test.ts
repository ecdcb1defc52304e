import { cp, readdir, rm } from 'node:fs/promises'
import { dirname, extname, join, relative } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { expect, it } from 'vitest'
import { contents } from '../support/commandLine.js'
import { temporaryFolder } from '../support/temporaryFolder.js'
import { type WritingCommand, writingCommands } from './commands.js'
import { damage } from './damage.js'
import { CAMPAIGN_TIMEOUT, campaign } from './ledger.js'
import { faultOf, referenceOf, runIn } from './outcome.js'

const inFolder = temporaryFolder()

/** What a command says and leaves where it reads what another one has written. */
interface Reading {
  readonly name: string
  readonly words: readonly string[]
  readonly stdout: string
  readonly files: Readonly<Record<string, string>>
}

/** Without the folder, and the places in pixels that an array has by its description alone. */
function comparable(stdout: string, folder: string): string {
  return stdout.replaceAll(folder, '').replace(/"pixel": \{[^}]*\},\s*/g, '')
}

/** Whether two files have the same bytes or, if they are JSON, the same values. */
function isSame(name: string, one: string | undefined, other: string | undefined): boolean {
  if (one === other || one === undefined || other === undefined || !name.endsWith('.json')) return one === other
  const parsed = (base64: string) => JSON.parse(Buffer.from(base64, 'base64').toString()) as unknown
  try {
    return isDeepStrictEqual(parsed(one), parsed(other))
  } catch {
    return false
  }
}

it(
  'whatever is damaged is made again, refused in a line, or not read: no number is another',
  async () => {
    const folder = inFolder()

    const commands = await writingCommands(join(folder, 'inputs'))
    const makeStore = async (command: WritingCommand) => {
      const place = join(folder, command.name)
      const store = { place, reference: await referenceOf(place, command), readings: [] as Reading[] }
      for (const [name, words] of Object.entries(command.readings ?? {})) {
        const copy = join(folder, 'copy')
        await cp(place, copy, { recursive: true })
        const { status, stdout, stderr } = await runIn(copy, command, { words })
        if (status !== 0) throw new Error(`${name} ended with ${status}: ${stderr}`)
        const files = await contents(copy, command.differing)
        store.readings.push({ name, words, stdout: comparable(stdout, copy), files })
        await rm(copy, { recursive: true })
      }
      return store
    }
    const stores = new Map<WritingCommand, ReturnType<typeof makeStore>>()
    const findings = await campaign('damages', 3, async (random, ledger, number) => {
      const command = random.pick(commands)
      const making = stores.get(command) ?? makeStore(command)
      stores.set(command, making)
      const { place, reference, readings } = await making
      const copy = join(folder, `round-${number}`)
      await cp(place, copy, { recursive: true })
      const files = (await readdir(copy, { recursive: true, withFileTypes: true }))
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .sort()
      const damaged = [...new Set(Array.from({ length: 1 + random.below(3) }, () => random.pick(files)))]
      const done: { readonly name: string; readonly how: string }[] = []
      for (const path of damaged) done.push({ name: relative(copy, path), how: await damage(path, files, random) })
      const reading = readings.length > 0 && random.chance(0.6) ? random.pick(readings) : undefined
      const what = done.map(({ name, how }) => `${name} ${how}`).join(', ')
      const title = `${command.name}, ${what}, ${reading?.name ?? 'the same command'}`
      const ended = await runIn(copy, command, reading && { words: reading.words })
      // 1: what stands in a file's place is not removed.
      const makesPictures = reading === undefined && command.name !== 'report'
      const lacksPicture = done.some(({ name }) => name.startsWith('out/pictures/'))
      // 2: another file in its place may be of another protocol.
      const fault = faultOf(ended, [0, 1, 2, 3])
      for (const { name, how } of done)
        ledger.count(`${command.name}, *${extname(name)} ${how}`, ended.status === 0 ? 'right numbers' : 'refused')
      if (fault !== undefined) ledger.find(`${title}: ${fault}`)
      else if (ended.status === 0) {
        const expected = reading?.files ?? reference.files
        const found = await contents(copy, command.differing)
        const isOf = (other: string) => done.some(({ name }) => other === name || dirname(other) === name)
        for (const other of new Set([...Object.keys(expected), ...Object.keys(found)])) {
          if (isSame(other, expected[other], found[other])) continue
          // What is neither read nor written stays as it is; the cache is read where there is something to compute.
          if ((reading !== undefined || other.startsWith('cache/')) && isOf(other)) continue
          // Nothing tells a damaged photograph from another one. It stands beside its numbers, which stay right.
          if (done.some(({ name }) => name.includes('/photograph-')) && (isOf(other) || other === 'out/index.html'))
            continue
          // A picture that is gone is missing from the page and its figure, which say so; no number is another.
          if (!makesPictures && lacksPicture && (isOf(other) || /^out\/(site|figures|index\.html)/.test(other)))
            continue
          ledger.find(`${title}: ${other} is ${found[other] === undefined ? 'missing' : 'another'}`)
        }
        if (reading !== undefined && comparable(ended.stdout, copy) !== reading.stdout)
          ledger.find(`${title}: other output`)
      }
      await rm(copy, { recursive: true, force: true })
    })
    expect(findings).toEqual([])
  },
  CAMPAIGN_TIMEOUT,
)
