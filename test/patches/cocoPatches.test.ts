import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { InputError, UsageError } from '../../src/errors.js'
import { cocoPatches } from '../../src/patches/cocoPatches.js'
import { patchesFrom } from '../../src/patches/collection.js'
import { readImage } from '../../src/patches/image.js'
import { listenTo } from '../../src/progress.js'
import { reproduce } from '../../src/study/run.js'
import { fileAnswer, startServer } from '../support/fileServer.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const folder = temporaryFolder()
afterEach(() => vi.unstubAllEnvs())

interface Annotation {
  id: number
  image_id: number
  category_id?: number
  bbox?: unknown
  segmentation?: unknown
  iscrowd?: number
  area?: number
}

const rectangle = (x: number, y: number, w: number, h: number) => [x, y, x + w, y, x + w, y + h, x, y + h]
const square = (id: number, image: number, more: Partial<Annotation> = {}): Annotation => ({
  id,
  image_id: image,
  category_id: 18,
  bbox: [10, 10, 40, 50],
  segmentation: [rectangle(10, 10, 40, 50)],
  iscrowd: 0,
  area: 2000,
  ...more,
})

const COLS = 100
const ROWS = 80

async function picture(name: string, cols = COLS, rows = ROWS): Promise<void> {
  const data = Uint8Array.from({ length: rows * cols * 3 }, (_, i) => (i * 37) % 251)
  mkdirSync(folder('images'), { recursive: true })
  await sharp(data, { raw: { width: cols, height: rows, channels: 3 } })
    .png()
    .toFile(folder('images', name))
}

/** Writes an annotation file; its images are 1.png, 2.png, … and lie there unless `drawn` is false. */
async function annotate(annotations: Annotation[], change: object = {}, drawn = true): Promise<string> {
  const ids = [...new Set(annotations.map(({ image_id }) => image_id))].sort((a, b) => b - a)
  if (drawn) for (const id of ids) await picture(`${id}.png`)
  const file = {
    info: { text: 'not "wanted": [{]}' },
    licenses: [{ id: 4, name: 'Attribution License', url: 'http://example.org/by' }],
    images: ids.map((id) => ({ id, file_name: `${id}.png`, width: COLS, height: ROWS, license: 4 })),
    annotations,
    categories: [
      { id: 18, name: 'dog' },
      { id: 10, name: 'traffic light' },
    ],
    ...change,
  }
  writeFileSync(folder('instances.json'), JSON.stringify(file))
  return folder('instances.json')
}

const make = (annotations: string, more: object = {}) =>
  cocoPatches({ annotations, images: folder('images'), out: folder('out'), classes: ['dog'], ...more })

const names = (patches: readonly { name: string }[]) => patches.map(({ name }) => name)

