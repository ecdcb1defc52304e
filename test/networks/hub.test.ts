import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { InputError, NetworkError, UsageError } from '../../src/errors.js'
import { sha256 } from '../../src/files/sha256.js'
import { hubModelFile, listHubModels } from '../../src/networks/hub/manifest.js'
import { type HubPullOptions, pullHubModel } from '../../src/networks/models/pullHubModel.js'
import { chooseNetwork } from '../../src/networks/open/openNetwork.js'
import { parseHubReference } from '../../src/networks/reference/hubReference.js'
import { listenTo } from '../../src/progress.js'
import { type Answer, certificate, fileAnswer, status } from '../support/fileServer.js'
import { COMMIT, gitBlob, type HubServer, json, type ServedRepository, startHub } from '../support/hubServer.js'
import { messageOf } from '../support/messageOf.js'
import { networkFolder } from '../support/networkFolder.js'
import { withoutProxies } from '../support/offlineEnvironment.js'

const golden = (path: string) => readFileSync(join(import.meta.dirname, '../golden', path))
const plain = golden('onnx/plain.onnx')
const resnet = golden('exports/resnet18.onnx')
const external = golden('onnx/external.onnx')
const externalData = golden('onnx/external.data')
const config = Buffer.from('{"id2label":{"0":"cat"}}')
const preprocessor = Buffer.from('{"size":224}')
const LATER = 'd00d'.padEnd(40, '1')

withoutProxies()
const folder = networkFolder()
const cache = (...way: string[]) => folder('cache', ...way)
const place = (path: string, commit = COMMIT) => cache('hub/owner--name', commit, path)

/** A hub of one repository, which HF_ENDPOINT names. */
async function hubOf(files: ServedRepository['files'], more: Partial<ServedRepository> = {}) {
  const server = await startHub({ files, ...more }, 'http')
  vi.stubEnv('HF_ENDPOINT', server.address)
  return server
}

const pull = (text = 'hf:owner/name', options?: HubPullOptions) => pullHubModel(text, options)

/** Files below a folder by their names. */
function filesIn(path: string): string[] {
  const entries = existsSync(path) ? readdirSync(path, { recursive: true, withFileTypes: true }) : []
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name)
}

