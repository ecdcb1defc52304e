import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { UsageError } from '../../src/errors.js'
import { sha256 } from '../../src/files/sha256.js'
import { PAPER_CLASSES } from '../../src/patches/cocoPatches.js'
import { builtInPatches, listPatches, patchesFrom } from '../../src/patches/collection.js'
import { type Image, readImage } from '../../src/patches/image.js'
import { type Aspect, ownPatches, squareObject } from '../../src/patches/ownPatches.js'
import { type PatchSource, patchesOfSource, resizeHard } from '../../src/patches/patch.js'
import { type PatchInput, patchOf } from '../../src/patches/patchInput.js'
import { resizeBilinear } from '../../src/patches/resize.js'
import type { ProgressEvent } from '../../src/progress.js'
import { messageOf } from '../support/messageOf.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const folder = temporaryFolder()

type Paint = (row: number, col: number) => readonly number[]

/** The pixels of a picture. */
function painted(rows: number, cols: number, paint: Paint): Uint8Array {
  return Uint8Array.from(Array.from({ length: rows * cols }, (_, i) => paint(Math.floor(i / cols), i % cols)).flat())
}

/** A file of such pixels, in the format of its name. */
async function draw(name: string, rows: number, cols: number, paint: Paint): Promise<void> {
  mkdirSync(folder('in'), { recursive: true })
  const channels = paint(0, 0).length as 1 | 3 | 4
  const picture = sharp(painted(rows, cols, paint), { raw: { width: cols, height: rows, channels } })
  await (name.endsWith('.webp') ? picture.webp({ lossless: true }) : picture).toFile(folder('in', name))
}

const isInBox = (row: number, col: number) => row >= 1 && row < 3 && col >= 4 && col < 8
const box: Paint = (row, col) => (isInBox(row, col) ? [255, 10 * row, 0, 128] : [0, 0, 255, 127])
const red: Paint = () => [255, 0, 0]
const opaque: Paint = () => [255, 0, 0, 255]
const mask: Paint = (row, col) => [isInBox(row, col) ? 128 : 127]

/** Makes patches of the pictures drawn so far. */
const make = (more: object = {}) => ownPatches({ pictures: folder('in'), out: folder('out'), sizes: [6], ...more })

/** Rows of a square with one letter for each pixel: R for red, . for what is transparent. */
function letters({ rows, cols, data }: Image): readonly string[] {
  const letter = (at: number) => (data[at + 3] === 0 ? '.' : data[at] === 255 ? 'R' : '?')
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: cols }, (_, col) => letter((row * cols + col) * 4)).join(''),
  )
}

