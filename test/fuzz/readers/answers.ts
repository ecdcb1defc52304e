import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { download } from '../../../src/download/download.js'
import { hubConnection } from '../../../src/networks/hub/connection.js'
import { descriptionFiles, onnxFile } from '../../../src/networks/hub/modelFiles.js'
import { readRepository } from '../../../src/networks/hub/repository.js'
import { parseHubReference } from '../../../src/networks/reference/hubReference.js'
import { silent } from '../../../src/progress.js'
import { type Files, messageFaults, type Reader } from '../reader.js'

/** Uses a server that answers one request after the other with these bytes, whatever they are, and the last one for ever. */
async function withServer(answers: readonly (string | Uint8Array)[], use: (origin: string) => Promise<void>) {
  let next = 0
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => socket.end(answers[Math.min(next++, answers.length - 1)] ?? ''))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  } finally {
    server.close()
    await once(server, 'close')
  }
}

function answer(status: number, headers: Readonly<Record<string, string>>, body: string | Uint8Array): Buffer {
  const all = { 'content-type': 'application/json', 'content-length': String(body.length), ...headers }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`)
  return Buffer.concat([Buffer.from(`HTTP/1.1 ${status} Text\r\n${lines.join('\r\n')}\r\n\r\n`), Buffer.from(body)])
}

/** The length that the bytes after the head have. */
function withContentLength(bytes: Buffer): Buffer {
  const end = bytes.indexOf('\r\n\r\n') + 4
  const head = bytes.toString('latin1', 0, end).replace(/content-length: \d+/, `content-length: ${bytes.length - end}`)
  return Buffer.concat([Buffer.from(head, 'latin1'), bytes.subarray(end)])
}

const words = [
  ...['100', '204', '206', '301', '302', '304', '401', '403', '404', '416', '429', '500', '503', '999', 'location'],
  ...['GatedRepo', 'RevisionNotFound', 'RepoNotFound', 'EntryNotFound', 'gzip', 'chunked', 'content-encoding', 'etag'],
  ...['transfer-encoding', 'x-error-code', 'link', 'license', '../x.onnx', 'onnx/model.onnx', 'a.onnx'],
]

const settings = { signal: undefined, stallSeconds: 30, ca: undefined }
const reference = parseHubReference('hf:owner/name')
const lfs = { sha256: '2'.repeat(64), size: 900, pointerSize: 130 }
const repository = {
  ...{ _id: '1', id: 'owner/name', sha: 'c0ffee'.padEnd(40, '0'), private: false, gated: false, likes: 0 },
  ...{ cardData: { license: 'mit' }, tags: ['license:mit'] },
  siblings: [
    { rfilename: 'model.onnx', size: 900, blobId: '1'.repeat(40), lfs, xetHash: 'x' },
    { rfilename: 'config.json', size: 5, blobId: '1'.repeat(40) },
    { rfilename: 'model.input.json', size: 5, blobId: '3'.repeat(40) },
  ],
}

const info = answer(200, {}, JSON.stringify(repository))

/** What a hub says of a model, which of its files are fetched and where they are put. */
async function readHub(_: string, { 'info.http': text = '' }: Files): Promise<void> {
  await withServer([text], async (origin) => {
    const read = await readRepository(reference, hubConnection(reference, settings, { HF_ENDPOINT: origin }))
    const model = onnxFile(reference, read)
    const notes: string[] = []
    const files = [model, ...descriptionFiles(model, read, (line) => notes.push(line))]
    assert.deepEqual([read.licence, ...notes].flatMap(messageFaults), [])
    for (const { path } of files) assert(!path.startsWith('/') && !path.split('/').includes('..'), path)
  })
}

const whole = Buffer.from(Array.from({ length: 40 }, (_, i) => i))
const etag = '"one"'
const all = answer(200, { etag }, whole)
const rest = answer(206, { etag, 'content-range': 'bytes 15-39/40' }, whole.subarray(15))
const beyond = answer(416, { 'content-range': 'bytes */40' }, '')
const part = {
  'part/file': whole.subarray(0, 15),
  'part/file.json': `{"etag":"\\"one\\"","lastModified":null,"bytes":40}`,
}

const downloads = [
  { '1.http': all, '2.http': all, 'part/none': '' },
  { '1.http': rest, '2.http': all, ...part },
  { '1.http': beyond, '2.http': all, ...part },
]

/** What a server answers to who fetches a file, or goes on with the part that there is. */
async function readDownload(folder: string, { '1.http': first = '', '2.http': later = '' }: Files): Promise<void> {
  const path = join(folder, 'part/file')
  const options = { bytes: whole.length, label: 'file', progress: silent, elsewhere: '`mirror`', ...settings }
  await withServer([first, later], (origin) => download(new URL(`${origin}/file`), path, options))
  assert.equal(readFileSync(path).length, whole.length)
}

/** Answers of servers. */
export const answers: readonly Reader[] = [
  { name: 'hub', goldens: [{ 'info.http': info }], words, mend: withContentLength, read: readHub },
  { name: 'downloads', goldens: downloads, words, mend: withContentLength, read: readDownload },
]
