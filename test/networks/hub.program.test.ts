import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { InputError, NetworkError, UsageError } from '../../src/errors.js'
import { sha256 } from '../../src/files/sha256.js'
import { parseHubReference } from '../../src/networks/hub/reference.js'
import {
  chooseNetwork,
  type HubPullOptions,
  hubModelFile,
  listHubModels,
  pullHubModel,
} from '../../src/networks/index.js'
import { listenTo } from '../../src/progress.js'
import { type Answer, certificate, fileAnswer, status } from '../support/fileServer.js'
import { COMMIT, gitBlob, json, type ServedRepository, startHub } from '../support/hubServer.js'
import { messageOf } from '../support/messageOf.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const golden = (path: string) => readFileSync(fileURLToPath(new URL(`../golden/${path}`, import.meta.url)))
const plain = golden('onnx/plain.onnx')
const resnet = golden('exports/resnet18.onnx')
const external = golden('onnx/external.onnx')
const externalData = golden('onnx/external.data')
const config = Buffer.from('{"id2label":{"0":"cat"}}')
const preprocessor = Buffer.from('{"size":224}')

const folder = temporaryFolder()
const cache = (...way: string[]) => folder('cache', ...way)
const place = (path: string, commit = COMMIT) => cache('hub/owner--name', commit, path)

beforeEach(() => {
  vi.stubEnv('SHIFTSCOPE_CACHE', cache())
  for (const name of ['https_proxy', 'all_proxy', 'no_proxy', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY'])
    vi.stubEnv(name, '')
  for (const name of ['HF_ENDPOINT', 'HF_TOKEN', 'HF_HUB_OFFLINE']) vi.stubEnv(name, '')
})
afterEach(() => {
  vi.unstubAllEnvs()
})

/** A hub of one repository, which HF_ENDPOINT names. */
async function hubOf(files: ServedRepository['files'], more: Partial<ServedRepository> = {}) {
  const server = await startHub({ files, ...more })
  vi.stubEnv('HF_ENDPOINT', server.address)
  return server
}

const pull = (text: string, options: HubPullOptions = {}) => pullHubModel(text, { ca: certificate, ...options })

function expectNothingKept(): void {
  const entries = existsSync(cache()) ? readdirSync(cache(), { recursive: true, withFileTypes: true }) : []
  expect(entries.filter((entry) => entry.isFile()).map(({ name }) => name)).toEqual([])
}

describe('a reference to a model of the hub', () => {
  it.each([
    ['hf:microsoft/resnet-50', ['microsoft', 'resnet-50', null, null]],
    ['hf:a/b@main', ['a', 'b', 'main', null]],
    ['hf:a/b@refs/pr/1:onnx/model.onnx', ['a', 'b', 'refs/pr/1', 'onnx/model.onnx']],
    ['hf:a/b.c_d:model@2.onnx', ['a', 'b.c_d', null, 'model@2.onnx']],
    [`hf:a/b@${COMMIT}`, ['a', 'b', COMMIT, null]],
  ])('%s is read', (text, [owner, name, revision, file]) => {
    expect(parseHubReference(text)).toEqual({ text, owner, name, revision, file })
  })

  it.each([
    ...['hf:', 'hf:bert', 'hf:a/b/c', 'hf:/b', 'hf:../b', 'hf:a/..', 'hf:a/b--c', 'hf:a b/c', 'hf:a/b@', 'hf:a/b@x y'],
    ...['hf:a/b@../x', 'hf:a/b@-x', 'hf:a/b:', 'hf:a/b:model.pt', 'hf:a/b:/m.onnx', 'hf:a/b:../m.onnx'],
    ...['hf:a/b:c\\m.onnx', 'hf:a/b:c/../m.onnx', 'hf:a/b:c//m.onnx', 'hf:a/b:\n.onnx', 'hf:a/b@x\ny', 'https://a/b'],
  ])('%j is refused', (text) => {
    expect(() => parseHubReference(text)).toThrow(UsageError)
    expect(() => parseHubReference(text)).toThrow(/^[^\n]*write hf:OWNER\/NAME, [^\n]*$/)
  })

  it('leads nowhere else, whatever it is', () => {
    const part = fc.oneof(fc.constantFrom('..', '/', ':', '@', '.onnx', '--', '\\', '.'), fc.string({ maxLength: 4 }))
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        try {
          const { owner, name, file } = parseHubReference(`hf:a/b${parts.join('')}`)
          expect(`${owner}--${name}`).toMatch(/^[\w.-]+$/)
          expect(file?.split('/') ?? []).not.toContain('..')
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError)
        }
      }),
    )
  })
})

