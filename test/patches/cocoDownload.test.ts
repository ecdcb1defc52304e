import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { OutputError, UsageError } from '../../src/errors.js'
import { findImage } from '../../src/patches/cocoImage.js'
import { cocoPatches } from '../../src/patches/cocoPatches.js'
import { listenTo } from '../../src/progress.js'
import { annotation, COLS, photo, ROWS, writeAnnotations } from '../support/cocoFiles.js'
import { fileAnswer, startServer } from '../support/fileServer.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const folder = temporaryFolder()
afterEach(() => vi.unstubAllEnvs())

/** An annotation file of an image for each of these, with an annotation of the same number. */
function offered(images: readonly object[]): string {
  vi.stubEnv('SHIFTSCOPE_CACHE', folder('cache'))
  const common = { file_name: 'none.jpg', width: COLS, height: ROWS }
  const described = images.map((image, i) => ({ id: i + 1, ...common, ...image }))
  const annotations = described.map(({ id }) => annotation(id, id))
  return writeAnnotations(folder('instances.json'), annotations, { images: described })
}

/** What came, its failures by annotation, and the notes of images that are downloaded again. */
async function fetchedFrom(annotations: string, more: object = {}) {
  const notes: string[] = []
  const onProgress = listenTo({
    note: (line) => void (String(line).includes('downloading') && notes.push(String(line))),
  })
  const options = { annotations, out: folder('out'), classes: ['dog'], sizes: [8], onProgress }
  const fetching = { images: folder('fetched'), download: true, imageHosts: ['localhost'] }
  const made = await cocoPatches({ ...options, ...fetching, ...more })
  return { names: made.patches.map(({ name }) => name), reasons: made.failed.map(({ reason }) => reason), notes }
}

const fetchedFiles = () =>
  existsSync(folder('fetched')) ? readdirSync(folder('fetched'), { recursive: true }).sort() : []

it('a file of the image’s name that is drawn, not stored, is no picture', async () => {
  writeFileSync(folder('drawn.jpg'), `<svg xmlns="http://www.w3.org/2000/svg" width="${COLS}" height="${ROWS}"/>`)
  writeFileSync(folder('stored.jpg'), await photo().jpeg().toBuffer())
  const found = async (file: string) => (await findImage(folder(), { id: 1, file, rows: ROWS, cols: COLS }))?.isPicture
  expect([await found('drawn.jpg'), await found('stored.jpg'), await found('none.jpg')]).toEqual([
    false,
    true,
    undefined,
  ])
})

