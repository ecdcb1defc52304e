import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { chmod } from 'node:fs/promises'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { InputError, NetworkError, OutputError, UsageError } from '../../src/errors.js'
import { sha256 } from '../../src/files/sha256.js'
import { type CatalogEntry, catalogEntry } from '../../src/networks/catalog/catalog.js'
import { importWeights } from '../../src/networks/models/imported.js'
import { type PullOptions, pullWeights } from '../../src/networks/models/pullWeights.js'
import { chooseNetwork } from '../../src/networks/open/openNetwork.js'
import { listenTo } from '../../src/progress.js'
import { type Answer, beginning, certificate, fileAnswer, startServer, status } from '../support/fileServer.js'
import { leftOut } from '../support/leftOut.js'
import { messageOf } from '../support/messageOf.js'
import { narrowCatalog, tensorsOf } from '../support/narrowNetworks.js'
import { networkFolder } from '../support/networkFolder.js'
import { withoutProxies } from '../support/offlineEnvironment.js'
import { sharedFolder } from '../support/temporaryFolder.js'
import { writeTorchZip } from '../support/torchFile.js'

narrowCatalog()
withoutProxies()
const made = sharedFolder()
const folder = networkFolder()
const cache = (...way: string[]) => folder('cache', ...way)

/** The published file of these tests, and one of another network. */
let right: Buffer
let other: Buffer
beforeAll(() => {
  const bytesOf = (id: string) => {
    writeTorchZip(made(`${id}.pth`), tensorsOf(id))
    return readFileSync(made(`${id}.pth`))
  }
  right = bytesOf('mobilenet_v2')
  other = bytesOf('mobilenet_v2-aa')
})

/** Whatever happened: under the final name there is nothing, or the whole and right file. */
afterEach(() => {
  if (!existsSync(cache('weights'))) return
  expect(readdirSync(cache('weights'))).toEqual(['mobilenet_v2.pth'])
  expect(readFileSync(cache('weights/mobilenet_v2.pth')).equals(right)).toBe(true)
})

const NAME = 'mobilenet_v2-test.pth'
const digits = (bytes: Buffer) => sha256(bytes).slice(0, 8)

const mobilenet = catalogEntry('mobilenet_v2')
const { sources: published } = mobilenet
afterEach(() => void Object.assign(mobilenet, { sources: published }))

/** Gives the catalog's entry of MobileNetV2 other sources for this test. */
function entryWith(addresses: readonly string[], source: { bytes?: null; sha256?: string } = {}): CatalogEntry {
  const sources = addresses.map((url) => ({ url, bytes: right.length, sha256: sha256(right), ...source }))
  return Object.assign(mobilenet, { sources })
}

const cut: Answer = (...of) => beginning(right, 300_000, (response) => response.destroy())(...of)

function pull({ id }: CatalogEntry, options: PullOptions = {}) {
  return pullWeights(id, options)
}

function expectNothingKept(): void {
  expect(existsSync(cache('downloads')) ? readdirSync(cache('downloads')) : []).toEqual([])
  expect(existsSync(cache('weights'))).toBe(false)
}

async function expectPulled(action: ReturnType<typeof pullWeights>): Promise<void> {
  expect(await action).toMatchObject({ path: cache('weights/mobilenet_v2.pth'), sha256: sha256(right) })
  expect(readdirSync(cache('downloads'))).toEqual([])
}

