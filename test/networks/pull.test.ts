import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { InputError, InterruptedError, NetworkError, OutputError, UsageError } from '../../src/errors.js'
import { sha256 } from '../../src/files/sha256.js'
import { architectures } from '../../src/networks/architectures/architectures.js'
import { parametersOf } from '../../src/networks/architectures/layer.js'
import { asCacheError } from '../../src/networks/cache.js'
import {
  type CatalogEntry,
  catalogEntry,
  chooseNetwork,
  importWeights,
  type PullOptions,
  pullWeights,
} from '../../src/networks/index.js'
import { listenTo } from '../../src/progress.js'
import { temporaryFolder } from '../temporaryFolder.js'
import { beginning, certificate, fileAnswer, rangeAnswer, startServer, status } from './fileServer.js'
import { weight } from './formulas.js'
import { writeTorchZip } from './torchFile.js'

/** The published file of these tests: weights of MobileNetV2 that a graph can be built from. */
let right: Buffer
let sourceFolder: string
beforeAll(async () => {
  sourceFolder = await mkdtemp(join(tmpdir(), 'shiftscope-test-'))
  right = readFileSync(checkpointOf('mobilenet_v2'))
})
afterAll(() => rmSync(sourceFolder, { recursive: true, force: true }))

function checkpointOf(id: string): string {
  const path = join(sourceFolder, `${id}.pth`)
  const layers = architectures.find((architecture) => architecture.id === id)?.layers ?? []
  if (!existsSync(path))
    writeTorchZip(
      path,
      parametersOf(layers).map(({ key, shape }) => ({ key, shape, data: () => weight(key, shape) })),
    )
  return path
}