describe('pulling a model of the hub', () => {
  it('keeps model and descriptions of one commit, finds them again, and tells of licence and progress', async () => {
    const hub = await hubOf({
      'README.md': Buffer.from('# a model'),
      'config.json': config,
      'onnx/model.onnx': resnet,
      'onnx/model.input.json': Buffer.from('{}'),
      'onnx/preprocessor_config.json': preprocessor,
      'onnx/other.onnx': plain,
    })
    const told: string[] = []
    const onProgress = listenTo({
      start: (label, total, measure) => void told.push(`${label} ${total} ${JSON.stringify(measure)}`),
      note: (line) => void told.push(line),
    })
    const origin = `${hub.address}/owner/name/resolve/${COMMIT}/onnx/model.onnx`
    const pulled = await pull('hf:owner/name', { onProgress })
    expect(pulled).toEqual({
      id: 'hf:owner/name',
      path: place('onnx/model.onnx'),
      bytes: resnet.length,
      sha256: sha256(resnet),
      licence: 'apache-2.0',
      origin,
      revision: COMMIT,
      files: [
        { path: place('onnx/model.onnx'), bytes: resnet.length, sha256: sha256(resnet) },
        { path: place('onnx/model.input.json'), bytes: 2, sha256: sha256('{}') },
        { path: place('onnx/preprocessor_config.json'), bytes: preprocessor.length, sha256: sha256(preprocessor) },
        { path: place('config.json'), bytes: config.length, sha256: sha256(config) },
      ],
    })
    for (const { path, sha256: expected } of pulled.files) expect(sha256(readFileSync(path))).toBe(expected)
    expect(told[0]).toBe(`hf:owner/name: licence apache-2.0, from ${origin}`)
    expect(told[1]).toBe(`onnx/model.onnx ${resnet.length} {"unit":"bytes","before":0}`)
    expect(readdirSync(cache('downloads'))).toEqual([])
    expect(existsSync(place('README.md'))).toBe(false)

    const requests = hub.hub.requests.length
    expect(await pull('hf:owner/name')).toMatchObject({ origin: null, path: pulled.path, files: pulled.files })
    expect(hub.hub.requests.slice(requests).every(({ path }) => path.startsWith('/api/'))).toBe(true)

    const found = {
      path: pulled.path,
      folders: [dirname(pulled.path), dirname(dirname(pulled.path))],
      licence: 'apache-2.0',
      commit: COMMIT,
    }
    const references = ['', '@main', `@${COMMIT}`, ':onnx/model.onnx', `@${COMMIT}:onnx/model.onnx`]
    for (const reference of references) expect(await hubModelFile(`hf:owner/name${reference}`)).toEqual(found)
    expect(await listHubModels()).toEqual([
      {
        ...{ id: 'hf:owner/name', kind: 'hub', state: 'present', path: pulled.path, licence: 'apache-2.0' },
        ...{ bytes: resnet.length + 2 + preprocessor.length + config.length, revision: COMMIT },
      },
    ])
  })

  it('asks for nothing when the commit is named and here', async () => {
    const hub = await hubOf({ 'model.onnx': plain })
    await pull('hf:owner/name')
    const requests = hub.hub.requests.length
    expect(await pull(`hf:owner/name@${COMMIT}`)).toMatchObject({ origin: null, path: place('model.onnx') })
    expect(hub.hub.requests).toHaveLength(requests)
  })

  it('gives networks, which need no more of the hub', async () => {
    await hubOf({ 'model.onnx': plain, 'config.json': config })
    const chosen = { model: 'hf:owner/name', layers: ['features'] }
    expect(await messageOf(chooseNetwork(chosen), InputError)).toBe(
      'hf:owner/name is not here; run "shiftscope models pull hf:owner/name"',
    )
    await pull('hf:owner/name')
    vi.stubEnv('HF_ENDPOINT', 'https://localhost:1')
    expect(await chooseNetwork(chosen)).toMatchObject({ weightsPath: place('model.onnx') })
    await messageOf(chooseNetwork({ ...chosen, weights: 'a.pth' }), UsageError)
  })

  it('follows a branch to its next commit, and keeps the earlier one by its name', async () => {
    const hub = await hubOf({ 'model.onnx': plain, 'config.json': config }, { revisions: ['main', 'refs/pr/1'] })
    await pull('hf:owner/name@refs/pr/1')
    const later = 'd00d'.padEnd(40, '1')
    hub.repository = { ...hub.repository, commit: later, files: { 'model.onnx': resnet } }
    expect(await pull('hf:owner/name@refs/pr/1')).toMatchObject({ revision: later, sha256: sha256(resnet) })
    expect(await hubModelFile('hf:owner/name@refs/pr/1')).toMatchObject({ path: place('model.onnx', later) })
    expect(await hubModelFile(`hf:owner/name@${COMMIT}`)).toMatchObject({ path: place('model.onnx') })
    const ids = (await listHubModels()).map(({ id }) => id).sort()
    expect(ids).toEqual([`hf:owner/name@${COMMIT}`, 'hf:owner/name@refs/pr/1'])
    await messageOf(hubModelFile('hf:owner/name'), InputError)
  })

  it('stays here when another of its repository is pulled at a later commit', async () => {
    const files = { 'a.onnx': plain, 'b.onnx': resnet }
    await hubOf(files)
    await pull('hf:owner/name:a.onnx')
    const later = '2'.repeat(40)
    await hubOf(files, { commit: later })
    await pull('hf:owner/name:b.onnx')
    expect(await hubModelFile('hf:owner/name:a.onnx')).toMatchObject({ commit: COMMIT, path: place('a.onnx') })
    expect(await hubModelFile('hf:owner/name:b.onnx')).toMatchObject({ commit: later })
  })

  it('is here only if each of its files has its size', async () => {
    await hubOf({ 'model.onnx': external, 'external.data': externalData, 'config.json': config })
    await pull('hf:owner/name')
    for (const file of ['external.data', 'config.json']) {
      const whole = readFileSync(place(file))
      writeFileSync(place(file), whole.subarray(1))
      expect(await messageOf(hubModelFile('hf:owner/name'))).toContain('is not here')
      expect(await listHubModels()).toEqual([])
      writeFileSync(place(file), whole)
    }
    expect(await listHubModels()).toHaveLength(1)
  })

  it('fetches again what is damaged or missing, and nothing else', async () => {
    const hub = await hubOf({ 'model.onnx': plain, 'config.json': config })
    await pull('hf:owner/name')
    writeFileSync(place('config.json'), Buffer.alloc(config.length))
    const before = hub.hub.requests.length
    expect((await pull('hf:owner/name')).origin).not.toBeNull()
    const files = hub.hub.requests.slice(before).filter(({ path }) => path.includes('/resolve/'))
    expect(files.map(({ path }) => path)).toEqual([`/owner/name/resolve/${COMMIT}/config.json`])
    expect(readFileSync(place('config.json')).equals(config)).toBe(true)
  })

  it.each([
    ['a licence of the card', { license: 'cc-by-nc-4.0' }, ['license:mit'], 'cc-by-nc-4.0'],
    ['a licence of the tags', {}, ['vision', 'license:mit'], 'mit'],
    ['no licence', undefined, [], 'NOASSERTION'],
    ['a hostile licence', { license: 'mit\u001b[2J\nyes' }, [], 'mit?[2J?yes'],
    ['a licence that is no text', { license: { a: 1 } }, ['license:mit'], 'NOASSERTION'],
  ])('tells of %s', async (_, card, tags, licence) => {
    await hubOf({ 'model.onnx': plain }, { card, tags })
    expect(await pull('hf:owner/name')).toMatchObject({ licence })
  })

  it('checks its options', async () => {
    expect(await messageOf(pullHubModel('hf:a/b', { mirror: 'x' } as HubPullOptions), UsageError)).toContain('mirror')
    await messageOf(pullHubModel('resnet50'), UsageError)
  })
})

