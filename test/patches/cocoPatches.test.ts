import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { UsageError } from '../../src/errors.js'
import { sha256 } from '../../src/files/sha256.js'
import { cocoPatches, PAPER_CLASSES, PAPER_PER_CLASS } from '../../src/patches/cocoPatches.js'
import { patchesFrom } from '../../src/patches/collection.js'
import { readImage } from '../../src/patches/image.js'
import { listenTo, type ProgressEvent } from '../../src/progress.js'
import coco from '../golden/coco.json' with { type: 'json' }
import { type Annotation, annotation, COLS, photo, ROWS, rectangle, writeAnnotations } from '../support/cocoFiles.js'
import { messageOf } from '../support/messageOf.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const folder = temporaryFolder()

/** An annotation file whose images lie beside it. */
async function annotate(annotations: readonly Annotation[], changes: object = {}): Promise<string> {
  mkdirSync(folder('images'), { recursive: true })
  const bytes = await photo().png().toBuffer()
  for (const { image_id: id } of annotations) writeFileSync(folder('images', `${id}.png`), bytes)
  return writeAnnotations(folder('instances.json'), annotations, changes)
}

async function make(annotations: string, more: object = {}) {
  const files = { annotations, images: folder('images'), out: folder('out') }
  const notes: string[] = []
  const onProgress = listenTo({ note: (line) => void notes.push(String(line)) })
  const made = await cocoPatches({ ...files, classes: ['dog'], sizes: [8], onProgress, ...more })
  return { ...made, names: made.patches.map(({ name }) => name), notes }
}

