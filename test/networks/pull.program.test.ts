import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { InputError, NetworkError, UsageError } from '../../src/errors.js'
import { sha256 } from '../../src/files/sha256.js'
import {
  type CatalogEntry,
  catalogEntry,
  chooseNetwork,
  importWeights,
  type PullOptions,
  pullWeights,
} from '../../src/networks/index.js'
import { listenTo } from '../../src/progress.js'
import { type Answer, beginning, certificate, fileAnswer, startServer, status } from '../support/fileServer.js'
import { temporaryFolder } from '../support/temporaryFolder.js'
import { writeWeights } from '../support/torchFile.js'

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
  if (!existsSync(path)) writeWeights(path, id)
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

/** Gives the beginning of the file and cuts the connection. */
const cut: Answer = (request, response) => beginning(right, 3_000_000, () => response.destroy())(request, response)

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
})

it('a download that was cut does not begin with another source instead', async () => {
  const server = await startServer(cut)
  const addresses = [`${server.address}/${NAME}`, `${server.address}/second.pth`]
  expect(await networkFailure(pull(entryWith(addresses)))).toContain('run the same command again')
  expect(server.requests).toHaveLength(1)
  expect(partialBytes()).toBeGreaterThan(0)
})

it('a slow server is waited for as long as bytes come', async () => {
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

describe('a file that is not what it must be', () => {
  it('is refused by the beginning of its SHA-256 where no more is known', async () => {
    const server = await startServer(fileAnswer(randomBytes(1000)))
    const entry = entryWith([`${server.address}/${NAME}`], { bytes: null, sha256: sha256(right).slice(0, 8) })
    expect(await inputFailure(pull(entry))).toContain(`instead of ${sha256(right).slice(0, 8)}:`)
    expectNothingKept()
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

it('imports of the same network leave a download that is not finished alone', async () => {
  const server = await startServer(cut)
  await networkFailure(pull(entryWith([`${server.address}/${NAME}`])))
  const kept = partialBytes()
  await importWeights('mobilenet_v2', checkpointOf('mobilenet_v2'))
  expect(partialBytes()).toBe(kept)
})