describe('the file of a model', () => {
  it.each([
    ['model.onnx', ['a.onnx', 'model.onnx', 'onnx/model.onnx'], 'model.onnx'],
    ['onnx/model.onnx', ['a.onnx', 'onnx/model.onnx'], 'onnx/model.onnx'],
    ['the only one', ['deep/er/a.onnx', 'a.txt'], 'deep/er/a.onnx'],
  ])('is %s', async (_, paths, expected) => {
    await hubOf(Object.fromEntries(paths.map((path) => [path, plain])))
    expect(await pull('hf:owner/name')).toMatchObject({ path: place(expected) })
  })

  it('has to be named where it could be several', async () => {
    const names = Array.from({ length: 12 }, (_, index) => `model-${index}\u001b.onnx`)
    await hubOf(Object.fromEntries([...names, 'b.onnx', 'c.onnx'].map((path) => [path, plain])))
    const message = await messageOf(pull('hf:owner/name'), UsageError)
    expect(message).toContain('owner/name has 2 .onnx files, b.onnx, c.onnx; name one: hf:owner/name:b.onnx')
    expect(await pull('hf:owner/name:c.onnx')).toMatchObject({ path: place('c.onnx') })
    expect(await hubModelFile('hf:owner/name:c.onnx')).toMatchObject({ path: place('c.onnx') })
    await messageOf(hubModelFile('hf:owner/name'), InputError)
    await messageOf(hubModelFile('hf:owner/name:b.onnx'), InputError)
    expect(await messageOf(pull('hf:owner/name:d.onnx'), InputError)).toContain('has no file "d.onnx"')
  })

  it('is listed with ten others at most', async () => {
    await hubOf(Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`m${index}.onnx`, plain])))
    expect(await messageOf(pull('hf:owner/name'), UsageError)).toMatch(/ 12 \.onnx files, (m\d\.onnx, ){10}…; name one/)
  })

  it('may have to be exported first', async () => {
    await hubOf({ 'pytorch_model.bin': plain })
    expect(await messageOf(pull('hf:owner/name'), InputError)).toContain(
      'optimum-cli export onnx --model owner/name FOLDER',
    )
    expectNothingKept()
  })

  it('brings the files that hold its weights', async () => {
    const hub = await hubOf(
      { 'onnx/model.onnx': external, 'onnx/external.data': externalData, 'external.data': plain },
      { large: () => true },
    )
    const { files } = await pull('hf:owner/name')
    expect(files.map(({ path }) => path)).toEqual([place('onnx/model.onnx'), place('onnx/external.data')])
    expect(readFileSync(place('onnx/external.data')).equals(externalData)).toBe(true)
    hub.repository = { ...hub.repository, commit: 'e'.repeat(40), files: { 'model.onnx': external } }
    expect(await messageOf(pull('hf:owner/name'), InputError)).toMatch(
      /^model\.onnx of owner\/name keeps data up to byte \d+ of "external\.data", which the repository does not have/,
    )
    hub.repository = {
      ...hub.repository,
      files: { 'model.onnx': external, 'external.data': externalData.subarray(0, 100) },
    }
    expect(await messageOf(pull('hf:owner/name'), InputError)).toContain('of which it has 100 bytes')
    expect(readdirSync(dirname(place('model.onnx', 'e'.repeat(40))))).toEqual([])
  })

  it('names no file outside of its folder', async () => {
    const name = Buffer.from('external.data')
    const at = external.indexOf(name)
    const hostile = Buffer.from(external)
    hostile.write('../../../data', at)
    await hubOf({ 'model.onnx': hostile })
    expect(await messageOf(pull('hf:owner/name'), InputError)).toContain('outside of its own folder')
    expectNothingKept()
  })

  it('must be an ONNX model', async () => {
    await hubOf({ 'model.onnx': Buffer.from('version https://git-lfs.github.com/spec/v1') })
    const message = await messageOf(pull('hf:owner/name'), InputError)
    expect(message).toMatch(/^model\.onnx of owner\/name is not an ONNX model/)
    expectNothingKept()
  })

  it('is described by small files alone', async () => {
    const notes: string[] = []
    await hubOf({ 'model.onnx': plain, 'config.json': Buffer.alloc(2 ** 20 + 1), 'labels.json': Buffer.alloc(2 ** 20) })
    const { files } = await pull('hf:owner/name', { onProgress: listenTo({ note: (line) => void notes.push(line) }) })
    expect(files.map(({ path }) => path)).toEqual([place('model.onnx'), place('labels.json')])
    expect(notes.at(-1)).toContain('skipping config.json: 1048577 bytes')
  })
})