/** Paths of the repository that are asked for while something is done. */
async function askedFor({ hub }: HubServer, action: () => Promise<unknown>): Promise<string[]> {
  const before = hub.requests.length
  await action()
  return hub.requests.slice(before).map(({ path }) => path)
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
      note: (line) => void told.push(String(line)),
    })
    const origin = `${hub.address}/owner/name/resolve/${COMMIT}/onnx/model.onnx`
    const pulled = await pull('hf:owner/name', { onProgress })
    expect(pulled).toEqual({
      ...{ id: 'hf:owner/name', path: place('onnx/model.onnx'), bytes: resnet.length, sha256: sha256(resnet) },
      ...{ licence: 'apache-2.0', origin, revision: COMMIT },
      files: [
        { path: place('onnx/model.onnx'), bytes: resnet.length, sha256: sha256(resnet) },
        { path: place('onnx/model.input.json'), bytes: 2, sha256: sha256('{}') },
        { path: place('onnx/preprocessor_config.json'), bytes: preprocessor.length, sha256: sha256(preprocessor) },
        { path: place('config.json'), bytes: config.length, sha256: sha256(config) },
      ],
    })
    for (const { path, sha256: expected } of pulled.files) expect(sha256(readFileSync(path))).toBe(expected)
    expect(told[0]).toBe(`hf:owner/name: fetching ${origin} (licence: apache-2.0)`)
    expect(told[1]).toBe(`onnx/model.onnx ${resnet.length} {"unit":"bytes","before":0}`)
    expect(filesIn(cache('downloads'))).toEqual([])
    expect(existsSync(place('README.md'))).toBe(false)

    const asked = await askedFor(hub, async () => {
      expect(await pull()).toMatchObject({ origin: null, path: pulled.path, files: pulled.files })
    })
    expect(asked.every((path) => path.startsWith('/api/'))).toBe(true)
    expect(await askedFor(hub, () => pull(`hf:owner/name@${COMMIT}`))).toEqual([])
    const folders = [dirname(pulled.path), dirname(dirname(pulled.path))]
    const found = { path: pulled.path, folders }
    const references = ['', '@main', `@${COMMIT}`, ':onnx/model.onnx', `@${COMMIT}:onnx/model.onnx`]
    for (const reference of references) expect(await hubModelFile(`hf:owner/name${reference}`)).toEqual(found)
    const bytes = resnet.length + 2 + preprocessor.length + config.length
    const listed = { id: 'hf:owner/name', kind: 'hub', state: 'present', path: pulled.path, licence: 'apache-2.0' }
    expect(await listHubModels()).toEqual([{ ...listed, bytes, revision: COMMIT }])
  })

  it('gives networks, which need no more of the hub', async () => {
    await hubOf({ 'model.onnx': plain, 'config.json': config })
    const chosen = { model: 'hf:owner/name', layers: ['features'] }
    expect(await messageOf(chooseNetwork(chosen))).toBe(
      'hf:owner/name is not on this machine; run "shiftscope models pull hf:owner/name"',
    )
    await pull()
    vi.stubEnv('HF_ENDPOINT', 'https://localhost:1')
    expect(await chooseNetwork(chosen)).toMatchObject({ weightsPath: place('model.onnx') })
    await messageOf(chooseNetwork({ ...chosen, weights: 'a.pth' }), UsageError)
  })

  it('follows a branch to its next commit, and keeps the earlier one by its name', async () => {
    const hub = await hubOf({ 'model.onnx': plain, 'config.json': config }, { revisions: ['main', 'refs/pr/1'] })
    const branch = 'hf:owner/name@refs/pr/1'
    await pull(branch)
    hub.repository = { ...hub.repository, commit: LATER, files: { 'model.onnx': resnet } }
    expect(await pull(branch)).toMatchObject({ revision: LATER, sha256: sha256(resnet) })
    expect(await hubModelFile(branch)).toMatchObject({ path: place('model.onnx', LATER) })
    expect(await hubModelFile(`hf:owner/name@${COMMIT}`)).toMatchObject({ path: place('model.onnx') })
    expect((await listHubModels()).map(({ id }) => id).sort()).toEqual([`hf:owner/name@${COMMIT}`, branch])
    await messageOf(hubModelFile('hf:owner/name'))
  })

  it('takes the file that is named, and keeps it when another of its repository is pulled at a later commit', async () => {
    const hub = await hubOf({ 'a.onnx': plain, 'b.onnx': resnet, 'c.onnx': plain })
    await pull('hf:owner/name:a.onnx')
    hub.repository = { ...hub.repository, commit: LATER }
    expect(await pull('hf:owner/name:b.onnx')).toMatchObject({ path: place('b.onnx', LATER) })
    expect(await hubModelFile('hf:owner/name:a.onnx')).toMatchObject({ path: place('a.onnx') })
    expect(await hubModelFile('hf:owner/name:b.onnx')).toMatchObject({ path: place('b.onnx', LATER) })
    await messageOf(hubModelFile('hf:owner/name'))
    await messageOf(hubModelFile('hf:owner/name:c.onnx'))
  })

  it('fetches again what is damaged or missing, and nothing else', async () => {
    const hub = await hubOf({ 'model.onnx': external, 'external.data': externalData, 'config.json': config })
    await pull()
    for (const file of ['model.onnx', 'external.data', 'config.json']) {
      const whole = readFileSync(place(file))
      writeFileSync(place(file), whole.subarray(1))
      expect(await messageOf(hubModelFile('hf:owner/name'))).toContain('is not on this machine')
      expect(await listHubModels()).toEqual([])
      const damaged = Buffer.from(whole)
      damaged[1]! ^= 1
      writeFileSync(place(file), damaged)
      expect(await messageOf(hubModelFile('hf:owner/name'))).toBe(
        `${place(file)} is not the file that was downloaded; run "shiftscope models pull hf:owner/name" to download it again`,
      )
      const asked = await askedFor(hub, async () => expect((await pull()).origin).not.toBeNull())
      expect(asked.filter((path) => path.includes('/resolve/'))).toEqual([`/owner/name/resolve/${COMMIT}/${file}`])
      expect(readFileSync(place(file)).equals(whole)).toBe(true)
    }
    expect(await listHubModels()).toHaveLength(1)
  })

  it.each([
    ['a licence of the card', { license: 'cc-by-nc-4.0' }, ['license:mit'], 'cc-by-nc-4.0'],
    ['the first of several', { license: [' mit ', 'gpl'] }, [], 'mit'],
    ['a licence of the tags', {}, ['vision', 'license:mit'], 'mit'],
    ['no licence', undefined, [], 'NOASSERTION'],
    ['an empty licence', { license: ' ' }, [], 'NOASSERTION'],
    ['a hostile licence', { license: 'mit\u001b[2J\nyes' }, [], 'mit?[2J?yes'],
    ['a licence that is no text', { license: { a: 1 } }, ['license:mit'], 'NOASSERTION'],
  ])('tells of %s', async (_, card, tags, licence) => {
    await hubOf({ 'model.onnx': plain }, { card, tags })
    expect(await pull()).toMatchObject({ licence })
  })

  it.each([
    ['model.onnx', ['a.onnx', 'model.onnx', 'onnx/model.onnx'], 'model.onnx'],
    ['onnx/model.onnx', ['a.onnx', 'onnx/model.onnx'], 'onnx/model.onnx'],
    ['the only one', ['deep/er/a.onnx', 'a.txt'], 'deep/er/a.onnx'],
  ])('takes %s', async (_, paths, expected) => {
    await hubOf(Object.fromEntries(paths.map((path) => [path, plain])))
    expect(await pull()).toMatchObject({ path: place(expected) })
  })

  it('brings the files that hold its weights', async () => {
    const files = { 'onnx/model.onnx': external, 'onnx/external.data': externalData, 'external.data': plain }
    await hubOf(files, { large: () => true })
    const pulled = await pull()
    expect(pulled.files.map(({ path }) => path)).toEqual([place('onnx/model.onnx'), place('onnx/external.data')])
    expect(readFileSync(place('onnx/external.data')).equals(externalData)).toBe(true)
  })

  it('brings small descriptions alone', async () => {
    const notes: string[] = []
    await hubOf({ 'model.onnx': plain, 'config.json': Buffer.alloc(2 ** 20 + 1), 'labels.json': Buffer.alloc(2 ** 20) })
    const { files } = await pull('hf:owner/name', {
      onProgress: listenTo({ note: (line) => void notes.push(String(line)) }),
    })
    expect(files.map(({ path }) => path)).toEqual([place('model.onnx'), place('labels.json')])
    expect(notes.at(-1)).toContain('skipping config.json: 1048577 bytes')
  })

  it('shows the token to the hub and to nobody else', async () => {
    vi.stubEnv('HF_TOKEN', 'hf_secret\n')
    const hub = await hubOf({ 'model.onnx': plain, 'config.json': config }, { token: 'hf_secret' })
    await pull()
    expect(new Set(hub.authorizations)).toEqual(new Set(['hub Bearer hf_secret', 'store none']))
    expect(hub.store.requests).toHaveLength(1)
  })

  it('goes over https, to an address with or without a slash at its end', async () => {
    const { address } = await startHub({ files: { 'model.onnx': plain } })
    vi.stubEnv('HF_ENDPOINT', `${address}/`)
    expect(await pull('hf:owner/name', { ca: certificate })).toMatchObject({ sha256: sha256(plain) })
    expect(await messageOf(pull(), NetworkError)).toContain('NODE_EXTRA_CA_CERTS')
  })

  it('asks for nothing with HF_HUB_OFFLINE, and gives what is here', async () => {
    const hub = await hubOf({ 'model.onnx': plain })
    for (const word of ['1', 'true', 'Yes', 'on']) {
      vi.stubEnv('HF_HUB_OFFLINE', word)
      expect(await messageOf(pull())).toContain('HF_HUB_OFFLINE')
    }
    expect(hub.hub.requests).toEqual([])
    vi.stubEnv('HF_HUB_OFFLINE', '0')
    await pull()
    const asked = await askedFor(hub, async () => {
      vi.stubEnv('HF_HUB_OFFLINE', '1')
      expect(await pull()).toMatchObject({ origin: null, path: place('model.onnx') })
      writeFileSync(place('model.onnx'), Buffer.alloc(plain.length))
      await messageOf(pull())
    })
    expect(asked).toEqual([])
  })
})

