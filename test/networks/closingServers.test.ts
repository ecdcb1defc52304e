import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { expect, it } from 'vitest'
import { NetworkError } from '../../src/errors.js'
import { download } from '../../src/networks/download.js'
import { silent } from '../../src/progress.js'
import { messageOf } from '../support/messageOf.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const inFolder = temporaryFolder()

/** Downloads from a server that gives this answer and closes the connection at once. */
async function downloaded(answer: Uint8Array): Promise<Uint8Array> {
  const server = createServer((socket) => socket.once('data', () => socket.end(answer)))
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/file`)
  const part = { path: inFolder('part'), versionPath: inFolder('part.json') }
  const settings = { signal: undefined, stallSeconds: 30, ca: undefined }
  try {
    await download(address, part, { ...settings, bytes: null, label: 'file', progress: silent, elsewhere: '`mirror`' })
  } finally {
    server.close()
  }
  return readFileSync(part.path)
}

function answerWith(headers: readonly string[], length: number): Buffer {
  return Buffer.concat([Buffer.from(`${headers.join('\r\n')}\r\n\r\n`), Buffer.alloc(length, 7)])
}

// At this length Undici 6.26 to 6.29 end the process, so package.json names an older one.
const LENGTH = 65_536

it.each([
  [['HTTP/1.0 200 OK']],
  [['HTTP/1.0 200 OK', `content-length: ${LENGTH}`]],
  [['HTTP/1.1 200 OK', 'connection: close', `content-length: ${LENGTH}`]],
])('a file is whole if its server closes the connection after its last byte: %j', async (headers) => {
  expect(await downloaded(answerWith(headers, LENGTH))).toEqual(Buffer.alloc(LENGTH, 7))
})

it('an answer with a header that is named as what every object has is refused in one line', async () => {
  const answer = answerWith(['HTTP/1.1 200 OK', 'content-length: 4', '__proto__: 1'], 4)
  expect(await messageOf(downloaded(answer), NetworkError)).toMatch(
    /^cannot fetch from 127\.0\.0\.1:\d+: its answer is damaged; /,
  )
})