describe('the choice of objects', () => {
  it('follows the authors’ rule', async () => {
    const file = await annotate([
      square(900, 7),
      square(101, 3, { iscrowd: 1, segmentation: { size: [ROWS, COLS], counts: [800, 3000, 4200] } }),
      square(102, 3),
      square(201, 1, { bbox: [1, 1, 37.4, 37.4] }),
      square(202, 1),
      square(301, 2, { bbox: [1, 1, 37.5, 2], segmentation: [rectangle(1, 1, 37.5, 2)] }),
      square(401, 5, { category_id: 10 }),
      square(501, 4, {
        bbox: [70.5, 60, 40, 30.5],
        segmentation: [rectangle(70, 60, 20, 15), rectangle(80, 70, 25, 25)],
      }),
      square(601, 6),
    ])
    const made = await make(file, { perClass: 4 })
    expect(made.failed).toEqual([])
    // Image 1: the first is small on both sides, so that the image is passed over, not the annotation alone.
    expect(names(made.patches)).toEqual(['dog-301', 'dog-101', 'dog-501', 'dog-601'])
    const manifest = JSON.parse(readFileSync(made.manifest, 'utf8'))
    expect(manifest.patches[1]).toEqual({
      name: 'dog-101',
      file: 'native/dog-101.png',
      sizes: { 75: '75/dog-101.png', 125: '125/dog-101.png' },
      alpha: 'hard',
      sha256: createHash('sha256')
        .update(readFileSync(folder('out/native/dog-101.png')))
        .digest('hex'),
      category: 'dog',
      image: 3,
      annotation: 101,
      licence: 'Attribution License, http://example.org/by',
      url: null,
      imageSha256: createHash('sha256')
        .update(readFileSync(folder('images/3.png')))
        .digest('hex'),
    })
    // 70.5 goes to 70, 30.5 to 30, and what lies beyond the border is cut off.
    const { rows, cols } = await readImage(folder('out/native/dog-501.png'))
    expect([rows, cols]).toEqual([20, 30])
    for (const size of [75, 125]) {
      const square = await readImage(folder(`out/${size}/dog-501.png`))
      expect([square.rows, square.cols]).toEqual([size, size])
      expect(new Set(square.data.filter((_, i) => i % 4 === 3))).toEqual(new Set([0, 255]))
    }
    const [first] = await patchesFrom(folder('out'))
    expect(first).toMatchObject({ name: 'dog-301', category: 'dog', alpha: 'hard' })
  })

  it('takes the largest that is no crowd where that is wanted', async () => {
    const file = await annotate([
      square(1, 1, { iscrowd: 1, area: 9e9 }),
      square(2, 1, { area: 5 }),
      square(3, 1, { area: 50 }),
      square(4, 1, { area: 50 }),
    ])
    expect(names((await make(file, { rule: 'largest' })).patches)).toEqual(['dog-3'])
  })

  it('names classes that the file does not have', async () => {
    const file = await annotate([square(1, 1)])
    await expect(make(file, { classes: ['unicorn'] })).rejects.toThrow(UsageError)
    await expect(make(file, { classes: ['unicorn'] })).rejects.toThrow(/no class unicorn; it has dog, traffic light/)
  })
})

describe('the pixels of an object', () => {
  it('are those that OpenCV reads, as stored, whatever EXIF says of turning', async () => {
    const golden = JSON.parse(readFileSync(new URL('../golden/coco.json', import.meta.url), 'utf8')).photo
    const { rows, cols } = golden
    const jpeg = Buffer.from(golden.jpeg, 'base64')
    // A segment APP1 with nothing but the orientation 6, after the start of image.
    const exif = Buffer.from(
      'ffe1002245786966000049492a000800000001001201030001000000060000000000000000',
      'hex',
    ).subarray(0, 36)
    const turned = Buffer.concat([jpeg.subarray(0, 2), exif, jpeg.subarray(2)])
    expect((await sharp(turned).metadata()).orientation).toBe(6)
    const file = await annotate(
      [1, 2].map((id) => square(id, id, { bbox: [0, 0, cols, rows], segmentation: [rectangle(0, 0, cols, rows)] })),
      { images: [1, 2].map((id) => ({ id, file_name: `${id}.png`, width: cols, height: rows })) },
    )
    writeFileSync(folder('images/1.png'), jpeg)
    writeFileSync(folder('images/2.png'), turned)
    const made = await make(file)
    expect(made.failed).toEqual([])
    for (const { file } of made.patches) {
      const { data } = await readImage(folder('out', file))
      const rgb = data.filter((_, i) => i % 4 !== 3)
      expect(createHash('sha256').update(rgb).digest('hex')).toBe(golden.sha256)
    }
  })
})