describe('pulling published weights', () => {
  it('makes the checked file the weights of the network, and tells of licence and progress', async () => {
    const server = await startServer(fileAnswer(right), 'http')
    const url = `${server.address}/models/${NAME}`
    const told: string[] = []
    const onProgress = listenTo({
      start: (label, total, measure) => void told.push(`${label} ${total} ${JSON.stringify(measure)}`),
      update: (done) => void (done === right.length && told.push('all')),
      stop: () => void told.push('stop'),
      note: (line) => void told.push(String(line)),
    })
    const entry = entryWith([url])
    expect(await pull(entry, { onProgress })).toEqual({
      ...{ id: 'mobilenet_v2', path: cache('weights/mobilenet_v2.pth'), bytes: right.length, sha256: sha256(right) },
      ...{ licence: 'BSD-3-Clause', origin: url, checked: { bytes: true, sha256Digits: 64 } },
    })
    expect(told).toEqual([
      `mobilenet_v2: fetching ${url} (licence: BSD-3-Clause)`,
      `mobilenet_v2 ${right.length} {"unit":"bytes","before":0}`,
      'all',
      'stop',
    ])
    expect(readdirSync(cache('downloads'))).toEqual([])
    expect((await chooseNetwork({ model: 'mobilenet_v2' })).weightsPath).toBe(cache('weights/mobilenet_v2.pth'))
    expect(await pull(entry)).toMatchObject({ origin: null, path: cache('weights/mobilenet_v2.pth') })
    expect(server.requests).toHaveLength(1)
  })

  it('replaces imported weights that are not the published ones, and says so', async () => {
    mkdirSync(cache('weights'), { recursive: true })
    writeFileSync(cache('weights/mobilenet_v2.pt'), other)
    const server = await startServer(fileAnswer(right), 'http')
    const notes: string[] = []
    const onProgress = listenTo({ note: (line) => void notes.push(String(line)) })
    await expectPulled(pull(entryWith([`${server.address}/${NAME}`]), { onProgress }))
    expect(notes[0]).toBe(
      `mobilenet_v2: the stored weights (SHA-256 ${digits(other)}…) are not the published ones and will be replaced`,
    )
  })

  it('says how much it could check', async () => {
    const server = await startServer(fileAnswer(right), 'http')
    const entry = entryWith([`${server.address}/${NAME}`], { bytes: null, sha256: digits(right) })
    expect(await pull(entry)).toMatchObject({ checked: { bytes: false, sha256Digits: 8 } })
  })

  it('refuses what cannot be pulled', async () => {
    expect(await messageOf(pullWeights('tiny-alexnet'), UsageError)).toContain('is built in')
    expect(await messageOf(pullWeights('vgg19'), UsageError)).toContain('no network or generator is called "vgg19"')
    expect(await messageOf(pull(entryWith(['http://example.org/a.pth'])), UsageError)).toContain('is not encrypted')
  })

  it('says how to bring in a file that cannot be downloaded here', async () => {
    expect(await messageOf(pull(entryWith([`https://localhost:1/${NAME}`])), NetworkError)).toMatch(
      /run the same command again, or download https:.* elsewhere and run "shiftscope models import mobilenet_v2 FILE"$/,
    )
  })

  it.skipIf(leftOut(process.platform === 'win32', 'they need a POSIX system'))(
    'needs a cache that nobody else can write to',
    async () => {
      mkdirSync(cache())
      await chmod(cache(), 0o777)
      const refusal = messageOf(pull(entryWith(['https://localhost:1/a.pth'])))
      expect(await refusal).toMatch(/^anyone can write to .*; run chmod o-w/)
    },
  )

  it('needs a cache that can be written', async () => {
    const entry = entryWith(['https://localhost:1/a.pth'])
    mkdirSync(cache())
    writeFileSync(cache('downloads'), '')
    expect(await messageOf(pull(entry), OutputError)).toContain('set SHIFTSCOPE_CACHE')
  })

  it('leaves a download that is not finished alone when the same network is imported', async () => {
    const server = await startServer(cut, 'http')
    await messageOf(pull(entryWith([`${server.address}/${NAME}`])), NetworkError)
    const kept = readFileSync(cache('downloads', `part-${NAME}`))
    expect(kept.length).toBeGreaterThan(0)
    await importWeights('mobilenet_v2', made('mobilenet_v2.pth'))
    expect(readFileSync(cache('downloads', `part-${NAME}`)).equals(kept)).toBe(true)
  })
})

