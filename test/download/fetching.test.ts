import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { hostName } from '../../src/download/allowedHosts.js'
import { fetchFile } from '../../src/download/fetchFile.js'
import { InputError, InterruptedError, NetworkError } from '../../src/errors.js'
import { silent } from '../../src/progress.js'
import {
  type Answer,
  beginning,
  type FileServer,
  fileAnswer,
  rangeAnswer,
  startServer,
  status,
} from '../support/fileServer.js'
import { networkFolder } from '../support/networkFolder.js'

const SIZE = 50_000
/** Bytes that arrive before something happens. */
const HALF = 20_000
const FILE = randomBytes(SIZE)
const DATE = 'Mon, 01 Jan 2024 00:00:00 GMT'

const folder = networkFolder()
const part = () => folder('cache/downloads/part-file')
const partBytes = () => (existsSync(part()) ? statSync(part()).size : 0)
afterEach(() => {
  vi.useRealTimers()
})

/** One try to fetch the file. Without `fails` the file is there afterwards. */
interface Attempt {
  /** Changes what earlier attempts left. */
  readonly before?: () => void
  /** By default the server gives the file, heeds ranges and their condition. */
  readonly answer?: Answer
  /** What happens when the half has come, or the request where nothing is kept. */
  readonly event?: 'cut' | 'reset' | 'abort' | 'silence'
  readonly fails?: readonly [type: new (message: string) => Error, message: RegExp]
  /** Bytes of the part after a failure; by default none. */
  readonly keeps?: number
  /** The requests of the file: for all of it, or for what was not kept. By default one for all. */
  readonly asks?: readonly ('all' | 'rest')[]
  /** The condition of requests for the rest; by default the ETag. */
  readonly condition?: string | undefined
}

/** The answer that waits after the half. */
let held: ServerResponse
function halfWith(headers: Readonly<Record<string, string>>, file = FILE): Answer {
  const hold = (response: ServerResponse) => {
    held = response
  }
  return beginning(file, HALF, hold, { ...headers, 'content-length': file.length })
}
const half = halfWith({ etag: '"one"' })
const silence: Answer = () => undefined
const endless: Answer = (_, response) => {
  response.writeHead(200)
  const more = () => response.write(Buffer.alloc(1 << 16, 0xff), (error) => error ?? setImmediate(more))
  more()
}
/** Gives the rest from another byte than was asked for, or whatever the condition was. */
function restOf(etag: string, from?: number): Answer {
  return (request, response) => {
    const asked = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1]
    const answer = asked === undefined ? fileAnswer(FILE, etag) : rangeAnswer(FILE, from ?? Number(asked), etag)
    answer(request, response)
  }
}
const wrong = Buffer.alloc(SIZE, 7)
const oneByteOff = Buffer.from(FILE).fill(~(FILE[HALF] as number), HALF, HALF + 1)
const withoutLength = (bytes?: number): Answer => {
  return (_, response) => response.writeHead(200).end(FILE.subarray(0, bytes))
}
const redirectedTo = (location: string) => status(302, { location })
const redirected = (times: number): Answer => {
  return (request, response) => {
    const count = Number(/\d+$/.exec(request.url ?? '')?.[0] ?? 0)
    const answer = count < times ? redirectedTo(`/${count + 1}`) : fileAnswer(FILE)
    answer(request, response)
  }
}

const CUT: Attempt = {
  ...{ answer: half, event: 'cut', keeps: HALF },
  fails: [NetworkError, /^cannot fetch from localhost:\d+: the connection was cut; .* run the same command again$/],
}
const REST: Attempt = { asks: ['rest'] }
const RESTART: Attempt = { asks: ['rest', 'all'] }
const ABORTED: Attempt['fails'] = [InterruptedError, /run the same command again/]
const SILENT: Attempt['fails'] = [NetworkError, /^localhost:\d+ sent nothing for 30 s; run the same command again/]
const WRONG: Attempt['fails'] = [InputError, /^the file is another$/]
const wrongSize = (says: string): Attempt => ({ fails: [InputError, RegExp(says)] })
const havingPart = (bytes: Uint8Array) => () => writeFileSync(part(), bytes)
const refused = (says: string): Attempt => ({ fails: [NetworkError, RegExp(`http://localhost:\\d+/file ${says}`)] })