describe('own pictures', () => {
  it('of every kind are trimmed to the object', async () => {
    await draw('a.png', 5, 10, box)
    await draw('b.webp', 5, 10, box)
    await draw('c.png', 5, 10, (row, col) => [255, 10 * row, col])
    await draw('c.mask.png', 5, 10, mask)
    const made = await make({ category: 'box' })
    expect(made.failed).toEqual([])
    const native = (name: string) => folder('out/native', `${name}.png`)
    for (const name of ['a', 'b', 'c']) {
      const { rows, cols, data } = await readImage(native(name))
      expect([rows, cols]).toEqual([2, 4])
      const blue = (col: number) => (name === 'c' ? col : 0)
      expect(data).toEqual(painted(2, 4, (row, col) => [255, 10 * (row + 1), blue(col + 4), 255]))
      expect(letters(await readImage(folder('out/6', `${name}.png`)))).toEqual(Array(6).fill('RRRRRR'))
    }
    const manifest = JSON.parse(readFileSync(made.manifest, 'utf8'))
    expect(manifest).toMatchObject({ kind: 'images', aspect: 'stretch', failed: [], patches: made.patches })
    expect(made.patches[0]).toEqual({
      ...{ name: 'a', file: 'native/a.png', sizes: { 6: '6/a.png' }, alpha: 'hard', category: 'box' },
      sha256: sha256(readFileSync(native('a'))),
    })
    const [listed] = await listPatches(await patchesFrom(folder('out')))
    expect(listed).toEqual({ name: 'a', category: 'box', path: native('a'), rows: 2, cols: 4, opaque: 1 })
  })

  it('are read from the file of a size where there is one, else made of the object', async () => {
    await draw('a.png', 5, 10, box)
    await make({ category: 'box' })
    const blue = painted(6, 6, () => [0, 0, 255, 255])
    const raw = { raw: { width: 6, height: 6, channels: 4 } } as const
    await sharp(blue, raw).toFile(folder('out/6/a.png'))
    const [source] = (await patchesFrom(folder('out'))) as [PatchSource]
    const [ready, made] = await patchesOfSource(source, [6, 3], 32, 'hard')
    expect(ready).toMatchObject({ name: 'a', size: 6, category: 'box', rgba: blue })
    expect([made?.size, made?.rgba[0], made?.rgba[2]]).toEqual([3, 255, 0])
    const refusal = 'an object of 33×33 does not fit into the frame of 32×32'
    expect(await messageOf(patchesOfSource(source, [33], 32, 'hard'), UsageError)).toContain(refusal)
    await sharp(blue.fill(127), raw).toFile(source.path)
    expect(await messageOf(patchesOfSource(source, [3], 32, 'hard'))).toMatch(
      /a.png: no pixel of the object is visible/,
    )
  })

  it('show what their mask shows only where they are opaque and it is white', async () => {
    await draw('a.png', 1, 4, (_, col) => [255, 0, 0, [255, 128, 255, 127][col] as number])
    await draw('a.mask.png', 1, 4, (_, col) => [0, 255, col === 0 ? 0 : 255, [255, 128, 127, 255][col] as number])
    await draw('b.png', 1, 4, red)
    await draw('b.mask.png', 1, 4, (_, col) => [127, 128, [127, 128, 129, 127][col] as number])
    await make()
    expect(letters(await readImage(folder('out/native/a.png')))).toEqual(['R'])
    expect(letters(await readImage(folder('out/native/b.png')))).toEqual(['R'])
  })

  it('keep their proportions with transparent margins, whose colours leave the edge as it is', async () => {
    await draw('a.png', 5, 10, (row, col) => [...(isInBox(row, col) ? [255, 0, 0, 255] : [0, 0, 255, 0])])
    await make({ aspect: 'pad', sizes: [8] })
    const square = await readImage(folder('out/8/a.png'))
    expect(letters(square)).toEqual(['', '', 'R', 'R', 'R', 'R', '', ''].map((one) => (one || '.').repeat(8)))
    for (let i = 0; i < square.data.length; i += 4)
      if (square.data[i + 3] === 255) expect([...square.data.subarray(i, i + 3)]).toEqual([255, 0, 0])
    expect(letters(await readImage(folder('out/native/a.png')))).toEqual(['....', 'RRRR', 'RRRR', '....'])
  })

  it('that show no object are named, and the rest is kept', async () => {
    await draw('a.png', 5, 10, box)
    await draw('e.png', 2, 2, red)
    await draw('f.png', 2, 2, () => [255, 0, 0, 127])
    writeFileSync(folder('in/g.png'), 'text')
    await draw('h.png', 5, 10, red)
    await draw('h.mask.png', 5, 9, mask)
    const photo = sharp(painted(5, 10, red), { raw: { width: 10, height: 5, channels: 3 } })
    await photo.withMetadata({ orientation: 6 }).toFile(folder('in/i.jpg'))
    for (const name of ['i', 'k']) await draw(`${name}.mask.png`, 5, 10, mask)
    for (const twice of ['j.png', 'j.webp', 'm.jpg', 'm.mask.png', 'm.mask.jpg']) await draw(twice, 2, 2, red)
    await draw('l.png', 5, 10, red)
    await draw('l.mask.png', 5, 10, () => [127])
    const made = await make()
    expect(made.patches.map(({ name }) => name)).toEqual(['a'])
    const reasons = made.failed.map(({ name, reason }) => `${name}: ${reason.replaceAll(folder('in/'), '')}`).sort()
    expect(reasons).toEqual([
      'e: e.png has no transparency; in the same folder, add a mask called e.mask.png, in which the object is white',
      'f: f.png shows no object: it has no opaque pixels (alpha of 128 or more); make the object opaque',
      'g: cannot read g.png: it is not a picture; give PNG, JPEG, WebP, GIF, TIFF, AVIF or SVG',
      'h: h.mask.png has 9×5 pixels, but h.png has 10×5; make a mask of the same size',
      'i: i.mask.png has 10×5 pixels, but i.jpg has 5×10; photos are rotated by their EXIF orientation, so make the mask from the rotated photo',
      `j: ${folder('in')} has several pictures named j: j.png, j.webp; keep one of them`,
      'k: k.mask.png is a mask, but there is no picture called k; rename the mask or its picture',
      'l: l.mask.png shows no object: it has no white pixels (128 or more) where l.png is opaque; paint the object white',
      `m: ${folder('in')} has several masks of m: m.mask.jpg, m.mask.png; keep one of them`,
    ])
    expect(JSON.parse(readFileSync(made.manifest, 'utf8')).failed).toEqual(made.failed)
  })

  it('must be there, and the patches go elsewhere', async () => {
    expect(await messageOf(make())).toBe(`cannot read ${folder('in')}: no such folder; give a folder of pictures`)
    mkdirSync(folder('in'))
    expect(await messageOf(make())).toMatch(/^no pictures in /)
    expect(await messageOf(make({ out: folder('in') }), UsageError)).toMatch(/contains the pictures; choose another/)
    expect(await messageOf(make({ aspect: 'crop' }), UsageError)).toBe('aspect crop is not known; use stretch or pad')
    expect(await messageOf(make({ sizes: [0] }), UsageError)).toMatch(/^size 0 is not a whole number/)
    for (const name of ['x.mask.png', 'y.png', 'z.png', 'z.gif']) writeFileSync(folder('in', name), '')
    const file = folder('in/y.png')
    expect(await messageOf(make({ pictures: file }))).toBe(
      `cannot read ${file}: not a folder; give a folder of pictures`,
    )
    expect(await messageOf(make())).toMatch(
      /^no object could be made from .*named z: z.gif, z.png; .*is a mask, but there is no picture called x; .*y.png: it is not a picture/,
    )
  })

  it('stop when asked', async () => {
    await draw('a.png', 5, 10, box)
    const events: string[] = []
    const onProgress = ({ kind }: ProgressEvent) => void events.push(kind)
    await expect(make({ onProgress, signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough')
    expect(events).toEqual(['start', 'stop'])
  })
})

describe('the object of a picture in a square', () => {
  const picture = (rows: number, cols: number, paint: Paint) => ({ rows, cols, data: painted(rows, cols, paint) })
  const shown = (image: Image, longest: number) => {
    const square = squareObject(image, longest)
    return square === undefined ? [] : letters(square)
  }

  it('has margins on both sides, of which the second is the larger', () => {
    const high = picture(5, 4, (row, col) => [255, 0, 0, row > 0 && col === 2 ? 255 : 0])
    expect(shown(high, 4)).toEqual(Array(4).fill('.R..'))
    expect(shown(picture(1, 2, opaque), 4)).toEqual(['RR', '..'])
    expect(
      shown(
        picture(3, 2, (row, col) => [255, 0, 0, row + col === 0 ? 255 : 0]),
        4,
      ),
    ).toEqual(['R'])
  })

  it('is reduced where it is longer than wanted, to one pixel at least', () => {
    expect(shown(picture(2, 6, opaque), 3)).toEqual(['...', 'RRR', '...'])
    expect(shown(picture(1, 40, opaque), 4)).toEqual(['....', 'RRRR', '....', '....'])
    const transparent = picture(2, 2, () => [0, 0, 0, 127])
    expect(shown(transparent, 4)).toEqual([])
  })
})

describe('pictures that look the same give the same patches', () => {
  /** A disc with soft edges, red and blue in stripes, and a colour under alpha 0. */
  const disc =
    (hidden: readonly number[]): Paint =>
    (row, col) => {
      const alpha = Math.min(Math.max(Math.round((8 - Math.hypot(col - 11.5, row - 9.5)) * 60), 0), 255)
      return alpha === 0 ? [...hidden, 0] : [200, 0, 80 * (col % 3), alpha]
    }
  const path = () => folder('in', 'disc.png')
  const onesOf = async ([source]: readonly PatchSource[]) =>
    (await patchesOfSource(source as PatchSource, [9, 25], 32, 'hard')).map(({ rgba }) => rgba)
  const cutOut = async (aspect: Aspect) => {
    const { patches } = await make({ aspect, sizes: [9, 25] })
    const files = patches.flatMap(({ file, sizes }) => [file, ...Object.values(sizes)])
    return files.map((file) => readFileSync(folder('out', file)))
  }
  const manifestOf = (kind?: string) => {
    const patches = [{ name: 'a', file: 'disc.png', alpha: 'hard' }]
    writeFileSync(folder('in/manifest.json'), JSON.stringify({ kind, patches }))
    return patchesFrom(folder('in/manifest.json'))
  }
  const pixelsOf = ({ data, rows, cols }: Image) => ({ data, width: cols, height: rows })
  const rgbaOf = async (input: PatchInput) => [(await patchOf(input, 9, 32, 'soft')).rgba]

  it.each<[string, () => Promise<readonly Uint8Array[]>]>([
    ['cut out and stretched', () => cutOut('stretch')],
    ['cut out and padded', () => cutOut('pad')],
    ['one file', () => rgbaOf(path())],
    ['its bytes', () => rgbaOf(readFileSync(path()))],
    ['its pixels', async () => rgbaOf(pixelsOf(await readImage(path())))],
    ['a folder', async () => onesOf(await patchesFrom(folder('in')))],
    ['a manifest', async () => onesOf(await manifestOf())],
    ['for the live page', async () => [squareObject(await readImage(path()), 9)?.data ?? new Uint8Array()]],
  ])('%s', async (_, patchesOf) => {
    await draw('disc.png', 20, 24, disc([0, 0, 0]))
    const black = await patchesOf()
    await draw('disc.png', 20, 24, disc([0, 255, 0]))
    expect(black.length).toBeGreaterThan(0)
    expect((await patchesOf()).map((data) => sha256(data))).toEqual(black.map((data) => sha256(data)))
  })

  it.each(['coco', 'built-in'])('but for objects of kind %s, which are resized as the authors did', async (kind) => {
    await draw('disc.png', 20, 24, disc([0, 255, 0]))
    const image = await readImage(path())
    const authors = [9, 25].map((size) => resizeHard(image, size, size, resizeBilinear).data)
    expect(await onesOf(await manifestOf(kind))).toEqual(authors)
    expect(await onesOf(await manifestOf('other'))).not.toEqual(authors)
  })

  it.each([
    [
      { data: new Uint8Array(12), width: 2, height: 2 },
      'width and height of a picture must be whole numbers, and its data 4 bytes (RGBA) per pixel, but this one has 2×2 pixels and 12 bytes',
    ],
    [
      { data: new Uint8Array(0), width: 0, height: 2 },
      'width and height of a picture must be whole numbers, and its data 4 bytes (RGBA) per pixel, but this one has 0×2 pixels and 0 bytes',
    ],
    [
      { data: new Uint8Array(12), width: 1.5, height: 2 },
      'width and height of a picture must be whole numbers, and its data 4 bytes (RGBA) per pixel, but this one has 1.5×2 pixels and 12 bytes',
    ],
  ])('unless they are no pixels (%#)', async (input, refusal) => {
    const message = await messageOf(patchOf(input, 2, 32, 'hard'), UsageError)
    expect(message).toBe(`${refusal}; correct { data, width, height }`)
  })
})

it('built-in patches are transparent pictures, with at least one of each class of the paper', async () => {
  const patches = await listPatches(await builtInPatches())
  expect(patches.map(({ category }) => category)).toEqual(expect.arrayContaining([...PAPER_CLASSES]))
  for (const { rows, cols, opaque: share } of patches) {
    expect(Math.min(rows, cols)).toBeGreaterThanOrEqual(125)
    expect(share).toBeGreaterThan(0.2)
    expect(share).toBeLessThan(0.95)
  }
})