it('a hub that falls silent about the model is given up', async () => {
  const hub = await hubOf({ 'model.onnx': plain })
  hub.override = () => () => undefined
  expect(await messageOf(pull('hf:owner/name', { stallSeconds: 0.4 }), NetworkError)).toMatch(
    /^localhost:\d+ sent nothing for 0.4 s; run the same command again to continue$/,
  )
})

describe('a file that is not what the hub states', () => {
  const changed = (bytes: Uint8Array): Answer => {
    const wrong = Buffer.from(bytes)
    wrong[10] = (wrong[10] as number) ^ 1
    return fileAnswer(wrong)
  }

  it('is refused by the hash that git has of it', async () => {
    const hub = await hubOf({ 'model.onnx': plain, 'config.json': config }, { large: () => false })
    hub.fileAnswer = (path, bytes) => (path === 'config.json' ? changed(bytes) : undefined)
    expect(await messageOf(pull('hf:owner/name'), InputError)).toContain(`instead of ${gitBlob(config)}`)
    expect(existsSync(place('config.json'))).toBe(false)
    await messageOf(hubModelFile('hf:owner/name'), InputError)
    hub.fileAnswer = () => undefined
    expect(await pull('hf:owner/name')).toMatchObject({ sha256: sha256(plain) })
  })

  it('lies where its name may lead', async () => {
    await hubOf({
      '../../evil.onnx': plain,
      '/etc/evil.onnx': plain,
      'a/../../evil.onnx': plain,
      'c\\evil.onnx': plain,
    })
    expect(await messageOf(pull('hf:owner/name'), InputError)).toContain('has no .onnx file')
    expectNothingKept()
  })
})