/** A repository, and what is changed of the answers and the environment. */
interface Circumstances extends Partial<ServedRepository> {
  readonly reference?: string
  /** What every request is answered with. */
  readonly answer?: Answer
  /** What requests of files are answered with, by the hub itself. */
  readonly resolved?: Answer
  /** What the store answers. */
  readonly stored?: Answer
  readonly environment?: Readonly<Record<string, string>>
  readonly options?: HubPullOptions
}

const refusedBy = (code: number, error: string) => status(code, { 'x-error-code': error })
const listing = (siblings: unknown) => json({ sha: COMMIT, siblings })
const eleven = Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`m${index}.onnx`, plain]))
const blob = { rfilename: 'model.onnx', blobId: '0'.repeat(40), size: 1 }
const lfs = { sha256: '0'.repeat(64), size: 1, pointerSize: 130 }
const leadingOut = Buffer.from(external)
leadingOut.write('../../../data', external.indexOf('external.data'))
const damaged = Buffer.from(plain).fill(~(plain[10] as number), 10, 11)
const answering = (text: string | Uint8Array): Answer => {
  return (_, response) => response.end(text)
}
const at = (HF_ENDPOINT: string) => ({ environment: { HF_ENDPOINT } })
const token = { environment: { HF_TOKEN: 'hf_x' } }
const NO_ANSWER = /^http:\S+ does not answer like a Hugging Face hub; check HF_ENDPOINT/