describe('download', () => {
  it('fetches only what is needed and missing, and names what cannot be had', async () => {
    const answer = fileAnswer(await photo().png().toBuffer())
    const server = await startServer(
      (request, response) => (request.url === '/2.png' ? response.writeHead(404).end() : answer(request, response)),
      'http',
    )
    const addresses = [1, 2, 3, 4].map((id) => ({ coco_url: `${server.address}/${id}.png` }))
    const file = offered([...addresses, { coco_url: 'ftp://localhost/5.png' }, {}, ...addresses])
    const made = await fetchedFrom(file, { perClass: 6 })
    expect(made.names).toEqual(['dog-1', 'dog-3', 'dog-4'])
    const noAddress = 'could not be fetched: it has no coco_url that is an http or https address'
    expect(made.reasons).toEqual([
      expect.stringMatching(/^annotation 2: its image none.jpg could not be fetched: .*404/),
      `annotation 5: its image none.jpg ${noAddress}; run the same command again to retry`,
      expect.stringContaining(noAddress),
    ])
    expect(server.requests.map(({ path }) => path).sort()).toEqual([1, 2, 3, 4].map((id) => `/${id}.png`))
    await fetchedFrom(file, { perClass: 4 })
    expect(server.requests.slice(4).map(({ path }) => path)).toEqual(['/2.png'])
    // What was fetched is found without the network, too.
    expect((await fetchedFrom(file, { download: false, perClass: 4 })).names).toEqual(made.names)
  })

  it('writes under the id, whatever the file calls an image, and only what is one', async () => {
    const png = await photo().png().toBuffer()
    const jpeg = await photo().jpeg().toBuffer()
    const NEITHER = 'is neither a JPEG nor a PNG; run the same command again to retry'
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${COLS}" height="${ROWS}"/>`
    const answers: readonly (readonly [string, Uint8Array | string, string])[] = [
      ['sub/.npmrc', jpeg, ''],
      ['conftest.py', png, ''],
      ['x.py', 'import os', NEITHER],
      ['x.svg', svg, NEITHER],
      ['x.webp', await photo().webp().toBuffer(), NEITHER],
      ['x.jpg', await photo(50, 40).png().toBuffer(), 'has 50×40 pixels instead of 100×80'],
      ['y.jpg', jpeg.subarray(0, jpeg.length >> 1), 'is damaged'],
      ['z.jpg', '', NEITHER],
    ]
    const server = await startServer((request, response) => {
      response.writeHead(200).end(answers[Number(request.url?.slice(1))]?.[1])
    }, 'http')
    const file = offered(answers.map(([file_name], i) => ({ file_name, coco_url: `${server.address}/${i}` })))
    const made = await fetchedFrom(file)
    expect(made.names).toEqual(['dog-1', 'dog-2'])
    expect(fetchedFiles()).toEqual(['000000000001.jpg', '000000000002.png'])
    for (const [i, [, , reason]] of answers.slice(2).entries())
      expect(made.reasons[i]).toContain(`could not be fetched: ${server.address}/${i + 2} ${reason}`)
    // Nothing is kept of what was none, so that it is asked for anew.
    expect(readdirSync(folder('cache/downloads'))).toEqual([])
    server.answer = fileAnswer(png)
    expect((await fetchedFrom(file)).reasons).toEqual([])
  })

  it('replaces what is no image, in a line', async () => {
    const png = await photo().png().toBuffer()
    const server = await startServer(fileAnswer(png), 'http')
    const names = ['000000000001.png', 'train/2.jpg', 'train/3.png']
    const file = offered(names.map((file_name) => ({ file_name, coco_url: server.address })))
    mkdirSync(folder('fetched/train'), { recursive: true })
    for (const [i, name] of names.entries()) writeFileSync(folder('fetched', name), i === 2 ? png : 'error')
    const made = await fetchedFrom(file)
    expect(made.reasons).toEqual([])
    const note = (name: string) => `${folder('fetched', name)} is not a picture; downloading it again`
    expect(made.notes.sort()).toEqual(names.slice(0, 2).map(note))
    expect(fetchedFiles()).toEqual(['000000000001.png', '000000000002.png', 'train', 'train/2.jpg', 'train/3.png'])
    expect((await fetchedFrom(file)).notes).toEqual([])
    expect(server.requests).toHaveLength(2)
  })

  it('ends at a fault that is not of an image', async () => {
    const server = await startServer(fileAnswer(await photo().png().toBuffer()), 'http')
    const file = offered([{ coco_url: server.address }])
    writeFileSync(folder('cache'), 'a file')
    await expect(fetchedFrom(file)).rejects.toThrow(OutputError)
    expect([server.requests, fetchedFiles()]).toEqual([[], []])
  })
})

describe('hosts of images', () => {
  it('are COCO’s and those that were named; nobody else is asked', async () => {
    const server = await startServer(fileAnswer(await photo().png().toBuffer()), 'http')
    const hosts = ['localhost', '127.0.0.1', '[::1]', 'images.cocodataset.org.evil.example', '2130706433']
    const file = offered(hosts.map((host) => ({ coco_url: `http://${host}:${server.port}/` })))
    const refused = (host: string) => `${host} is not an allowed host (allow it with \`imageHosts ${host}\`);`
    const { reasons } = await fetchedFrom(file, { imageHosts: undefined })
    const asked = [...hosts.slice(0, 4), '127.0.0.1']
    expect(reasons).toEqual(asked.map((host) => expect.stringContaining(refused(host))))
    expect(server.requests).toEqual([])
    const made = await fetchedFrom(file, { imageHosts: ['LOCALHOST', '127.0.0.1'] })
    expect(made.names).toEqual(['dog-1', 'dog-2', 'dog-5'])
    expect(server.requests).toHaveLength(3)
  })

  it.each(['http://a.org', 'a.org:8080', 'user@a.org', 'a.org/x', 'a b', ''])('are none such as "%s"', async (host) => {
    const refusal = `"${host}" is not a host name; give it without http:// and without a port, as in \`imageHosts example.org\``
    await expect(fetchedFrom(offered([{}]), { imageHosts: [host] })).rejects.toThrow(new UsageError(refusal))
  })
})
