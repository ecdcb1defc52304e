import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { InputError } from '../../src/errors.js'
import { download } from '../../src/networks/download.js'
import { silent } from '../../src/progress.js'
import { temporaryFolder } from '../temporaryFolder.js'
import { type FileServer, fileAnswer, rangeAnswer, startServer } from './fileServer.js'

const inFolder = temporaryFolder()

/** A part in a folder that is there, and its download from a server. */
function partFrom(server: FileServer, bytes: number) {
  mkdirSync(inFolder('part'))
  const part = { path: inFolder('part', 'file'), versionPath: inFolder('part', 'file.json') }
  const fetched = () =>
    download(new URL(`${server.address}/file`), part, {
      ...{ bytes, label: 'file', progress: silent, elsewhere: '`mirror`' },
      ...{ signal: undefined, stallSeconds: 30, ca: undefined },
    })
  return { path: part.path, fetched }
}

it('a file of a known size that comes without its length, and is shorter, is refused and not gone on with', async () => {
  const server = await startServer((_, response) => response.writeHead(200).end('no such file'), 'http')
  const { path, fetched } = partFrom(server, 40)
  await expect(fetched()).rejects.toThrow(
    new InputError(`${server.address}/file is 12 bytes instead of 40: not the file that is known; use \`mirror\``),
  )
  expect(statSync(path).size).toBe(0)
})

const WHOLE = Buffer.from('0123456789')
const DATE = 'Mon, 01 Jan 2024 00:00:00 GMT'

it.each([
  { name: 'a strong ETag', etag: '"one"', ifRange: '"one"', start: 4, requests: 1 },
  { name: 'the date beside a weak ETag', etag: 'W/"one"', ifRange: DATE, start: 4, requests: 1 },
  {
    name: 'a strong ETag, and starts again after another start',
    etag: '"one"',
    ifRange: '"one"',
    start: 2,
    requests: 2,
  },
])('a part asks for the rest on condition of $name', async ({ etag, ifRange, start, requests }) => {
  const server = await startServer((request, response) => {
    const answer = request.headers.range === undefined ? fileAnswer(WHOLE, etag) : rangeAnswer(WHOLE, start, etag)
    answer(request, response)
  }, 'http')
  const { path, fetched } = partFrom(server, WHOLE.length)
  writeFileSync(path, WHOLE.subarray(0, 4))
  const version = { etag, lastModified: DATE, bytes: WHOLE.length }
  writeFileSync(inFolder('part', 'file.json'), JSON.stringify(version))
  await fetched()
  expect(readFileSync(path, 'utf8')).toBe(String(WHOLE))
  expect(server.requests).toHaveLength(requests)
  expect(server.requests[0]).toMatchObject({ range: 'bytes=4-', ifRange })
})