type Refusal = readonly [name: string, circumstances: Circumstances, message: RegExp]

/** What is no model, or not the one that is stated. */
const NO_MODEL: readonly Refusal[] = [
  ['no model, without a token', { answer: refusedBy(401, 'RepoNotFound') }, /has no model .*, or it is private; .*HF_/],
  ['no model, by 404', { answer: status(404) }, /^localhost:\d+ has no model owner\/name, or it is pri/],
  [
    'no model, with a token',
    { answer: status(404), ...token },
    /or the token in HF_TOKEN gives no access to it; check the name and the token/,
  ],
  ['a wrong token', { answer: status(401), ...token }, /the token in HF_TOKEN gives no access to it/],
  [
    'a gated model',
    { answer: refusedBy(401, 'GatedRepo') },
    /conditions at http:\S+\/owner\/name; accept them, and set HF/,
  ],
  ['a gated model, by 403', { answer: refusedBy(403, 'GatedRepo') }, /accept its conditions/],
  ['a gated file', { resolved: refusedBy(403, 'GatedRepo') }, /accept its conditions/],
  ['no such revision', { reference: '@v9' }, /^owner\/name has no revision "v9"; see http:.*\/tree\/main/],
  ['too long a list', { answer: answering(Buffer.alloc(2 ** 24 + 1)) }, /^localhost:\d+ answers with more than 16 M/],
  ['too many files', { answer: listing(Array(10_001).fill(blob)) }, /^owner\/name has more than 10000 files/],
  ['no ONNX file', { files: { 'model.bin': plain } }, /"optimum-cli export onnx --model owner\/name FOLDER"/],
  ['leading names', { files: { '../a.onnx': plain, '/a.onnx': plain, 'c\\a.onnx': plain } }, /has no \.onnx file/],
  ['another file', { reference: ':d.onnx' }, /^owner\/name has no file "d.onnx"; its .onnx files are model/],
  ['a file that is no model', { files: { 'model.onnx': config } }, /^model\.onnx of owner\/name is not an ONNX model/],
  [
    'a model without its weights',
    { files: { 'model.onnx': external } },
    /but "external.data" is not in the repository/,
  ],
  [
    'a model with a part of its weights',
    { files: { 'model.onnx': external, 'external.data': externalData.subarray(0, 100) } },
    /^model\.onnx of owner\/name needs a data file of at least \d+ bytes, but "external\.data" has only 100 bytes in the repository/,
  ],
  ['weights that lead out', { files: { 'model.onnx': leadingOut } }, /outside of its own folder/],
  ['another SHA-256', { stored: fileAnswer(damaged) }, RegExp(`256 ${sha256(damaged)} instead of ${sha256(plain)}`)],
  [
    'a small file with another hash',
    { large: () => false, resolved: fileAnswer(damaged) },
    RegExp(`${gitBlob(damaged)} instead of ${gitBlob(plain)}`),
  ],
]