describe('the token', () => {
  it('goes to the hub and nowhere else', async () => {
    vi.stubEnv('HF_TOKEN', 'hf_secret\n')
    const hub = await hubOf({ 'model.onnx': plain, 'config.json': config }, { token: 'hf_secret' })
    await pull('hf:owner/name')
    expect(new Set(hub.authorizations)).toEqual(new Set(['hub Bearer hf_secret', 'store none']))
    expect(hub.store.requests).toHaveLength(1)
  })

  it.each(['hf_a b', 'hf_\u00e9'])('is refused as %j', async (token) => {
    vi.stubEnv('HF_TOKEN', token)
    await hubOf({})
    expect(await messageOf(pull('hf:owner/name'), UsageError)).not.toContain(token)
  })
})

describe('an answer that is not the model', () => {
  const gated = status(403, { 'x-error-code': 'GatedRepo' })

  it.each([
    ['no model, without a token', '', status(401, { 'x-error-code': 'RepoNotFound' }), /or a private one; .*HF_TOKEN/],
    ['no model, by 404', '', status(404), /has no such model as owner\/name, or a private one/],
    ['no model, with a token', 'hf_x', status(404, { 'x-error-code': 'RepoNotFound' }), /the token may not read it/],
    ['a wrong token', 'hf_x', status(401), /the token may not read it/],
    ['a gated model, without a token', '', status(401, { 'x-error-code': 'GatedRepo' }), /accept its conditions/],
    ['a gated model', 'hf_x', gated, /accept its conditions on https:\/\/localhost:\d+\/owner\/name;/],
  ])('%s', async (_, token, answer, text) => {
    vi.stubEnv('HF_TOKEN', token)
    const hub = await hubOf({ 'model.onnx': plain })
    hub.override = () => answer
    expect(await messageOf(pull('hf:owner/name'), InputError)).toMatch(text)
    expectNothingKept()
  })

  it('may come when the files are asked for', async () => {
    const hub = await hubOf({ 'model.onnx': plain })
    hub.override = ({ pathname }) => (pathname.includes('/resolve/') ? gated : undefined)
    expect(await messageOf(pull('hf:owner/name'), InputError)).toContain('accept its conditions')
    expectNothingKept()
  })

  it('names the revision that there is not', async () => {
    await hubOf({ 'model.onnx': plain })
    const message = await messageOf(pull('hf:owner/name@v9'), InputError)
    expect(message).toContain('owner/name has no revision "v9"')
  })

  it.each([429, 500, 503])('%i says to try again later', async (code) => {
    const hub = await hubOf({ 'model.onnx': plain })
    hub.override = () => status(code)
    expect(await messageOf(pull('hf:owner/name'), NetworkError)).toMatch(/try again later$/)
  })

  it('of the store does not show the signature of its address', async () => {
    const hub = await hubOf({ 'model.onnx': plain })
    hub.fileAnswer = () => status(403, { 'x-error-code': 'GatedRepo' })
    const message = await messageOf(pull('hf:owner/name'), NetworkError)
    expect(message).toContain('answers 403 Forbidden for owner/name; run the same command again')
    expect(message).not.toContain('secret')
  })

  it.each([
    ['a page to sign in', (_: unknown, response: Parameters<Answer>[1]) => response.end('<html>')],
    ['an object of another kind', json({ sha: 'main', siblings: [] })],
    ['null', json(null)],
  ])('is told of: %s', async (_, answer) => {
    const hub = await hubOf({ 'model.onnx': plain })
    hub.override = () => answer
    expect(await messageOf(pull('hf:owner/name'), NetworkError)).toContain('does not answer as the hub does')
  })

  it.each([
    ['no list', {}],
    ['files without sizes', [{ rfilename: 'model.onnx', blobId: '0'.repeat(40) }]],
    ['files of negative size', [{ rfilename: 'model.onnx', blobId: '0'.repeat(40), size: -1 }]],
    ['files without hashes', [{ rfilename: 'model.onnx', blobId: 'x', size: 1 }]],
  ])('is told of among its files: %s', async (_, siblings) => {
    const hub = await hubOf({})
    hub.override = () => json({ sha: COMMIT, siblings })
    expect(await messageOf(pull('hf:owner/name'), NetworkError)).toContain('does not answer as the hub does')
  })

  it('refuses a list of files that is too long to be read', async () => {
    const hub = await hubOf({})
    const siblings = Array.from({ length: 60_000 }, (_, index) => {
      const lfs = { sha256: '0'.repeat(64), size: 1, pointerSize: 130 }
      return { rfilename: `data/${index}.onnx`, blobId: '0'.repeat(40), size: 1, lfs, xetHash: '0'.repeat(64) }
    })
    hub.override = () => json({ sha: COMMIT, siblings })
    expect(await messageOf(pull('hf:owner/name'), InputError)).toMatch(
      /^localhost:\d+ answers with more than 16 MiB: too many files, or no hub; download the/,
    )
  })

  it('refuses more than 10,000 files', async () => {
    const empty = Buffer.alloc(0)
    await hubOf(Object.fromEntries(Array.from({ length: 10_001 }, (_, index) => [`${index}.onnx`, empty])))
    expect(await messageOf(pull('hf:owner/name'), InputError)).toContain('owner/name has more than 10000 files')
  })
})