it('a file that is not what it must be is refused, and not kept', async () => {
  const server = await startServer(fileAnswer(other), 'http')
  const refusal = (source: { bytes: null; sha256: string }) =>
    messageOf(pull(entryWith([`${server.address}/${NAME}`], source)))
  expect(await refusal({ bytes: null, sha256: digits(right) })).toContain(
    `has the SHA-256 ${digits(other)} instead of ${digits(right)}, so it is damaged or a different file`,
  )
  expectNothingKept()
  expect(await refusal({ bytes: null, sha256: sha256(other) })).toContain(
    'does not contain the weights of mobilenet_v2: the file: ',
  )
  expectNothingKept()
})

describe('of several sources', () => {
  const given: Answer = (...of) => fileAnswer(right)(...of)
  const wrong: Answer = (...of) => fileAnswer(right.subarray(1))(...of)

  it.each<[string, readonly Answer[], number, (new (message: string) => Error) | undefined, string]>([
    ['the next is asked where one has not the file', [status(404), given], 2, undefined, ''],
    ['the next is asked where one has another file', [wrong, given], 2, undefined, ''],
    ['none is asked after a download that was cut', [cut, given], 1, NetworkError, 'run the same command again'],
    ['each is named where none has the file', [status(404), status(403)], 2, NetworkError, '; then http://'],
    ['one with wrong contents makes the error one of contents', [status(404), wrong], 2, InputError, 'bytes instead'],
  ])('%s', async (_, answers, requests, type, message) => {
    const answer: Answer = (request, response) => answers[Number(request.url?.slice(1, 2))]?.(request, response)
    const server = await startServer(answer, 'http')
    const action = pull(entryWith(answers.map((_, source) => `${server.address}/${source}.pth`)))
    if (type === undefined) await expectPulled(action)
    else expect(await messageOf(action, type)).toContain(message)
    expect(server.requests).toHaveLength(requests)
  })
})

describe('a mirror', () => {
  const official = () => entryWith([`https://localhost:1/official/${NAME}`])

  it('has the files under their published names', async () => {
    const server = await startServer(fileAnswer(right), 'http')
    await expectPulled(pull(official(), { mirror: `${server.address}/weights/` }))
    expect(server.requests.map(({ path }) => path)).toEqual([`/weights/${NAME}`])
  })

  it('may be a folder', async () => {
    mkdirSync(folder('mirror'))
    expect(await messageOf(pull(official(), { mirror: folder('mirror') }))).toContain(`${NAME} does not exist`)
    writeFileSync(folder('mirror', NAME), right.subarray(0, 100))
    expect(await messageOf(pull(official(), { mirror: folder('mirror') }))).toContain('has 100 bytes instead of')
    expectNothingKept()
    writeFileSync(folder('mirror', NAME), right)
    await expectPulled(pull(official(), { mirror: folder('mirror') }))
    expect(readFileSync(folder('mirror', NAME)).equals(right)).toBe(true)
  })

  it.each([
    ['http://example.org/weights', 'is not encrypted'],
    ['http://localhost.example.org', 'is not encrypted'],
    ['http://127.0.0.1.example.org', 'is not encrypted'],
    ['ftp://localhost/weights', 'is not encrypted'],
    ['https://', 'is not an address'],
    ['https://user:secret@localhost/weights', 'the mirror’s address contains a user name'],
    ['https://:secret@localhost/weights', 'the mirror’s address contains a user name'],
  ])('%s is refused: it %s', async (mirror, cause) => {
    const message = await messageOf(pull(official(), { mirror }), UsageError)
    expect(message).toContain(cause)
    expect(message).not.toContain('secret')
    expectNothingKept()
  })
})

it('a certificate that is not trusted ends the connection', async () => {
  const server = await startServer(fileAnswer(right), 'https')
  const entry = entryWith([`${server.address}/${NAME}`])
  expect(await messageOf(pull(entry), NetworkError)).toMatch(
    /^the certificate of localhost:\d+ is not trusted .* NODE_EXTRA_CA_CERTS to a file with the proxy’s certificate, or download .* FILE"$/,
  )
  expect(server.requests).toEqual([])
  expectNothingKept()
  await expectPulled(pull(entry, { ca: certificate }))
})
