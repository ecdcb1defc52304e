import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { expect } from 'vitest'
import { InputError, InterruptedError, NetworkError, OutputError } from '../../src/errors.js'
import type { Kind } from './fetchedKinds.js'
import { type Answer, beginning, fileAnswer, rangeAnswer, startServer, status } from './fileServer.js'

/** Bytes of the file that arrive before something happens. */
export const HALF = 200_000
const DATE = 'Mon, 01 Jan 2024 00:00:00 GMT'

type Answering = (file: Buffer, kind: Kind) => Answer | Promise<Answer>

/** One try to fetch the file. Without `fails` the file is there afterwards. */
export interface Attempt {
  /** Changes what earlier attempts left. */
  readonly before?: (left: { readonly cache: string; readonly part: string; readonly file: Buffer }) => void
  /** The server's answer. By default it gives the file, heeds ranges and their condition. */
  readonly answer?: Answering
  /** What happens when the half has come, or the request where nothing is kept. */
  readonly event?: 'cut' | 'abort' | 'kill' | 'silence'
  readonly fails?: readonly [type: new (message: string) => Error, message: RegExp]
  /** What the downloads hold after a failure; by default nothing. */
  readonly keeps?: 'half' | 'all'
  /** The requests of the file: for all of it, or for what was not kept. By default one for all. */
  readonly asks?: readonly ('all' | 'rest')[]
  /** The condition of requests for the rest; by default the ETag. */
  readonly condition?: string | undefined
}

/** The answer that waits after the half. */
export let held: ServerResponse
const halfWith = (headers: Readonly<Record<string, string>>, file: Buffer) => {
  const hold = (response: ServerResponse) => {
    held = response
  }
  return beginning(file, HALF, hold, { ...headers, 'content-length': file.length })
}
export const half = (file: Buffer) => halfWith({ etag: '"one"' }, file)
const silent = (): Answer => () => undefined
const endless = (): Answer => (_, response) => {
  response.writeHead(200)
  const more = () => response.write(Buffer.alloc(1 << 20, 0xff), (error) => error ?? setImmediate(more))
  more()
}
/** Gives the rest from another byte than was asked for, or whatever the condition was. */
const restOf =
  (etag: string, from?: number): Answering =>
  (file) =>
  (request, response) => {
    const asked = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1]
    const answer = asked === undefined ? fileAnswer(file, etag) : rangeAnswer(file, from ?? Number(asked), etag)
    answer(request, response)
  }
const wrong = (file: Buffer) => Buffer.alloc(file.length, 7)
const withoutLength =
  (bytes?: number): Answering =>
  (file) =>
  (_, response) =>
    response.writeHead(200).end(file.subarray(0, bytes))

const CUT: Attempt = {
  answer: half,
  event: 'cut',
  fails: [NetworkError, /the connection was cut.*run the same command again/],
  keeps: 'half',
}
export const REST: Attempt = { asks: ['rest'] }
const RESTART: Attempt = { asks: ['rest', 'all'] }
const ABORTED: Attempt['fails'] = [InterruptedError, /run the same command again/]
const SILENT: Attempt['fails'] = [NetworkError, /sent nothing for 30 s; run the same command again/]
const WRONG: Attempt['fails'] = [InputError, /has the SHA-256|neither a JPEG nor a PNG|is damaged/]