const folder = temporaryFolder()
const cache = (...way: string[]) => folder('cache', ...way)
beforeEach(() => {
  vi.stubEnv('SHIFTSCOPE_CACHE', cache())
  for (const name of ['https_proxy', 'all_proxy', 'no_proxy', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY'])
    vi.stubEnv(name, '')
})
afterEach(() => {
  vi.unstubAllEnvs()
  expectNothingHalf()
})

/** Whatever happened: under the final name there is nothing, or the whole and right file. */
function expectNothingHalf(): void {
  if (!existsSync(cache('weights'))) return
  for (const name of readdirSync(cache('weights'))) {
    expect(name).toBe('mobilenet_v2.pth')
    expect(readFileSync(cache('weights', name)).equals(right)).toBe(true)
  }
}

const NAME = 'mobilenet_v2-test.pth'

/** The catalog's entry of MobileNetV2 with other sources. */
function entryWith(
  addresses: readonly string[],
  source: { bytes?: number | null; sha256?: string } = {},
): CatalogEntry {
  const sources = addresses.map((url) => ({ url, bytes: right.length, sha256: sha256(right), ...source }))
  return { ...catalogEntry('mobilenet_v2'), sources }
}

function pull(entry: CatalogEntry, options: PullOptions = {}) {
  return pullWeights(entry.id, { entries: [entry], ca: certificate, ...options })
}

async function failureOf(
  action: Promise<unknown>,
  type: new (message: string) => Error,
  status: number,
): Promise<string> {
  const error = await action.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(type)
  expect(error).toMatchObject({ exitStatus: status })
  expect((error as Error).message).not.toContain('\n')
  return (error as Error).message
}

const networkFailure = (action: Promise<unknown>) => failureOf(action, NetworkError, 1)
const inputFailure = (action: Promise<unknown>) => failureOf(action, InputError, 3)
const usageFailure = (action: Promise<unknown>) => failureOf(action, UsageError, 2)

/** Bytes that earlier downloads of the file have left. */
function partialBytes(name = NAME): number {
  const path = cache('downloads', `part-${name}`)
  return existsSync(path) ? statSync(path).size : 0
}

function expectNothingKept(): void {
  expect(existsSync(cache('downloads')) ? readdirSync(cache('downloads')) : []).toEqual([])
  expect(existsSync(cache('weights'))).toBe(false)
}

async function expectPulled(action: ReturnType<typeof pullWeights>): Promise<void> {
  expect(await action).toMatchObject({ path: cache('weights/mobilenet_v2.pth'), sha256: sha256(right) })
  expect(readFileSync(cache('weights/mobilenet_v2.pth')).equals(right)).toBe(true)
  expect(readdirSync(cache('downloads'))).toEqual([])
}

describe('pulling published weights', () => {
  it('makes the checked file the weights of the network, and tells of licence and progress', async () => {
    const server = await startServer(fileAnswer(right))
    const url = `${server.address}/models/${NAME}`
    const told: string[] = []
    const progress = {
      start: (label: string, total: number, measure?: unknown) =>
        told.push(`${label} ${total} ${JSON.stringify(measure)}`),
      update: (done: number) => void (done === right.length && told.push('all')),
      stop: () => told.push('stop'),
      note: (line: string) => told.push(line),
    }
    expect(await pull(entryWith([url]), { onProgress: listenTo(progress) })).toEqual({
      id: 'mobilenet_v2',
      path: cache('weights/mobilenet_v2.pth'),
      bytes: right.length,
      sha256: sha256(right),
      licence: 'BSD-3-Clause',
      origin: url,
      checked: { bytes: true, sha256Digits: 64 },
    })
    expect(told).toEqual([
      `mobilenet_v2: licence BSD-3-Clause, from ${url}`,
      `mobilenet_v2 ${right.length} {"unit":"bytes","before":0}`,
      'all',
      'stop',
    ])
    expect(readdirSync(cache('downloads'))).toEqual([])
    expect((await chooseNetwork({ model: 'mobilenet_v2' })).weightsPath).toBe(cache('weights/mobilenet_v2.pth'))
  })

  it('does nothing when they are here', async () => {
    const server = await startServer(fileAnswer(right))
    const entry = entryWith([`${server.address}/${NAME}`])
    await pull(entry)
    expect(await pull(entry)).toMatchObject({ origin: null, path: cache('weights/mobilenet_v2.pth') })
    expect(server.requests).toHaveLength(1)
  })

  it('replaces imported weights that are not the published ones, and says so', async () => {
    const other = Buffer.concat([right, Buffer.from('\0')])
    mkdirSync(cache('weights'), { recursive: true })
    writeFileSync(cache('weights/mobilenet_v2.pt'), other)
    const server = await startServer(fileAnswer(right))
    const notes: string[] = []
    const onProgress = listenTo({ note: (line) => void notes.push(line) })
    await expectPulled(pull(entryWith([`${server.address}/${NAME}`]), { onProgress }))
    expect(notes[0]).toContain('are not the published ones')
  })

  it('says how much it could check', async () => {
    const server = await startServer(fileAnswer(right))
    const entry = entryWith([`${server.address}/${NAME}`], { bytes: null, sha256: sha256(right).slice(0, 8) })
    expect(await pull(entry)).toMatchObject({ checked: { bytes: false, sha256Digits: 8 } })
  })

  it('refuses what cannot be pulled', async () => {
    expect(await usageFailure(pullWeights('tiny-alexnet'))).toContain('is built in')
    expect(await usageFailure(pullWeights('vgg19'))).toContain('no network or generator is called "vgg19"')
    expect(await usageFailure(pull(entryWith([])))).toContain('models import mobilenet_v2 FILE')
  })

  it('may be done twice at the same time', async () => {
    const server = await startServer(fileAnswer(right))
    const entry = entryWith([`${server.address}/${NAME}`])
    const both = await Promise.all([pull(entry), pull(entry)])
    for (const pulled of both) expect(pulled.sha256).toBe(sha256(right))
    // One fetches, the other finds what it brought.
    expect(both.filter(({ origin }) => origin === null)).toHaveLength(1)
    expect(server.requests).toHaveLength(1)
    expect(readdirSync(cache('downloads'))).toEqual([])
  })
})

describe('a download that was cut', () => {
  const half = 5_000_000
  const cut = () => beginning(right, half, (response) => response.destroy())

  /** Leaves the first part of the file in the cache. */
  async function leavePart(entry: CatalogEntry): Promise<number> {
    expect(await networkFailure(pull(entry))).toContain('run the same command again')
    const kept = partialBytes()
    expect(kept).toBeGreaterThan(0)
    expect(kept).toBeLessThanOrEqual(half)
    expect(existsSync(cache('weights'))).toBe(false)
    return kept
  }

  it('goes on where it stopped', async () => {
    const server = await startServer(cut())
    const entry = entryWith([`${server.address}/${NAME}`])
    const kept = await leavePart(entry)
    server.answer = fileAnswer(right)
    const starts: unknown[] = []
    const onProgress = listenTo({ start: (...stretch: unknown[]) => void starts.push(stretch) })
    await expectPulled(pull(entry, { onProgress }))
    expect(server.requests.at(-1)).toEqual({ path: `/${NAME}`, range: `bytes=${kept}-`, ifRange: '"one"' })
    expect(starts).toEqual([['mobilenet_v2', right.length, { unit: 'bytes', before: kept }]])
  })

  it('does not begin with another source instead', async () => {
    const server = await startServer(cut())
    await leavePart(entryWith([`${server.address}/${NAME}`, `${server.address}/second.pth`]))
    expect(server.requests).toHaveLength(1)
  })

  it('starts again where the server knows no ranges', async () => {
    const server = await startServer(cut())
    const entry = entryWith([`${server.address}/${NAME}`])
    await leavePart(entry)
    server.answer = (_, response) => response.writeHead(200).end(right)
    await expectPulled(pull(entry))
  })

  it.each([
    ['the server says so', () => fileAnswer(right, '"two"'), 1],
    ['the server ignores the condition', () => ignoringCondition(right, '"two"'), 2],
  ])('starts again when the file has changed and %s', async (_, answer, requests) => {
    const old = Buffer.from(right).fill(7)
    const server = await startServer(beginning(old, half, (response) => response.destroy()))
    const entry = entryWith([`${server.address}/${NAME}`])
    await leavePart(entry)
    server.answer = answer()
    await expectPulled(pull(entry))
    expect(server.requests).toHaveLength(1 + requests)
  })

  const ignoringCondition =
    (bytes: Buffer, etag: string): ReturnType<typeof fileAnswer> =>
    (request, response) => {
      const start = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1]
      if (start === undefined) fileAnswer(bytes, etag)(request, response)
      else rangeAnswer(bytes, Number(start), etag)(request, response)
    }

  it('starts again when the part has grown beyond the file', async () => {
    const server = await startServer(cut())
    const entry = entryWith([`${server.address}/${NAME}`], { bytes: null })
    await leavePart(entry)
    writeFileSync(cache('downloads', `part-${NAME}`), Buffer.alloc(right.length + 1))
    server.answer = ignoringCondition(right, '"one"')
    await expectPulled(pull(entry))
  })

  it('starts again when nothing is known about the part', async () => {
    const server = await startServer(cut())
    const entry = entryWith([`${server.address}/${NAME}`])
    await leavePart(entry)
    writeFileSync(cache('downloads', `part-${NAME}.json`), '{')
    server.answer = fileAnswer(right)
    await expectPulled(pull(entry))
    expect(server.requests.at(-1)?.range).toBeUndefined()
  })

  it('only has to be checked when it was complete', async () => {
    const server = await startServer(cut())
    const entry = entryWith([`${server.address}/${NAME}`])
    await leavePart(entry)
    writeFileSync(cache('downloads', `part-${NAME}`), right)
    await expectPulled(pull(entry))
    expect(server.requests).toHaveLength(1)
  })

  it('is refused and removed when its bytes are wrong', async () => {
    const server = await startServer(cut())
    const entry = entryWith([`${server.address}/${NAME}`])
    await leavePart(entry)
    writeFileSync(cache('downloads', `part-${NAME}`), Buffer.alloc(half))
    server.answer = fileAnswer(right)
    expect(await inputFailure(pull(entry))).toContain('has the SHA-256')
    expectNothingKept()
    await expectPulled(pull(entry))
  })

  it('waits for whoever is fetching, and goes on with what that one leaves', async () => {
    const server = await startServer(cut())
    const entry = entryWith([`${server.address}/${NAME}`])
    const controller = new AbortController()
    let first: Promise<unknown> = Promise.resolve()
    await new Promise<void>((begun) => {
      server.answer = beginning(right, half, () => undefined)
      first = pull(entry, { signal: controller.signal, onProgress: listenTo({ update: () => begun() }) })
    })
    server.answer = fileAnswer(right)
    const notes: string[] = []
    const second = pull(entry, { onProgress: listenTo({ note: (line) => notes.push(line) }) })
    await expect
      .poll(() => notes)
      .toEqual([expect.stringMatching(/^waiting for process \d+ on .*, which downloads mobilenet_v2$/)])
    expect(server.requests).toHaveLength(1)
    controller.abort(new InterruptedError())
    await failureOf(first, InterruptedError, 130)
    expect((await second).sha256).toBe(sha256(right))
    expect(server.requests.at(-1)?.range).toMatch(/^bytes=\d+-$/)
  })
})

describe('a slow server', () => {
  it.each([
    ['silent after the first part', () => beginning(right, 3_000_000, () => undefined)],
    ['silent from the start', () => () => undefined],
  ])('that is %s is given up, and the same command goes on', async (_, answer) => {
    const server = await startServer(answer())
    const entry = entryWith([`${server.address}/${NAME}`])
    const message = await networkFailure(pull(entry, { stallSeconds: 0.4 }))
    expect(message).toMatch(/^localhost:\d+ sent nothing for 0.4 s; run the same command again to continue$/)
    const kept = partialBytes()
    server.answer = fileAnswer(right)
    await expectPulled(pull(entry))
    expect(server.requests.at(-1)?.range).toBe(kept > 0 ? `bytes=${kept}-` : undefined)
  })

  it('is waited for as long as bytes come', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const step = Math.ceil(right.length / 8)
      let sent = 0
      let sendMore = () => {}
      const server = await startServer((_, response) => {
        response.writeHead(200, { 'content-length': right.length })
        sendMore = () => {
          response.write(right.subarray(sent, sent + step))
          sent = Math.min(sent + step, right.length)
        }
        sendMore()
      })
      const update = (done: number) => {
        if (done < sent || sent === right.length) return
        vi.advanceTimersByTime(20_000)
        sendMore()
      }
      const entry = entryWith([`${server.address}/${NAME}`])
      await expectPulled(pull(entry, { stallSeconds: 30, onProgress: listenTo({ update }) }))
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('stopping', () => {
  it('keeps what has come, and ends with exit status 130', async () => {
    const controller = new AbortController()
    const server = await startServer(beginning(right, 2_000_000, () => undefined))
    const entry = entryWith([`${server.address}/${NAME}`])
    const onProgress = listenTo({
      update: (done) => {
        if (done > 1_000_000) controller.abort(new InterruptedError())
      },
    })
    await failureOf(pull(entry, { signal: controller.signal, onProgress }), InterruptedError, 130)
    const kept = partialBytes()
    expect(kept).toBeGreaterThan(1_000_000)
    server.answer = fileAnswer(right)
    await expectPulled(pull(entry))
    expect(server.requests.at(-1)?.range).toBe(`bytes=${kept}-`)
  })

  it('before anything has come leaves nothing', async () => {
    const server = await startServer(fileAnswer(right))
    const signal = AbortSignal.abort(new InterruptedError())
    await failureOf(pull(entryWith([`${server.address}/${NAME}`]), { signal }), InterruptedError, 130)
    expectNothingKept()
  })
})

describe('a file that is not what it must be', () => {
  it('is refused by its SHA-256 and removed', async () => {
    const wrong = Buffer.from(right)
    wrong[1000] = (wrong[1000] as number) ^ 1
    const server = await startServer(fileAnswer(wrong))
    const url = `${server.address}/${NAME}`
    const message = await inputFailure(pull(entryWith([url])))
    expect(message).toContain(`${url} has the SHA-256 ${sha256(wrong)} instead of ${sha256(right)}`)
    expectNothingKept()
  })

  it('is refused by the beginning of its SHA-256 where no more is known', async () => {
    const server = await startServer(fileAnswer(randomBytes(1000)))
    const entry = entryWith([`${server.address}/${NAME}`], { bytes: null, sha256: sha256(right).slice(0, 8) })
    expect(await inputFailure(pull(entry))).toContain(`instead of ${sha256(right).slice(0, 8)}:`)
    expectNothingKept()
  })

  it.each([
    ['announces', { 'content-length': 12 }],
    ['only turns out to have', {}],
  ])('is refused when it %s too few bytes', async (_, headers) => {
    const server = await startServer((_, response) => response.writeHead(200, headers).end('no such file'))
    expect(await inputFailure(pull(entryWith([`${server.address}/${NAME}`])))).toContain(
      `is 12 bytes instead of ${right.length}`,
    )
    expectNothingKept()
  })

  it('is cut off where it becomes too long', async () => {
    const server = await startServer((_, response) => {
      response.writeHead(200)
      const more = () => response.write(right, (error) => error ?? setImmediate(more))
      more()
    })
    expect(await inputFailure(pull(entryWith([`${server.address}/${NAME}`])))).toContain(
      `longer than ${right.length} bytes`,
    )
    expectNothingKept()
  })

  it('does not cost the part that is there', async () => {
    const server = await startServer(beginning(right, 3_000_000, (response) => response.destroy()))
    const entry = entryWith([`${server.address}/${NAME}`])
    await networkFailure(pull(entry))
    const kept = partialBytes()
    server.answer = (_, response) => response.writeHead(200, { 'content-length': 7 }).end('sign in')
    expect(await inputFailure(pull(entry))).toContain('is 7 bytes instead of')
    expect(partialBytes()).toBe(kept)
  })

  it('is refused when it holds another network', async () => {
    const other = readFileSync(checkpointOf('mobilenet_v2-aa'))
    const server = await startServer(fileAnswer(other))
    const entry = entryWith([`${server.address}/${NAME}`], { bytes: other.length, sha256: sha256(other) })
    const message = await inputFailure(pull(entry))
    expect(message).toContain('does not hold the weights of mobilenet_v2')
    expect(message).toContain('use it as mobilenet_v2-aa')
    expectNothingKept()
  })
})

describe('an answer that is not the file', () => {
  it.each([
    [404, 'Not Found; see whether `mirror` with another address has the file'],
    [403, 'Forbidden; see whether'],
    [503, 'Service Unavailable; try again later'],
    [206, 'Partial Content'],
    [416, 'Range Not Satisfiable'],
  ])('%i is one clear line', async (code, text) => {
    const server = await startServer(status(code))
    const url = `${server.address}/${NAME}`
    expect(await networkFailure(pull(entryWith([url])))).toContain(`${url} answers ${code} ${text}`)
    expectNothingKept()
  })

  it('makes way for the next source', async () => {
    const server = await startServer((request, response) =>
      request.url === '/current.pth' ? status(404)(request, response) : fileAnswer(right)(request, response),
    )
    const addresses = [`${server.address}/current.pth`, `${server.address}/${NAME}`]
    await expectPulled(pull(entryWith(addresses)))
    expect(server.requests.map(({ path }) => path)).toEqual(['/current.pth', `/${NAME}`])
  })

  it('is told of every source when none has the file', async () => {
    const server = await startServer(status(404))
    const addresses = [`${server.address}/current.pth`, `${server.address}/earlier.pth`]
    const message = await networkFailure(pull(entryWith(addresses)))
    for (const address of addresses) expect(message).toContain(`${address} answers 404 Not Found`)
  })

  it('is of the kind of wrong contents if one source had them', async () => {
    const server = await startServer((request, response) =>
      (request.url === '/current.pth' ? status(404) : fileAnswer(right.subarray(1)))(request, response),
    )
    await inputFailure(pull(entryWith([`${server.address}/current.pth`, `${server.address}/${NAME}`])))
    expectNothingKept()
  })
})

describe('a redirect', () => {
  const redirectTo = (location: string) => status(302, { location })

  it('is followed, to other servers and relative', async () => {
    const other = await startServer((request, response) =>
      (request.url === '/b.pth' ? fileAnswer(right) : redirectTo('b.pth'))(request, response),
    )
    const server = await startServer(redirectTo(`${other.address}/a.pth`))
    await expectPulled(pull(entryWith([`${server.address}/${NAME}`])))
    expect(other.requests.map(({ path }) => path)).toEqual(['/a.pth', '/b.pth'])
  })

  it('is not followed to http, this machine included', async () => {
    const other = await startServer(fileAnswer(right), 'http')
    const server = await startServer(redirectTo(`${other.address}/${NAME}`))
    expect(await networkFailure(pull(entryWith([`${server.address}/${NAME}`])))).toContain('which is not encrypted')
    expect(other.requests).toEqual([])
    expectNothingKept()
  })

  it.each([5, 6])('is followed at most five times: %i', async (redirects) => {
    const server = await startServer((request, response) => {
      const count = Number(request.url?.slice(1))
      const answer = count < redirects ? redirectTo(`/${count + 1}`) : fileAnswer(right)
      answer(request, response)
    })
    const action = pull(entryWith([`${server.address}/0`]))
    if (redirects <= 5) await action
    else expect(await networkFailure(action)).toContain('redirects more than 5 times')
    expect(server.requests).toHaveLength(6)
  })

  it('to nowhere is refused', async () => {
    const server = await startServer(status(301))
    expect(await networkFailure(pull(entryWith([`${server.address}/${NAME}`])))).toContain('redirects to nowhere')
  })
})

describe('a connection', () => {
  it('is refused where the certificate is not trusted', async () => {
    const server = await startServer(fileAnswer(right))
    const entry = entryWith([`${server.address}/${NAME}`])
    expect(await networkFailure(pullWeights(entry.id, { entries: [entry] }))).toContain('NODE_EXTRA_CA_CERTS')
    expect(server.requests).toEqual([])
    expectNothingKept()
  })

  it('that nobody answers is named', async () => {
    const server = await startServer(fileAnswer(right), 'http')
    const entry = entryWith([`https://localhost:${server.port}/${NAME}`])
    expect(await networkFailure(pull(entry))).toContain(`cannot fetch from localhost:${server.port}`)
    const none = entryWith(['https://localhost:1/a.pth'])
    expect(await networkFailure(pull(none))).toContain('cannot fetch from localhost:1: no server answers')
    expectNothingKept()
  })
})

describe('a mirror', () => {
  const official = () => entryWith([`https://localhost:1/official/${NAME}`])

  it('has the files under their published names', async () => {
    const server = await startServer(fileAnswer(right))
    await expectPulled(pull(official(), { mirror: `${server.address}/weights/` }))
    expect(server.requests.map(({ path }) => path)).toEqual([`/weights/${NAME}`])
  })

  it('may be http on this machine', async () => {
    const server = await startServer(fileAnswer(right), 'http')
    vi.stubEnv('HTTPS_PROXY', 'http://localhost:1')
    await expectPulled(pull(official(), { mirror: server.address }))
  })

  it('may be a folder', async () => {
    mkdirSync(folder('mirror'))
    expect(await inputFailure(pull(official(), { mirror: folder('mirror') }))).toContain(`${NAME} does not exist`)
    writeFileSync(folder('mirror', NAME), right.subarray(0, 100))
    expect(await inputFailure(pull(official(), { mirror: folder('mirror') }))).toContain('is 100 bytes instead of')
    expectNothingKept()
    writeFileSync(folder('mirror', NAME), right)
    await expectPulled(pull(official(), { mirror: folder('mirror') }))
    expect(readFileSync(folder('mirror', NAME)).equals(right)).toBe(true)
  })

  it.each([
    'http://example.org/weights',
    'http://localhost.example.org',
    'http://127.0.0.1.example.org',
    'ftp://localhost/weights',
    'https://',
    'https://user:secret@localhost/weights',
  ])('%s is refused', async (mirror) => {
    expect(await usageFailure(pull(official(), { mirror }))).not.toContain('secret')
    expectNothingKept()
  })

  it('is not needed for an address that is not https: it is refused', async () => {
    await usageFailure(pull(entryWith([`http://example.org/${NAME}`])))
  })
})

describe('a cache that cannot be written', () => {
  it('is named, with the remedy', async () => {
    writeFileSync(cache(), 'a file where the folder should be')
    const server = await startServer(fileAnswer(right))
    const action = pull(entryWith([`${server.address}/${NAME}`]))
    expect(await failureOf(action, OutputError, 1)).toContain('set SHIFTSCOPE_CACHE')
    expect(server.requests).toEqual([])
  })

  it('includes a full disk', () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), {
      code: 'ENOSPC',
      syscall: 'write',
    })
    expect(asCacheError(full)).toBeInstanceOf(OutputError)
    const other = new InputError('something else')
    expect(asCacheError(other)).toBe(other)
  })
})

it('imports of the same network leave a download that is not finished alone', async () => {
  const server = await startServer(beginning(right, 3_000_000, (response) => response.destroy()))
  await networkFailure(pull(entryWith([`${server.address}/${NAME}`])))
  const kept = partialBytes()
  await importWeights('mobilenet_v2', checkpointOf('mobilenet_v2'))
  expect(partialBytes()).toBe(kept)
})