describe('the choice of objects', () => {
  it('follows the authors’ rule', async () => {
    const crowd = { iscrowd: 1, segmentation: { size: [ROWS, COLS], counts: [800, 3000, 4200] } }
    const outline = [rectangle(70, 60, 20, 15), rectangle(80, 70, 25, 25)]
    const file = await annotate([
      annotation(900, 7),
      annotation(101, 3, crowd),
      annotation(102, 3),
      annotation(201, 1, { bbox: [1, 1, 37.4, 37.4] }),
      annotation(202, 1),
      annotation(301, 2, { bbox: [1, 1, 37.5, 2], segmentation: [rectangle(1, 1, 37.5, 2)] }),
      annotation(401, 5, { category_id: 10 }),
      annotation(501, 4, { bbox: [70.5, 60, 40, 30.5], segmentation: outline }),
      annotation(601, 6, { bbox: [1, 1, 2, 37.5], segmentation: [rectangle(1, 1, 2, 37.5)] }),
    ])
    const made = await make(file, { perClass: 4, sizes: undefined })
    expect([made.failed, made.notes]).toEqual([[], []])
    // Image 1: the first is small on both sides, so that the image is passed over, not the annotation alone.
    expect(made.names).toEqual(['dog-301', 'dog-101', 'dog-501', 'dog-601'])
    const manifest = JSON.parse(readFileSync(made.manifest, 'utf8'))
    expect(manifest).toMatchObject({ kind: 'coco', classes: ['dog'], perClass: 4, failed: [] })
    expect(manifest.annotations).toBe('instances.json')
    expect(manifest.patches[1]).toEqual({
      name: 'dog-101',
      file: 'native/dog-101.png',
      sizes: { 75: '75/dog-101.png', 125: '125/dog-101.png' },
      alpha: 'hard',
      sha256: sha256(readFileSync(folder('out/native/dog-101.png'))),
      category: 'dog',
      image: 3,
      annotation: 101,
      licence: 'Attribution License, http://example.org/by',
      url: null,
      imageSha256: sha256(readFileSync(folder('images/3.png'))),
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
    expect(first).toMatchObject({ name: 'dog-301', category: 'dog', alpha: 'hard', colours: 'authors' })
  })

  it('names classes in their order, and notes those that have too few', async () => {
    const file = await annotate([annotation(1, 1), annotation(2, 2), annotation(7, 2, { category_id: 10 })])
    const made = await make(file, { classes: ['traffic light', 'dog', 'dog'], perClass: 2 })
    expect(made.names).toEqual(['traffic-light-7', 'dog-1', 'dog-2'])
    expect(made.notes).toEqual(['class traffic light: wanted 2 objects, but the annotations have only 1'])
    const none = await make(await annotate([annotation(1, 1)]), { classes: ['traffic light', 'dog'], perClass: 1 })
    expect(none.names).toEqual(['dog-1'])
    expect(none.notes).toEqual(['class traffic light: wanted 1 object, but the annotations have only 0'])
    expect([PAPER_CLASSES.length, PAPER_PER_CLASS]).toEqual([10, 20])
  })

  it.each([
    [{ classes: ['unicorn'] }, /no class unicorn; it has dog, traffic light/],
    [{ images: undefined }, /^no images are given; name their folder with `images`, or fetch them with `download`$/],
    [{ sizes: [75, 0] }, /^size 0 is not a whole number from 1 to 4096/],
    [{ sizes: [4097] }, /^size 4097 is not/],
    [{ sizes: [7.5] }, /^size 7.5 is not/],
  ])('refuses the options %j', async (options, refusal) => {
    expect(await messageOf(make(await annotate([annotation(1, 1)]), options), UsageError)).toMatch(refusal)
  })
})

describe('the pixels of an object', () => {
  it('are those that OpenCV reads, as stored, whatever EXIF says of turning', async () => {
    const { photo: golden } = coco
    const { rows, cols } = golden
    const jpeg = Buffer.from(golden.jpeg, 'base64')
    // A segment APP1 with nothing but the orientation 6, after the start of image.
    const exif = Buffer.from('ffe1002245786966000049492a000800000001001201030001000000060000000000000000', 'hex')
    const turned = Buffer.concat([jpeg.subarray(0, 2), exif.subarray(0, 36), jpeg.subarray(2)])
    expect((await sharp(turned).metadata()).orientation).toBe(6)
    const whole = { bbox: [0, 0, cols, rows], segmentation: [rectangle(0, 0, cols, rows)] }
    const images = [1, 2].map((id) => ({ id, file_name: `${id}.png`, width: cols, height: rows }))
    const file = await annotate([annotation(1, 1, whole), annotation(2, 2, whole)], { images })
    writeFileSync(folder('images/1.png'), jpeg)
    writeFileSync(folder('images/2.png'), turned)
    const made = await make(file)
    expect(made.names).toEqual(['dog-1', 'dog-2'])
    for (const { file } of made.patches) {
      const { data } = await readImage(folder('out', file))
      expect(sha256(data.filter((_, i) => i % 4 !== 3))).toBe(golden.sha256)
    }
  })

  it('are cut out where the outline is', async () => {
    const part = { bbox: [2, 3, 40, 2], segmentation: [rectangle(2, 3, 1, 2)] }
    await make(await annotate([annotation(1, 1, part)]))
    const { data } = await readImage(folder('out/native/dog-1.png'))
    const inside = (row: number) => [0, 1, 2].map((channel) => (((row * COLS + 2) * 3 + channel) * 37) % 251)
    expect([...data.subarray(0, 4), data[7]]).toEqual([...inside(3), 255, 0])
    expect([...data.subarray(160, 164), data[167]]).toEqual([...inside(4), 255, 0])
  })
})

it('an object that cannot be made is named by its annotation; the rest is kept and nothing takes its place', async () => {
  const png = () => photo().png()
  const coloured = (space: string) => photo().toColourspace(space)
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${COLS}" height="${ROWS}"><path d="M0 0h99v99"/></svg>`
  const frames = [await png().toBuffer(), await photo().negate().png().toBuffer()]
  const gif = sharp(frames, { join: { animated: true } }).gif()
  const images: [Uint8Array | string | undefined, string][] = [
    ['text', 'its image 1.png is not a picture'],
    [svg, 'its image 2.png is not a picture'],
    [await photo(50, 40).png().toBuffer(), 'its image 3.png has 50×40 pixels instead of 100×80'],
    [await coloured('cmyk').jpeg().toBuffer(), 'its image 4.png is CMYK; convert it to RGB'],
    [await coloured('rgb16').png().toBuffer(), 'its image 5.png has more than 8 bits per channel'],
    [(await png().toBuffer()).subarray(0, 300), 'its image 6.png is damaged'],
    [await photo(ROWS, COLS).withMetadata({ orientation: 6 }).jpeg().toBuffer(), '80×100 pixels instead of 100×80'],
    [await gif.toBuffer(), 'its image 8.png contains 2 pictures; use a single one'],
    [undefined, 'its image none.png is missing'],
    [undefined, 'its file_name ../a?b.png points outside the folder of images'],
    [undefined, 'its file_name /etc/passwd points outside the folder of images'],
    [undefined, 'the annotation file has no entry for image 12'],
  ]
  const objects: [Partial<Annotation>, string][] = [
    [{ segmentation: [rectangle(60, 60, 5, 5)] }, 'its mask holds no pixels'],
    [{ bbox: 'wide' }, 'its bbox is not four numbers'],
    [{ bbox: [1, 2, 3] }, 'its bbox is not four numbers'],
    [{ segmentation: 'round' }, 'its segmentation is neither polygons nor run lengths'],
    [{ bbox: [300, 10, 50, 50] }, 'its box holds no pixels'],
    [{ bbox: [10, 300, 50, 50] }, 'its box holds no pixels'],
    [{}, ''],
  ]
  const count = images.length + objects.length
  const all = Array.from({ length: count }, (_, i) => annotation(101 + i, i + 1, objects[i - images.length]?.[0]))
  const names: Record<number, string> = { 9: 'none.png', 10: '../a\nb.png', 11: '/etc/passwd' }
  const described = all.flatMap(({ image_id: id }) =>
    id === 12 ? [] : { id, file_name: names[id] ?? `${id}.png`, width: COLS, height: ROWS },
  )
  const file = await annotate(all, { images: described })
  for (const [i, [bytes]] of images.entries())
    if (bytes !== undefined) writeFileSync(folder('images', `${i + 1}.png`), bytes)
  const made = await make(file)
  expect(made.names).toEqual([`dog-${100 + count}`])
  for (const [i, [, reason]] of [...images, ...objects].slice(0, -1).entries()) {
    const failure = made.failed.find(({ name }) => name === `dog-${101 + i}`)
    expect(failure?.reason).toMatch(new RegExp(`^annotation ${101 + i}: `))
    expect(failure?.reason).toContain(reason)
  }
  expect(JSON.parse(readFileSync(made.manifest, 'utf8')).failed).toEqual(made.failed)
})

it('an image that is a link out of its folder is not read', async () => {
  const file = await annotate([annotation(1, 1), annotation(2, 2)])
  renameSync(folder('images/1.png'), folder('elsewhere.png'))
  symlinkSync('../elsewhere.png', folder('images/1.png'))
  renameSync(folder('images/2.png'), folder('images/other.png'))
  symlinkSync('other.png', folder('images/2.png'))
  const made = await make(file)
  expect(made.names).toEqual(['dog-2'])
  expect(made.failed.map(({ reason }) => reason)).toEqual([
    expect.stringContaining('a link to a file in another folder'),
  ])
})

it.each(['annotations', 'patches'])('an aborted call ends with the reason of its signal (%s)', async (phase) => {
  const file = await annotate([annotation(1, 1)])
  const controller = new AbortController()
  const events: string[] = []
  const onProgress = (event: ProgressEvent) => {
    events.push(event.kind)
    if (event.kind === 'start' && event.label === phase) controller.abort()
  }
  const aborted = await make(file, { onProgress, signal: controller.signal }).catch((error) => error)
  expect(aborted).toBe(controller.signal.reason)
  expect(events.at(-1)).toBe('stop')
})

describe('an annotation file', () => {
  it('of another kind, damaged or cut short is refused in one line', async () => {
    const file = await annotate([annotation(1, 1)])
    const whole = readFileSync(file, 'utf8')
    const refusal = (text: string) => {
      writeFileSync(file, text)
      return messageOf(make(file))
    }
    for (let end = 0; end < whole.length; end += 41) expect(await refusal(whole.slice(0, end))).toContain(file)
    expect(await refusal(whole.slice(0, -1))).toMatch(/cut off/)
    const deep = `${'['.repeat(1000)}${']'.repeat(1000)}`
    const wrong: [string, string, RegExp][] = [
      ['"category_id":18,', '', /annotation at byte \d+ \(id 1\) lacks id, image_id or category_id/],
      ['"id":1,"image_id"', '"id":"1","image_id"', /annotation at byte \d+ lacks/],
      ['"image_id":1', '"image_id":null', /\(id 1\) lacks/],
      ['"id":1,"image_id"', `"id":${deep},"image_id"`, /is damaged at byte \d+, or is not a COCO annotation file/],
      ['"width":100', '"width":0', /the image at byte \d+ is not valid \(width: /],
      ['"width":100', '"width":65536', /the image at byte \d+ is not valid \(width: /],
      ['"height":80', '"height":"80"', /the image at byte \d+ is not valid \(height: /],
      ['"name":"dog"', '"name":7', /the category at byte \d+ is not valid \(name: /],
      ['"id":4', '"id":4.5', /the licence at byte \d+ is not valid \(id: /],
    ]
    for (const [text, change, message] of wrong) expect(await refusal(whole.replace(text, change))).toMatch(message)
    for (const section of ['categories', 'images', 'annotations'])
      expect(await messageOf(make(await annotate([annotation(1, 1)], { [section]: [] })))).toBe(
        `${file} lacks categories, images or annotations; give a COCO instances file`,
      )
    expect(await messageOf(make(folder('nothing.json')))).toMatch(/no such file/)
  })

  it('is closed after the outlines are read', async ({ skip }) => {
    skip(!existsSync('/proc/self/fd'), 'only Linux lists the open files of a process')
    const file = await annotate([annotation(1, 1)])
    expect((await make(file)).names).toEqual(['dog-1'])
    // The listing names its own descriptor, too, which is closed by now.
    const open = readdirSync('/proc/self/fd').map((name) => `/proc/self/fd/${name}`)
    expect(open.filter(existsSync).map((path) => readlinkSync(path))).not.toContain(file)
  })
})