const ANY_SIZE: Readonly<Record<string, readonly Attempt[]>> = {
  'already there': [{ before: () => writeFileSync(folder('place/file'), FILE), asks: [] }],
  'aborted, then resumed': [{ answer: half, event: 'abort', fails: ABORTED, keeps: HALF }, REST],
  'aborted before anything came': [{ answer: silence, event: 'abort', fails: ABORTED }, {}],
  'silent after the half, then resumed': [{ answer: half, event: 'silence', fails: SILENT, keeps: HALF }, REST],
  'silent from the start': [{ answer: silence, event: 'silence', fails: SILENT }, {}],
  'cut, then resumed': [CUT, REST],
  'reset, then resumed': [{ ...CUT, event: 'reset' }, REST],
  'cut, then begun anew, since no header can name its ETag': [
    { ...CUT, answer: halfWith({ etag: '"caf\u00e9"' }) },
    {},
  ],
  'cut, then resumed on the date, since a weak ETag is no condition': [
    { ...CUT, answer: halfWith({ etag: 'W/"one"', 'last-modified': DATE }) },
    { answer: restOf('W/"one"'), asks: ['rest'], condition: DATE },
  ],
  'resumed from a server without ranges': [CUT, { ...REST, answer: withoutLength() }],
  'resumed at another byte than was asked for': [CUT, { ...RESTART, answer: restOf('"one"', HALF / 2) }],
  'changed meanwhile, which the server tells': [
    { ...CUT, answer: halfWith({ etag: '"one"' }, wrong) },
    { ...REST, answer: fileAnswer(FILE, '"two"') },
  ],
  'changed meanwhile, the condition ignored': [
    { ...CUT, answer: halfWith({ etag: '"one"' }, wrong) },
    { ...RESTART, answer: restOf('"two"') },
  ],
  'changed meanwhile, which nothing tells': [
    { ...CUT, answer: halfWith({}, wrong) },
    { ...REST, condition: undefined, fails: WRONG },
    {},
  ],
  'a changed byte': [{ answer: fileAnswer(oneByteOff), fails: WRONG }, {}],
  'resumed on a part that was damaged': [CUT, { ...REST, before: havingPart(Buffer.alloc(HALF)), fails: WRONG }, {}],
  'resumed on a part of which nothing is known': [CUT, { before: () => writeFileSync(`${part()}.json`, '{') }],
  'resumed on a part that is complete': [CUT, { before: havingPart(FILE), asks: [] }],
  'a place that cannot be written, then taken there': [
    { before: () => rmSync(folder('place'), { recursive: true }), fails: [Error, /ENOENT/], keeps: SIZE },
    { before: () => mkdirSync(folder('place')), asks: [] },
  ],
  'redirected five times': [{ answer: redirected(5), asks: Array(6).fill('all') }],
  'redirected six times': [
    { answer: redirected(6), asks: Array(6).fill('all'), ...refused('redirects more than 5 times; use another') },
  ],
  'redirected to nowhere': [{ answer: status(301), ...refused('redirects to nowhere; use another') }],
  'redirected to where nothing is encrypted': [
    {
      answer: redirectedTo('http://example.org/file'),
      ...refused('redirects to http://example.org, which is not encr'),
    },
  ],
  'redirected to a host that may not be asked': [
    { answer: redirectedTo('https://127.0.0.1/'), fails: [NetworkError, /127\.0\.0\.1, which is not an allowed host/] },
  ],
  'not there': [{ answer: status(404), ...refused('answers 404 Not Found; use another$') }, {}],
  'not allowed': [{ answer: status(403), ...refused('answers 403 Forbidden; use another$') }],
  'too busy': [{ answer: status(429), ...refused('answers 429 Too Many Requests; try again later$') }],
  'out of order': [{ answer: status(500), ...refused('answers 500 Internal Server Error; try again later$') }],
  'a part that nobody asked for': [{ answer: status(206), ...refused('answers 206 Partial Content; use') }],
}

const KNOWN_SIZE: Readonly<Record<string, readonly Attempt[]>> = {
  'ended early, the length not announced': [
    { answer: withoutLength(HALF), ...wrongSize('has 20000 bytes instead of') },
    {},
  ],
  'cut, then another file, then resumed': [
    CUT,
    { ...REST, answer: fileAnswer(Buffer.from('sign in')), keeps: HALF, ...wrongSize('has 7 bytes instead of 50000') },
    REST,
  ],
  'announced too long': [
    { answer: fileAnswer(Buffer.alloc(SIZE + 1)), ...wrongSize('has 50001 bytes instead of 50000') },
    {},
  ],
  'longer than announced': [{ answer: endless, ...wrongSize('^the file: the server sends more than 50000 bytes') }, {}],
}

const UNKNOWN_SIZE: Readonly<Record<string, readonly Attempt[]>> = {
  'resumed on a part that is complete': [CUT, { before: havingPart(FILE), asks: [] }],
  'ended early, the length not announced': [{ answer: withoutLength(HALF), fails: WRONG }, {}],
  'changed meanwhile in size, without an ETag': [
    { ...CUT, answer: halfWith({}, Buffer.alloc(SIZE + 1)) },
    { ...RESTART, answer: restOf('"two"'), condition: undefined },
  ],
  'announced too long': [
    { answer: fileAnswer(Buffer.alloc(60_001)), ...wrongSize('has 60001 bytes, more than the limit of 60000') },
    {},
  ],
  'announced as long as may be': [{ answer: fileAnswer(Buffer.alloc(60_000)), fails: WRONG }],
  'longer than is taken': [{ answer: endless, ...wrongSize('^the file: the server sends more than 60000 bytes') }, {}],
  'resumed on a part that is too long': [CUT, { before: havingPart(Buffer.alloc(60_001)), asks: ['all'] }],
}