/** What happens to a file that is fetched, attempt by attempt. */
export const SCENARIOS: Readonly<Record<string, readonly Attempt[]>> = {
  'aborted, then resumed': [{ answer: half, event: 'abort', fails: ABORTED, keeps: 'half' }, REST],
  'aborted before anything came': [{ answer: silent, event: 'abort', fails: ABORTED }, {}],
  'its process killed, then resumed': [{ answer: half, event: 'kill', fails: [Error, /SIGKILL/], keeps: 'half' }, REST],
  'silent after the half, then resumed': [{ answer: half, event: 'silence', fails: SILENT, keeps: 'half' }, REST],
  'silent from the start': [{ answer: silent, event: 'silence', fails: SILENT }, {}],
  'cut, then resumed': [CUT, REST],
  'cut, then resumed on the date, since a weak ETag is no condition': [
    { ...CUT, answer: (file) => halfWith({ etag: 'W/"one"', 'last-modified': DATE }, file) },
    { answer: restOf('W/"one"'), asks: ['rest'], condition: DATE },
  ],
  'ended early, the length not announced': [
    { answer: withoutLength(HALF), fails: [InputError, /is 200000 bytes instead of|is damaged/] },
    {},
  ],
  'resumed from a server without ranges': [CUT, { ...REST, answer: withoutLength() }],
  'resumed at another byte than was asked for': [CUT, { ...RESTART, answer: restOf('"one"', HALF / 2) }],
  'changed meanwhile, which the server tells': [
    { ...CUT, answer: (file) => half(wrong(file)) },
    { ...REST, answer: (file) => fileAnswer(file, '"two"') },
  ],
  'changed meanwhile, the condition ignored': [
    { ...CUT, answer: (file) => half(wrong(file)) },
    { ...RESTART, answer: restOf('"two"') },
  ],
  'changed meanwhile in size, without an ETag': [
    { ...CUT, answer: (file) => halfWith({}, Buffer.alloc(file.length + 1)) },
    { ...RESTART, answer: restOf('"two"'), condition: undefined },
  ],
  'changed meanwhile, which nothing tells': [
    { ...CUT, answer: (file) => halfWith({}, wrong(file)) },
    { ...REST, condition: undefined, fails: WRONG },
    {},
  ],
  'announced too long': [
    {
      answer: () => (_, response) => response.writeHead(200, { 'content-length': 2 ** 31 }).flushHeaders(),
      fails: [InputError, /is 2147483648 bytes(, more than| instead of)/],
    },
    {},
  ],
  'longer than it may be, the length not announced': [
    { answer: endless, fails: [InputError, /what comes is longer than \d+ bytes/] },
    {},
  ],
  'another file, which is shorter': [
    { answer: () => status(200), fails: [InputError, /is 12 bytes instead of|neither a JPEG nor a PNG/] },
    {},
  ],
  'cut, then another file, then resumed': [
    CUT,
    {
      ...REST,
      answer: () => fileAnswer(Buffer.from('sign in')),
      fails: [InputError, /is 7 bytes instead of/],
      keeps: 'half',
    },
    REST,
  ],
  'a changed byte': [
    { answer: (file) => fileAnswer(Buffer.from(file).fill(~(file[HALF] as number), HALF, HALF + 1)), fails: WRONG },
    {},
  ],
  'resumed on a part that was damaged': [
    CUT,
    { ...REST, before: ({ part }) => writeFileSync(part, Buffer.alloc(HALF)), fails: WRONG },
    {},
  ],
  'resumed on a part of which nothing is known': [CUT, { before: ({ part }) => writeFileSync(`${part}.json`, '{') }],
  'resumed on a part that is complete': [CUT, { before: ({ part, file }) => writeFileSync(part, file), asks: [] }],
  'resumed on a part that is too long': [
    CUT,
    { ...RESTART, before: ({ part, file }) => writeFileSync(part, Buffer.alloc(file.length + 1)) },
  ],
  'redirected to a host that may be asked': [
    {
      answer: async (file, { protocol }) => {
        const answers = (url = '') => (url === '/b' ? fileAnswer(file) : status(302, { location: 'b' }))
        const other = await startServer((request, response) => answers(request.url)(request, response), protocol)
        return status(302, { location: `${other.address}/a` })
      },
    },
  ],
  'redirected to a host that may not be asked': [
    {
      answer: async (_, { name }) => {
        const { address, port } = await startServer(() => expect.fail('was asked'), 'http')
        return status(302, { location: name === 'picture' ? `http://127.0.0.1:${port}` : address })
      },
      fails: [NetworkError, /which is not encrypted, and is not followed|127.0.0.1, which is not asked unless/],
    },
    {},
  ],
  'a cache that cannot be written': [
    { before: ({ cache }) => writeFileSync(cache, ''), fails: [OutputError, /set SHIFTSCOPE_CACHE/], asks: [] },
    { before: ({ cache }) => rmSync(cache) },
  ],
  'a cache that anyone can write to': [
    {
      before: ({ cache }) => {
        mkdirSync(cache)
        chmodSync(cache, 0o777)
      },
      fails: [InputError, /anyone can write to .*; run chmod o-w/],
      asks: [],
    },
    { before: ({ cache }) => chmodSync(cache, 0o755) },
  ],
  'a folder of pictures that cannot be written, then resumed': [
    {
      before: ({ cache }) => writeFileSync(join(cache, '../images'), ''),
      fails: [OutputError, /cannot write/],
      keeps: 'all',
    },
    { before: ({ cache }) => rmSync(join(cache, '../images')), asks: [] },
  ],
}

const SIZE_IS_KNOWN = 'its size is known beforehand, and no part of another size is begun'
const NO_GRAPH = 'no graph is built from it'
const IN_THE_CACHE = 'its place is in the cache'

/** Why a kind of file has no such scenario. */
export const EXCEPTIONS: Readonly<Record<string, Partial<Record<Kind['name'], string>>>> = {
  'changed meanwhile in size, without an ETag': { weights: SIZE_IS_KNOWN, hub: SIZE_IS_KNOWN },
  'cut, then another file, then resumed': { picture: 'its size is not known, and only the whole file can be checked' },
  'a cache that anyone can write to': { hub: NO_GRAPH, picture: NO_GRAPH },
  'a folder of pictures that cannot be written, then resumed': { weights: IN_THE_CACHE, hub: IN_THE_CACHE },
}