describe('an object that cannot be made', () => {
  it('is named by its annotation; the rest is kept and nothing takes its place', async () => {
    const file = await annotate(
      Array.from({ length: 14 }, (_, i) => square(100 + i, 1 + i)).map((annotation) => {
        if (annotation.id === 107) return { ...annotation, segmentation: [rectangle(60, 60, 5, 5)] }
        if (annotation.id === 108) return { ...annotation, bbox: 'wide' }
        if (annotation.id === 109) return { ...annotation, segmentation: 'round' }
        if (annotation.id === 110) return { ...annotation, bbox: [300, 10, 50, 50] }
        return annotation
      }),
    )
    const text = readFileSync(file, 'utf8').replace('"12.png"', '"../a\\nb12.png"').replace('"13.png"', '"/etc/passwd"')
    writeFileSync(file, text)
    const at = (name: string) => folder('images', name)
    writeFileSync(at('1.png'), 'text')
    await picture('2.png', 50, 40)
    const rgb = { width: COLS, height: ROWS, channels: 3, background: 'red' } as const
    await sharp({ create: rgb }).toColourspace('cmyk').jpeg().toFile(at('3.jpg'))
    writeFileSync(at('3.png'), readFileSync(at('3.jpg')))
    await sharp({ create: rgb }).toColourspace('rgb16').png().toFile(at('4.png'))
    writeFileSync(at('5.png'), readFileSync(at('6.png')).subarray(0, 300))
    const turned = await sharp({ create: { ...rgb, width: ROWS, height: COLS } })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer()
    writeFileSync(at('6.png'), turned)
    const made = await make(file, { images: folder('images'), perClass: 14 })
    expect(names(made.patches)).toEqual(['dog-106', 'dog-113'])
    const reasons = Object.fromEntries(made.failed.map(({ name, reason }) => [name, reason]))
    expect(reasons['dog-100']).toMatch(/^annotation 100: its image 1.png is not a picture/)
    expect(reasons['dog-101']).toMatch(/^annotation 101: its image 2.png is of 50×40 pixels instead of 100×80/)
    expect(reasons['dog-102']).toMatch(/CMYK/)
    expect(reasons['dog-103']).toMatch(/more than 8 bits/)
    expect(reasons['dog-104']).toMatch(/is damaged/)
    expect(reasons['dog-105']).toMatch(/80×100 pixels instead of 100×80/)
    expect(reasons['dog-107']).toMatch(/annotation 107: its mask holds no pixels/)
    expect(reasons['dog-108']).toMatch(/annotation 108: its bbox is not four numbers/)
    expect(reasons['dog-109']).toMatch(/annotation 109: its segmentation/)
    expect(reasons['dog-110']).toMatch(/annotation 110: its box holds no pixels/)
    expect(reasons['dog-111']).toMatch(/annotation 111: its file_name ..\/a\?b12.png leads out of the folder/)
    expect(reasons['dog-112']).toMatch(/leads out of the folder/)
    expect(JSON.parse(readFileSync(made.manifest, 'utf8')).failed).toEqual(made.failed)
  })

  it('may be one whose image is a drawing', async () => {
    const file = await annotate([square(1, 1)])
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${COLS}" height="${ROWS}"><path fill="red" d="M0 0h99v99"/></svg>`
    writeFileSync(folder('images', '1.png'), svg)
    expect((await make(file)).failed[0]?.reason).toMatch(/^annotation 1: its image 1.png is not a picture/)
  })

  it('may be one whose image is missing', async () => {
    const file = await annotate([square(1, 1)], {}, false)
    expect((await make(file)).failed[0]?.reason).toMatch(/^annotation 1: its image 1.png is not there/)
  })
})

describe('an annotation file', () => {
  it('of another kind, damaged or cut short is refused in one line', async () => {
    const file = await annotate([square(1, 1)])
    const whole = readFileSync(file, 'utf8')
    const refusal = async (text: string) => {
      writeFileSync(file, text)
      const error = await make(file).catch((error: unknown) => error)
      expect(error).toBeInstanceOf(InputError)
      expect((error as Error).message).not.toContain('\n')
      return (error as Error).message
    }
    for (let end = 0; end < whole.length; end += 41) expect(await refusal(whole.slice(0, end))).toContain(file)
    expect(await refusal(whole.slice(0, -1))).toMatch(/cut short/)
    expect(await refusal(whole.replace('"category_id":18,', ''))).toMatch(/annotation at byte \d+ \(id 1\) lacks/)
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
    expect(await refusal(whole.replace('"id":1,"image_id"', `"id":${deep},"image_id"`))).toMatch(
      /is not a JSON file of this kind, or damaged, at byte \d+/,
    )
    for (const text of ['[]', '{}', '{"annotations":{}}', '{"images":[1]}', whole.replace('"id":1', '"id":}')]) {
      await refusal(text)
    }
    await expect(make(folder('nothing.json'))).rejects.toThrow(/no such file/)
  })
})

