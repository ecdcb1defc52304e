import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { download } from '../../../src/networks/download.js'
import { silent } from '../../../src/progress.js'
import { disturb, documentText } from '../documents.js'
import type { Random } from '../random.js'
import { startRawServer } from '../rawServer.js'
import { emptyFolder, type FuzzCase, placeFiles, type Reader } from '../reader.js'
import { drawResponse } from '../responses.js'

const whole = Buffer.from(Array.from({ length: 40 }, (_, i) => i))

/** What a server answers to who fetches a file, or goes on with the part that he has. */
export const downloads: Reader = {
  name: 'downloads',
  open: async (parent) => {
    const server = await startRawServer()
    const folder = join(parent, 'part')
    const part = { path: join(folder, 'file'), versionPath: join(folder, 'file.json') }
    return {
      draw: drawAnswer,
      read: async ({ kind, files }) => {
        emptyFolder(folder)
        const { 'first.http': first = '', 'later.http': later = '', ...left } = files
        placeFiles(folder, { kind, files: left })
        let requests = 0
        server.answer = () => (requests++ === 0 ? first : later)
        await download(new URL(`${server.origin}/file`), part, {
          ...{ bytes: kind === 'known' ? whole.length : null, label: 'file', progress: silent, elsewhere: '`mirror`' },
          ...{ signal: undefined, stallSeconds: 30, ca: undefined },
        })
        const { length } = readFileSync(part.path)
        return kind === 'known' && length !== whole.length ? [`${length} bytes were taken`] : []
      },
      close: server.close,
    }
  },
}

function drawAnswer(random: Random): FuzzCase {
  const have = random.below(whole.length + 5)
  const etag = random.pick(['"one"', '"two"', 'W/"one"'])
  const range = `bytes ${random.chance(0.9) ? have : random.below(40)}-${whole.length - 1}/${random.chance(0.9) ? whole.length : random.below(99)}`
  const answer = () =>
    random.chance(0.5)
      ? drawResponse(random, 206, { etag, 'content-range': range }, whole.subarray(have))
      : random.chance(0.9)
        ? drawResponse(random, 200, { etag }, whole)
        : drawResponse(random, 416, { 'content-range': `bytes */${whole.length}` }, '')
  const version = disturb({ etag: '"one"', lastModified: null, bytes: whole.length }, random)
  const part = { file: whole.subarray(0, have), 'file.json': documentText(version, random) }
  const files = { 'first.http': answer(), 'later.http': answer(), ...(random.chance(0.7) && part) }
  return { kind: random.pick(['known', 'unknown']), files }
}
