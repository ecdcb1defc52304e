import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { InterruptedError, OutputError } from '../../src/errors.js'
import { listenTo } from '../../src/progress.js'
import { FUNCTIONS, KINDS, type Kind, type Served } from '../support/fetchedKinds.js'
import { type Attempt, EXCEPTIONS, HALF, half, held, REST, SCENARIOS } from '../support/fetchingScenarios.js'
import { fileAnswer } from '../support/fileServer.js'
import { temporaryFolder } from '../support/temporaryFolder.js'
import { onTmpfs } from '../support/tmpfs.js'

const folder = temporaryFolder()
const cache = (...way: readonly string[]) => folder('cache', ...way)
beforeEach(() => {
  vi.stubEnv('SHIFTSCOPE_CACHE', cache())
  for (const name of [
    'https_proxy',
    'all_proxy',
    'no_proxy',
    'HTTPS_PROXY',
    'ALL_PROXY',
    'NO_PROXY',
    'HF_TOKEN',
    'HF_HUB_OFFLINE',
  ])
    vi.stubEnv(name, '')
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllEnvs()
})

/** Why one picture could not be fetched. The call reports this in words and goes on. */
class ReportedFailure extends Error {}

/** Fetches a file in this process; resolves to what it fails with. */
async function fetched({ call }: Served, more: object = {}): Promise<unknown> {
  const work: (...given: unknown[]) => Promise<object> = FUNCTIONS[call.name] as never
  try {
    const result = await work(...call.args, { ...call.options, ...more })
    // One picture that fails does not fail the call; the object of the picture is reported.
    const [failure] = 'failed' in result ? (result.failed as { reason: string }[]) : []
    return failure && new ReportedFailure(failure.reason)
  } catch (error) {
    return error
  }
}

/** Fetches a file in a process of its own. */
function fetching({ call }: Served): { readonly child: ChildProcess; readonly ended: Promise<unknown> } {
  const script = `
    import * as networks from '${new URL('../../dist/networks/index.js', import.meta.url)}'
    import * as coco from '${new URL('../../dist/patches/cocoPatches.js', import.meta.url)}'
    const { name, args, options } = JSON.parse(process.argv[1])
    await { ...networks, ...coco }[name](...args, options)`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script, '--', JSON.stringify(call)], {
    stdio: 'inherit',
  })
  const ended = once(child, 'close').then(([code, signal]) => (code === 0 ? undefined : new Error(`${signal ?? code}`)))
  return { child, ended }
}

const partBytes = ({ part }: Served) =>
  existsSync(cache('downloads', part)) ? statSync(cache('downloads', part)).size : 0

/** Waits until a condition holds, half a minute at most, whatever the clock of the test says. */
async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; !condition(); i++) {
    if (i > 6000) expect.fail(`waited in vain for ${condition}`)
    await setTimeout(5)
  }
}

/** Files below a folder by their names, without what belongs to locks. */
function filesIn(path: string): readonly string[] {
  if (!existsSync(path) || !statSync(path).isDirectory()) return []
  const entries = readdirSync(path, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile() && !/^\.owner-|~\d+$/.test(entry.name)).map(({ name }) => name)
}

/** The right file is at its place, and nothing is left of the download. */
function expectThere({ path, file }: Served): void {
  expect(readFileSync(path).equals(file)).toBe(true)
  expect(filesIn(cache('downloads'))).toEqual([])
}

/** Nothing is there but `kept` bytes of the file. */
function expectMissing(served: Served, kept: number): void {
  const { part, path } = served
  expect(existsSync(path)).toBe(false)
  expect([...filesIn(cache()), ...filesIn(folder('images'))].sort()).toEqual(kept === 0 ? [] : [part, `${part}.json`])
  expect(partBytes(served)).toBe(kept)
}