/** Checks the file and moves it to its place. */
async function take(path: string): Promise<boolean> {
  if (!readFileSync(path).equals(FILE)) throw new InputError('the file is another')
  await rename(path, folder('place/file'))
  return true
}

type Limits = { readonly bytes: number | null; readonly mostBytes?: number }

function fetched(server: FileServer, limits: Limits, signal?: AbortSignal, progress = silent): Promise<unknown> {
  const present = async () => (existsSync(folder('place/file')) ? true : undefined)
  const wanted = { name: 'file', origin: new URL(`${server.address}/file`), present, take }
  const hosts = { names: ['localhost', 'example.org'], option: 'hosts' }
  const settings = { label: 'the file', progress, signal, stallSeconds: 30, ca: undefined, elsewhere: 'another', hosts }
  return fetchFile(wanted, { ...limits, ...settings }).then(
    () => undefined,
    (error: unknown) => error,
  )
}

/** Waits until a condition holds, half a minute at most, whatever the clock of the test says. */
async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; !condition(); i++) {
    if (i > 6000) expect.fail(`waited in vain for ${condition}`)
    await setTimeout(5)
  }
}

/** What the attempt fails with. */
async function outcomeOf(server: FileServer, limits: Limits, { event, keeps }: Attempt): Promise<unknown> {
  const requests = server.requests.length
  const controller = new AbortController()
  if (event === 'silence') vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  let isOver = false
  const outcome = fetched(server, limits, controller.signal).finally(() => {
    isOver = true
  })
  if (event === undefined) return outcome
  await until(() => (keeps ? partBytes() === keeps : server.requests.length > requests))
  if (event === 'cut') held.destroy()
  if (event === 'reset') held.socket?.resetAndDestroy()
  if (event === 'abort') controller.abort(new InterruptedError())
  while (event === 'silence' && !isOver) {
    vi.advanceTimersByTime(30_000)
    await setTimeout(5)
  }
  return outcome
}

async function attempt(server: FileServer, limits: Limits, one: Attempt): Promise<void> {
  one.before?.()
  const [kept, requests] = [partBytes(), server.requests.length]
  server.answer = one.answer ?? fileAnswer(FILE)
  const failure = await outcomeOf(server, limits, one)
  vi.useRealTimers()
  const condition = 'condition' in one ? one.condition : '"one"'
  const asked = { all: { range: undefined, ifRange: undefined }, rest: { range: `bytes=${kept}-`, ifRange: condition } }
  expect(server.requests.slice(requests)).toMatchObject((one.asks ?? ['all']).map((ask) => asked[ask]))
  const left = existsSync(folder('cache/downloads')) ? readdirSync(folder('cache/downloads')) : []
  expect(left.sort()).toEqual(one.keeps === undefined ? [] : ['part-file', 'part-file.json'])
  expect(partBytes()).toBe(one.keeps ?? 0)
  if (one.fails === undefined) {
    expect(failure).toBeUndefined()
    expect(readFileSync(folder('place/file')).equals(FILE)).toBe(true)
    return
  }
  const [type, message] = one.fails
  expect(failure).toBeInstanceOf(type)
  expect((failure as Error).message).toMatch(message)
  expect(existsSync(folder('place/file'))).toBe(false)
}

describe.each([
  ['of known size', { bytes: SIZE }, { ...ANY_SIZE, ...KNOWN_SIZE }],
  ['of unknown size', { bytes: null, mostBytes: 60_000 }, UNKNOWN_SIZE],
] as const)('a file %s', (_, limits, scenarios) => {
  it.each(Object.entries(scenarios))('%s', async (_, attempts) => {
    mkdirSync(folder('place'))
    const server = await startServer(silence, 'http')
    for (const one of attempts) await attempt(server, limits, one)
  })
})

it('a slow server is waited for as long as bytes come', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  mkdirSync(folder('place'))
  const step = SIZE / 5
  let sent = 0
  let sendMore = () => {}
  const server = await startServer((_, response) => {
    response.writeHead(200, { 'content-length': SIZE })
    sendMore = () => {
      response.write(FILE.subarray(sent, sent + step))
      sent += step
    }
    sendMore()
  }, 'http')
  const update = (done: number) => {
    if (done < sent || sent === SIZE) return
    vi.advanceTimersByTime(20_000)
    sendMore()
  }
  expect(await fetched(server, { bytes: SIZE }, undefined, { ...silent, update })).toBeUndefined()
  expect(readFileSync(folder('place/file')).equals(FILE)).toBe(true)
})

describe('a host that is named', () => {
  it.each([
    ['Example.ORG', 'example.org'],
    ['::1', '[::1]'],
    ['[::1]', '[::1]'],
    ['2130706433', '127.0.0.1'],
  ])('%s is compared as %s', (text, host) => {
    expect(hostName(text, 'imageHosts')).toBe(host)
  })
})