/** Annotation file of an image of 100×80 for each id, with an annotation of the same number, and a place to fetch from. */
async function offered(images: readonly object[]): Promise<string> {
  vi.stubEnv('SHIFTSCOPE_CACHE', folder('cache'))
  const described = images.map((image, i) => ({
    id: i + 1,
    file_name: 'none.jpg',
    width: COLS,
    height: ROWS,
    ...image,
  }))
  return annotate(
    described.map(({ id }) => square(id, id)),
    { images: described },
    false,
  )
}

async function served(): Promise<Buffer> {
  await picture('served.png')
  return readFileSync(folder('images/served.png'))
}

/** What came, its failures by annotation, and the notes. */
async function fetchedFrom(file: string, more: object = {}) {
  const notes: string[] = []
  const onProgress = listenTo({ note: (line) => void notes.push(line) })
  const made = await make(file, {
    images: folder('fetched'),
    download: true,
    imageHosts: ['localhost'],
    onProgress,
    ...more,
  })
  return { ...made, names: names(made.patches), reasons: made.failed.map(({ reason }) => reason), notes }
}

const fetchedFiles = () =>
  existsSync(folder('fetched')) ? readdirSync(folder('fetched'), { recursive: true }).sort() : []

describe('download', () => {
  it('fetches only what is needed and missing, and names what cannot be had', async () => {
    const answer = fileAnswer(await served())
    const server = await startServer(
      (request, response) => (request.url === '/2.png' ? response.writeHead(404).end() : answer(request, response)),
      'http',
    )
    const file = await offered([1, 2, 3, 4, 5, 6].map((id) => ({ coco_url: `${server.address}/${id}.png` })))
    const made = await fetchedFrom(file, { perClass: 5 })
    expect(made.names).toEqual(['dog-1', 'dog-3', 'dog-4', 'dog-5'])
    expect(made.reasons).toEqual([
      expect.stringMatching(/^annotation 2: its image none.jpg could not be fetched: .*404/),
    ])
    expect(server.requests.map(({ path }) => path).sort()).toEqual([1, 2, 3, 4, 5].map((id) => `/${id}.png`))
    await fetchedFrom(file, { perClass: 5 })
    expect(server.requests.slice(5).map(({ path }) => path)).toEqual(['/2.png'])
    // What was fetched is found without the network, too.
    expect(names((await make(file, { images: folder('fetched'), perClass: 5 })).patches)).toEqual(made.names)
  })

  it('writes under the id, whatever the file calls an image, and only what is one', async () => {
    const png = await served()
    const jpeg = await sharp(png).jpeg().toBuffer()
    const small = await sharp(png).resize(50, 40).png().toBuffer()
    const answers: Record<string, Uint8Array> = {
      '/jpeg': jpeg,
      '/png': png,
      '/page': Buffer.from('<html>not found</html>'),
      '/script': Buffer.from('import os'),
      '/svg': Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="${COLS}" height="${ROWS}"/>`),
      '/webp': await sharp(png).webp().toBuffer(),
      '/small': small,
      '/cut': jpeg.subarray(0, jpeg.length >> 1),
      '/empty': Buffer.alloc(0),
    }
    const server = await startServer(
      (request, response) => response.writeHead(200).end(answers[request.url as string]),
      'http',
    )
    const names = [
      'sub/.npmrc',
      'conftest.py',
      '000000000003.jpg',
      'x.py',
      'x.svg',
      'x.webp',
      'x.jpg',
      'y.jpg',
      'z.jpg',
    ]
    const file = await offered(
      Object.keys(answers).map((path, i) => ({ file_name: names[i], coco_url: `${server.address}${path}` })),
    )
    const made = await fetchedFrom(file)
    expect(made.names).toEqual(['dog-1', 'dog-2'])
    expect(fetchedFiles()).toEqual(['000000000001.jpg', '000000000002.png'])
    const gives = (path: string) => `could not be fetched: what ${server.address}${path} gives`
    for (const [i, path] of ['/page', '/script', '/svg', '/webp'].entries())
      expect(made.reasons[i]).toContain(
        `${gives(path)} is neither a JPEG nor a PNG; run the same command again to retry`,
      )
    expect(made.reasons[4]).toContain(`${gives('/small')} is of 50×40 pixels instead of 100×80`)
    expect(made.reasons[5]).toContain(`${gives('/cut')} is damaged`)
    expect(made.reasons[6]).toContain(`${gives('/empty')} is neither`)
    // Nothing is kept of what was none, so that it is asked for anew.
    expect(readdirSync(folder('cache/downloads'))).toEqual([])
    server.answer = fileAnswer(png)
    expect((await fetchedFrom(file)).reasons).toEqual([])
  })

  it('replaces what is no image, in a line', async () => {
    const png = await served()
    const server = await startServer(fileAnswer(png), 'http')
    const file = await offered(
      ['000000000001.png', 'train/2.jpg', 'train/3.png'].map((file_name) => ({ file_name, coco_url: server.address })),
    )
    mkdirSync(folder('fetched/train'), { recursive: true })
    writeFileSync(folder('fetched/000000000001.png'), 'error')
    writeFileSync(folder('fetched/train/2.jpg'), 'error')
    writeFileSync(folder('fetched/train/3.png'), png)
    const made = await fetchedFrom(file)
    expect(made.reasons).toEqual([])
    expect(made.notes.filter((line) => /downloading it again/.test(line)).sort()).toEqual(
      ['000000000001.png', 'train/2.jpg'].map(
        (name) => `${folder('fetched', name)} is not a picture; downloading it again`,
      ),
    )
    expect(server.requests).toHaveLength(2)
    expect(fetchedFiles()).toEqual(['000000000001.png', '000000000002.png', 'train', 'train/2.jpg', 'train/3.png'])
    expect((await fetchedFrom(file)).notes.filter((line) => /downloading it again/.test(line))).toEqual([])
    expect(server.requests).toHaveLength(2)
  })
})

describe('hosts of images', () => {
  it('are COCO’s and those that were named; nobody else is asked', async () => {
    const png = await served()
    const server = await startServer(fileAnswer(png), 'http')
    const { port } = server
    const file = await offered(
      ['localhost', '127.0.0.1', '[::1]', 'images.cocodataset.org.evil.example', '2130706433'].map((host) => ({
        coco_url: `http://${host}:${port}/`,
      })),
    )
    const refused = (host: string) =>
      `could not be fetched: ${host} is not asked unless it is named with \`imageHosts ${host}\`; run the same command again to retry`
    const { reasons } = await fetchedFrom(file, { imageHosts: undefined })
    expect(reasons).toEqual(
      ['localhost', '127.0.0.1', '[::1]', 'images.cocodataset.org.evil.example', '127.0.0.1'].map((host) =>
        expect.stringContaining(refused(host)),
      ),
    )
    expect(server.requests).toEqual([])
    const made = await fetchedFrom(file, { imageHosts: ['LOCALHOST', '127.0.0.1'] })
    expect(made.names).toEqual(['dog-1', 'dog-2', 'dog-5'])
    expect(server.requests).toHaveLength(3)
  })

  it.each(['http://a.org', 'a.org:8080', 'user@a.org', 'a.org/x', ''])('are none such as "%s"', async (host) => {
    const file = await offered([{}])
    const refusal = `"${host}" is not the name of a host; use \`imageHosts example.org\`, without http:// and port`
    await expect(fetchedFrom(file, { imageHosts: [host] })).rejects.toThrow(new UsageError(refusal))
  })
})

const weights = fileURLToPath(new URL('../../../shared/data/mobilenet_v2-dequantised.pth', import.meta.url))
if (!existsSync(weights)) process.stderr.write(`skipped: a study of COCO patches, since ${weights} is not there\n`)

describe.skipIf(!existsSync(weights))('a study', () => {
  it('runs on patches of COCO with MobileNetV2', async () => {
    const file = await annotate([square(1, 1), square(2, 2), square(3, 3, { category_id: 10 })])
    await make(file, { classes: ['dog', 'traffic light'] })
    const { units, report } = await reproduce({
      models: ['mobilenet_v2'],
      weights: { mobilenet_v2: weights },
      patches: folder('out'),
      sizes: [75, 125],
      stride: 60,
      experiments: ['similarity'],
      out: folder('results'),
    })
    expect(units).toBe(6)
    expect(report?.rows.filter(({ metric }) => metric === 'similarity-mean')).toHaveLength(10)
    expect(existsSync(join(folder('results'), 'index.html'))).toBe(true)
  }, 180_000)
})