/** What the attempt fails with. */
async function outcomeOf(served: Served, { event, keeps }: Attempt): Promise<unknown> {
  const requests = served.server.requests.length
  const arrival = () => until(() => (keeps ? partBytes(served) === HALF : served.server.requests.length > requests))
  if (event === 'kill') {
    const { child, ended } = fetching(served)
    await arrival()
    child.kill('SIGKILL')
    return ended
  }
  const controller = new AbortController()
  if (event === 'silence') vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  let isOver = false
  const outcome = fetched(served, { signal: controller.signal }).finally(() => {
    isOver = true
  })
  if (event === undefined) return outcome
  await arrival()
  if (event === 'cut') held.destroy()
  if (event === 'abort') controller.abort(new InterruptedError())
  while (event === 'silence' && !isOver) {
    vi.advanceTimersByTime(30_000)
    await setTimeout(5)
  }
  return outcome
}

async function attempt(served: Served, kind: Kind, one: Attempt): Promise<void> {
  const { file, part, server } = served
  one.before?.({ cache: cache(), part: cache('downloads', part), file })
  const [kept, requests] = [partBytes(served), server.requests.length]
  served.serve((await one.answer?.(file, kind)) ?? fileAnswer(file))
  const failure = await outcomeOf(served, one)
  vi.useRealTimers()
  const condition = 'condition' in one ? one.condition : '"one"'
  const asked = { all: { range: undefined, ifRange: undefined }, rest: { range: `bytes=${kept}-`, ifRange: condition } }
  expect(server.requests.slice(requests)).toMatchObject((one.asks ?? ['all']).map((ask) => asked[ask]))
  if (one.fails === undefined) {
    expect(failure).toBeUndefined()
    return expectThere(served)
  }
  const [type, says] = one.fails
  expect((failure as Error).message).toMatch(says)
  expect((failure as Error).message).not.toContain('\n')
  if (!(failure instanceof ReportedFailure)) expect(failure).toBeInstanceOf(type)
  expectMissing(served, one.keeps === undefined ? 0 : one.keeps === 'half' ? HALF : file.length)
}

describe.each(KINDS.map((kind) => [kind.name, kind] as const))('fetching: %s', (_, kind) => {
  for (const [name, attempts] of Object.entries(SCENARIOS)) {
    const reason = EXCEPTIONS[name]?.[kind.name]
    it.skipIf(reason !== undefined)(reason === undefined ? name : `${name}: not here, since ${reason}`, async () => {
      const served = await kind.start(folder)
      for (const one of attempts) await attempt(served, kind, one)
    })
  }

  it.each([
    ['two processes at once, of which one fetches', false],
    ['two processes at once, of which one is killed and the other goes on', true],
  ])('%s', async (_, isKilled) => {
    const served = await kind.start(folder)
    served.serve(half(served.file))
    const first = fetching(served)
    await until(() => partBytes(served) === HALF)
    const notes: string[] = []
    const second = fetched(served, { onProgress: listenTo({ note: (line) => void notes.push(line) }) })
    const isWaiting = () => notes.some((line) => /^waiting for process \d+ on .*, which downloads /.test(line))
    // A command that fetches many pictures does not tell of each. If it comes too late to wait, it ends in the same way.
    await (kind.name === 'picture' ? setTimeout(1000) : until(isWaiting))
    served.serve(fileAnswer(served.file))
    if (isKilled) first.child.kill('SIGKILL')
    else held.end(served.file.subarray(HALF))
    await first.ended
    expect(await second).toBeUndefined()
    expectThere(served)
    const { requests } = served.server
    expect(requests.map(({ range }) => range)).toEqual(isKilled ? [undefined, `bytes=${HALF}-`] : [undefined])
  })

  it('a full disk, then resumed', async (context) => {
    const size = 64 * 2 ** 20
    const isMounted = await onTmpfs(cache(), `size=${size},mode=755`, async () => {
      writeFileSync(cache('ballast'), Buffer.alloc(size - HALF))
      const served = await kind.start(folder)
      served.serve(fileAnswer(served.file))
      const failure = await fetched(served)
      expect(failure).toBeInstanceOf(OutputError)
      expect((failure as Error).message).toContain('set SHIFTSCOPE_CACHE')
      expect(existsSync(served.path)).toBe(false)
      expect(partBytes(served)).toBeGreaterThan(0)
      rmSync(cache('ballast'))
      await attempt(served, kind, REST)
    })
    if (!isMounted) context.skip('a file system can be mounted by root on Linux alone')
  })
})