/** Nobody answers as a hub does. */
const NO_HUB: readonly Refusal[] = [
  ['a file that is gone', { resolved: refusedBy(404, 'EntryNotFound') }, /answers 404 Not Found for owner/],
  ['too many requests', { answer: status(429) }, /answers 429 .*; try again later$/],
  ['a broken hub', { answer: status(500) }, /answers 500 .*; try again later$/],
  ['a refusing hub', { answer: status(403) }, /403 Forbidden for owner\/name; run the same command again, or/],
  [
    'a refusing store, which is secret',
    { stored: refusedBy(403, 'GatedRepo') },
    /^localhost:\d+ answers 403 Forbidden/,
  ],
  ['a store that has nothing', { stored: status(404) }, /answers 404 Not Found for owner\/name/],
  ['a page to sign in', { answer: answering('<html>') }, NO_ANSWER],
  ['null', { answer: json(null) }, NO_ANSWER],
  ['no commit', { answer: json({ sha: 'main', siblings: [] }) }, NO_ANSWER],
  ['no list of files', { answer: listing({}) }, NO_ANSWER],
  ['no size', { answer: listing([{ ...blob, size: undefined }]) }, NO_ANSWER],
  ['a negative size', { answer: listing([{ ...blob, size: -1 }]) }, NO_ANSWER],
  ['a file that is also a folder', { files: { 'config.json': config, 'config.json/model.onnx': plain } }, NO_ANSWER],
  ['no hash', { answer: listing([{ ...blob, blobId: 'x' }]) }, NO_ANSWER],
  ['a short hash', { answer: listing([{ ...blob, lfs: { ...lfs, sha256: '0' } }]) }, NO_ANSWER],
  ['silence', { answer: () => undefined, options: { stallSeconds: 0.2 } }, /sent nothing for 0.2 s; run/],
  ['nobody', at('https://localhost:1/'), /^cannot fetch from localhost:1: no server/],
  [
    'a proxy that is not there',
    { environment: { HTTPS_PROXY: 'http://localhost:1', HF_ENDPOINT: 'https://localhost:2' } },
    /through the proxy localhost:1/,
  ],
]

/** The call or its environment cannot be. */
const NO_CALL: readonly Refusal[] = [
  [
    'two ONNX files',
    { files: { 'b.onnx': plain, 'c.onnx': plain, 'm\u001b.onnx': plain } },
    /^owner\/name has 2 .onnx files \(b.onnx, c.onnx\); name one of them, as in hf:owner\/name:b.onnx/,
  ],
  ['11 ONNX files', { files: eleven }, / 11 \.onnx files \((m\d\.onnx, ){10}…\); name/],
  ['a token with a space', { environment: { HF_TOKEN: 'hf_secret x' } }, /^HF_TOKEN contains a space/],
  [
    'a token of other letters',
    { environment: { HF_TOKEN: 'secret\u00e9' } },
    /^HF_TOKEN contains a space or another character/,
  ],
  ['http', at('http://a.org'), /^HF_ENDPOINT at a.org is not encrypted/],
  ['ftp', at('ftp://localhost'), /^HF_ENDPOINT at localhost is not encrypted/],
  ['a name alone', at('huggingface'), /^HF_ENDPOINT is not an address/],
  ['a password', at('https://:secret@localhost'), /^HF_ENDPOINT contains a user name or password for localhost/],
  ['an unknown option', { options: { mirror: 'x' } as HubPullOptions }, /mirror/],
]

describe.each([
  ['InputError', InputError, NO_MODEL],
  ['NetworkError', NetworkError, NO_HUB],
  ['UsageError', UsageError, NO_CALL],
] as const)('a model of the hub is refused by one line of %s, and nothing is kept', (_, type, refusals) => {
  it.each(refusals)('%s', async (_, circumstances, message) => {
    const { reference = '', answer, resolved, stored, environment = {}, options, ...repository } = circumstances
    const hub = await hubOf({ 'model.onnx': plain }, repository)
    hub.override = ({ pathname }) => answer ?? (pathname.includes('/resolve/') ? resolved : undefined)
    if (stored !== undefined) hub.fileAnswer = () => stored
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value)
    const error = await messageOf(pull(`hf:owner/name${reference}`, options), type)
    expect(error).toMatch(message)
    expect(error).not.toContain('secret')
    expect(filesIn(cache())).toEqual([])
  })
})

it('a cache of the hub whose manifests are damaged has nothing', async () => {
  await hubOf({ 'model.onnx': plain })
  await pull()
  const home = cache('hub/owner--name')
  for (const name of readdirSync(home).filter((entry) => entry.endsWith('.json')))
    writeFileSync(`${home}/${name}`, '{"files":[{"path":"../../../etc/passwd"}]}')
  mkdirSync(cache('hub/empty--one'))
  expect(await listHubModels()).toEqual([])
  await messageOf(hubModelFile('hf:owner/name'))
  expect(await pull()).toMatchObject({ origin: null })
  expect(await hubModelFile('hf:owner/name')).toMatchObject({ path: place('model.onnx') })
})