describe('the way to the hub', () => {
  it('is named when nobody answers', async () => {
    vi.stubEnv('HF_ENDPOINT', 'https://localhost:1/')
    expect(await messageOf(pull('hf:owner/name'), NetworkError)).toContain(
      'cannot fetch from localhost:1: no server answers',
    )
    expectNothingKept()
  })

  it('needs a certificate that is trusted', async () => {
    await hubOf({ 'model.onnx': plain })
    expect(await messageOf(pullHubModel('hf:owner/name'), NetworkError)).toContain('NODE_EXTRA_CA_CERTS')
  })

  it('leads through the proxy', async () => {
    await hubOf({ 'model.onnx': plain })
    vi.stubEnv('HTTPS_PROXY', 'http://localhost:1')
    expect(await messageOf(pull('hf:owner/name'), NetworkError)).toContain('through the proxy localhost:1')
  })

  it('may be http on this machine', async () => {
    const { address } = await startHub({ files: { 'model.onnx': plain } }, 'http')
    vi.stubEnv('HF_ENDPOINT', `${address}/`)
    expect(await pull('hf:owner/name')).toMatchObject({ sha256: sha256(plain) })
  })

  it.each(['http://example.org', 'huggingface', 'ftp://localhost', 'https://user:secret@localhost'])(
    'is refused as %s',
    async (address) => {
      vi.stubEnv('HF_ENDPOINT', address)
      const message = await messageOf(pull('hf:owner/name'), UsageError)
      expect(message).toContain('HF_ENDPOINT')
      expect(message).not.toContain('secret')
    },
  )

  it('is not taken with HF_HUB_OFFLINE', async () => {
    const hub = await hubOf({ 'model.onnx': plain })
    vi.stubEnv('HF_HUB_OFFLINE', 'Yes')
    expect(await messageOf(pull('hf:owner/name'), InputError)).toContain('HF_HUB_OFFLINE')
    expect(hub.hub.requests).toEqual([])
    vi.stubEnv('HF_HUB_OFFLINE', '0')
    await pull('hf:owner/name')
    const requests = hub.hub.requests.length
    vi.stubEnv('HF_HUB_OFFLINE', '1')
    expect(await pull('hf:owner/name')).toMatchObject({ origin: null, path: place('model.onnx') })
    writeFileSync(place('model.onnx'), Buffer.alloc(plain.length))
    await messageOf(pull('hf:owner/name'), InputError)
    expect(hub.hub.requests).toHaveLength(requests)
  })
})

describe('a cache of the hub', () => {
  it('that has everything is left as it is', async () => {
    await hubOf({ 'model.onnx': plain })
    await pull('hf:owner/name')
    const inodes = () =>
      readdirSync(cache('hub/owner--name')).map((name) => statSync(cache('hub/owner--name', name)).ino)
    const before = inodes()
    await pull('hf:owner/name')
    expect(inodes()).toEqual(before)
  })

  it('whose manifests are damaged has nothing', async () => {
    await hubOf({ 'model.onnx': plain })
    await pull('hf:owner/name')
    const home = cache('hub/owner--name')
    for (const name of readdirSync(home).filter((entry) => entry.endsWith('.json')))
      writeFileSync(`${home}/${name}`, '{"files":[{"path":"../../../etc/passwd"}]}')
    mkdirSync(cache('hub/empty--one'))
    expect(await listHubModels()).toEqual([])
    await messageOf(hubModelFile('hf:owner/name'), InputError)
    expect(await pull('hf:owner/name')).toMatchObject({ origin: null })
    expect(await hubModelFile('hf:owner/name')).toMatchObject({ path: place('model.onnx') })
  })
})
