import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { fetchFile } from '../../src/download/fetchFile.js'
import { OutputError } from '../../src/errors.js'
import { silent } from '../../src/progress.js'
import { beginning, type FileServer, fileAnswer, startServer } from '../support/fileServer.js'
import { networkFolder } from '../support/networkFolder.js'
import { onTmpfs } from '../support/tmpfs.js'

const FILE = Buffer.alloc(300_000, 'a file that is fetched ')
const HALF = 200_000

const folder = networkFolder()
const place = () => folder('file')
const partBytes = () => statSync(folder('cache/downloads/part-file'), { throwIfNoEntry: false })?.size ?? 0

/** The answer that waits after the half. */
let held: ServerResponse
const half = beginning(FILE, HALF, (response) => {
  held = response
})

/** Fetches the file in a process of its own. */
function fetching(server: FileServer): { readonly child: ChildProcess; readonly ended: Promise<unknown> } {
  const program = join(import.meta.dirname, 'processes/fetches.mjs')
  const child = spawn(process.execPath, [program, `${server.address}/file`, place()], { stdio: 'inherit' })
  return { child, ended: once(child, 'close').then(([code, signal]) => signal ?? code) }
}

/** Fetches the file in this process. */
function fetched(server: FileServer, notes: string[] = []): Promise<unknown> {
  const wanted = {
    ...{ name: 'file', origin: new URL(`${server.address}/file`) },
    present: async () => (existsSync(place()) ? true : undefined),
    take: async (path: string) => {
      renameSync(path, place())
      return true
    },
  }
  const progress = { ...silent, note: (line: string) => void notes.push(line) }
  const options = { bytes: null, label: 'the file', progress, stallSeconds: 30, elsewhere: 'another' }
  return fetchFile(wanted, { ...options, ca: undefined, signal: undefined })
}

it.each([
  ['waits for the first', false],
  ['goes on where the first is killed', true],
])('of two processes that fetch a file the second %s', async (_, isKilled) => {
  const server = await startServer(half, 'http')
  const first = fetching(server)
  await expect.poll(partBytes, { timeout: 30_000 }).toBe(HALF)
  const notes: string[] = []
  const second = fetched(server, notes)
  await expect.poll(() => notes, { timeout: 30_000 }).toEqual([expect.stringMatching(/^waiting for process \d+ on /)])
  expect(notes[0]).toContain(`${first.child.pid}`)
  server.answer = fileAnswer(FILE)
  if (isKilled) first.child.kill('SIGKILL')
  else held.end(FILE.subarray(HALF))
  await first.ended
  await second
  expect(readFileSync(place()).equals(FILE)).toBe(true)
  expect(readdirSync(folder('cache/downloads')).filter((name) => name.includes('part'))).toEqual([])
  expect(server.requests.map(({ range }) => range)).toEqual(isKilled ? [undefined, `bytes=${HALF}-`] : [undefined])
})

it('a download on a full disk keeps what it has, and is gone on with', async (context) => {
  const size = 2 ** 22
  const isMounted = await onTmpfs(folder('cache'), `size=${size},mode=755`, async () => {
    writeFileSync(folder('cache/ballast'), Buffer.alloc(size - HALF))
    const server = await startServer(fileAnswer(FILE), 'http')
    const failure = await fetched(server).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(OutputError)
    expect((failure as Error).message).toContain('set SHIFTSCOPE_CACHE')
    const kept = partBytes()
    expect(kept).toBeGreaterThan(0)
    rmSync(folder('cache/ballast'))
    // The place is on another disk.
    await fetched(server).catch((error: NodeJS.ErrnoException) => expect(error.code).toBe('EXDEV'))
    expect(server.requests.at(-1)?.range).toBe(`bytes=${kept}-`)
    expect(partBytes()).toBe(FILE.length)
  })
  if (!isMounted) context.skip('a file system can be mounted by root on Linux alone')
})
