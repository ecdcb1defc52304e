import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import sharp, { type Sharp } from 'sharp'
import { describe, expect, it } from 'vitest'
import { InputError, UsageError } from '../../src/errors.js'
import { builtInPatches, listPatches, patchesFrom } from '../../src/patches/collection.js'
import { readImage } from '../../src/patches/image.js'
import { type Aspect, ownPatches, squareObject } from '../../src/patches/ownPatches.js'
import { type PatchSource, patchesOfSource, resizeHard } from '../../src/patches/patch.js'
import { patchOf } from '../../src/patches/patchInput.js'
import { resizeBilinear } from '../../src/patches/resize.js'
import { reproduce } from '../../src/study/run.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const folder = temporaryFolder()

/** A transparent picture of 60×40 with a red box of 20×10 at row 5, column 30. */
async function drawn(): Promise<Sharp> {
  const box = await sharp({ create: { width: 20, height: 10, channels: 4, background: 'red' } })
    .png()
    .toBuffer()
  return sharp({ create: { width: 60, height: 40, channels: 4, background: '#0000ff00' } }).composite([
    { input: box, top: 5, left: 30 },
  ])
}

async function fill(): Promise<void> {
  mkdirSync(folder('in'))
  await (await drawn()).png().toFile(folder('in/a.png'))
  await (await drawn()).webp({ lossless: true }).toFile(folder('in/b.webp'))
  writeFileSync(
    folder('in/c.svg'),
    '<svg xmlns="http://www.w3.org/2000/svg" width="60" height="40"><rect x="30" y="5" width="20" height="10" fill="#f00"/></svg>',
  )
  await sharp({ create: { width: 60, height: 40, channels: 3, background: 'red' } })
    .jpeg()
    .toFile(folder('in/d.jpg'))
  const mask = Uint8Array.from({ length: 2400 }, (_, i) => {
    const [row, col] = [Math.floor(i / 60), i % 60]
    return row >= 5 && row < 15 && col >= 30 && col < 50 ? 255 : 0
  })
  await sharp(mask, { raw: { width: 60, height: 40, channels: 1 } })
    .png()
    .toFile(folder('in/d.mask.png'))
}

const empty = new Uint8Array()

/** A disc with soft edges, red and blue in stripes, and a colour under alpha 0. */
async function drawDisc(name: string, hidden: readonly number[]): Promise<void> {
  mkdirSync(folder(name))
  const data = new Uint8Array(60 * 50 * 4)
  for (let i = 0; i < 60 * 50; i++) {
    const distance = Math.hypot((i % 60) - 29.5, Math.floor(i / 60) - 24.5)
    const alpha = Math.min(Math.max(Math.round((22 - distance) * 60), 0), 255)
    data.set(alpha === 0 ? [...hidden, 0] : [200, 0, 80 * (i % 3), alpha], i * 4)
  }
  await sharp(data, { raw: { width: 60, height: 50, channels: 4 } })
    .png()
    .toFile(folder(name, 'disc.png'))
}

/** The files of all sizes of the pictures of a folder. */
async function cutOut(name: string, aspect: Aspect): Promise<readonly Uint8Array[]> {
  const { patches } = await ownPatches({ pictures: folder(name), out: folder(`${name}-out`), aspect })
  const files = patches.flatMap(({ file, sizes }) => [file, ...Object.values(sizes)])
  return files.map((file) => readFileSync(folder(`${name}-out`, file)))
}

async function onesOf([source]: readonly PatchSource[]): Promise<readonly Uint8Array[]> {
  return (await patchesOfSource(source as PatchSource, [25, 75], 224, 'hard')).map(({ rgba }) => rgba)
}

function manifestOf(name: string, kind?: string): string {
  const manifest = { kind, patches: [{ name, file: 'disc.png', alpha: 'hard' }] }
  writeFileSync(folder(name, 'manifest.json'), JSON.stringify(manifest))
  return folder(name, 'manifest.json')
}

describe('own pictures', () => {
  it('of every kind are trimmed to the object', async () => {
    await fill()
    const made = await ownPatches({ pictures: folder('in'), out: folder('out'), category: 'box' })
    expect(made.failed).toEqual([])
    expect(made.patches.map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd'])
    for (const { file, sizes } of made.patches) {
      const { rows, cols, data } = await readImage(folder('out', file))
      expect([rows, cols]).toEqual([10, 20])
      expect(data[0]).toBeGreaterThan(250)
      expect(data[3]).toBe(255)
      const square = await readImage(folder('out', sizes[75] as string))
      expect([square.rows, square.cols]).toEqual([75, 75])
      expect(square.data.filter((_, i) => i % 4 === 3).every((alpha) => alpha === 255)).toBe(true)
    }
  })

  it.each<[string, (name: string) => Promise<readonly Uint8Array[]>]>([
    ['cut out and stretched', (name) => cutOut(name, 'stretch')],
    ['cut out and padded', (name) => cutOut(name, 'pad')],
    ['one file', async (name) => [(await patchOf(folder(name, 'disc.png'), 75, 224, 'soft')).rgba]],
    ['its bytes', async (name) => [(await patchOf(readFileSync(folder(name, 'disc.png')), 75, 224, 'hard')).rgba]],
    ['a folder', async (name) => onesOf(await patchesFrom(folder(name)))],
    ['a manifest', async (name) => onesOf(await patchesFrom(manifestOf(name)))],
    ['for the live page', async (name) => [squareObject(await readImage(folder(name, 'disc.png')), 50)?.data ?? empty]],
  ])('that look the same give the same patches: %s', async (_, patchesOf) => {
    await drawDisc('black', [0, 0, 0])
    await drawDisc('green', [0, 255, 0])
    expect((await patchesOf('green')).map((data) => Buffer.from(data).toString('hex'))).toEqual(
      (await patchesOf('black')).map((data) => Buffer.from(data).toString('hex')),
    )
  })

  it('show what their mask shows only where they are opaque', async () => {
    await drawDisc('in', [0, 255, 0])
    await sharp({ create: { width: 60, height: 50, channels: 3, background: 'white' } })
      .png()
      .toFile(folder('in/disc.mask.png'))
    const { patches } = await ownPatches({ pictures: folder('in'), out: folder('out') })
    const { data } = await readImage(folder('out', patches[0]?.sizes[75] as string))
    expect(data.some((red, i) => i % 4 === 0 && data[i + 3] === 255 && red < 100)).toBe(false)
  })

  it('keep their proportions with transparent margins, whose colours leave the edge as it is', async () => {
    await fill()
    await ownPatches({ pictures: folder('in'), out: folder('out'), aspect: 'pad', sizes: [100] })
    const { data, rows, cols } = await readImage(folder('out/100/a.png'))
    const opaque = data.filter((_, i) => i % 4 === 3 && data[i] === 255).length
    expect(opaque / (rows * cols)).toBeCloseTo(0.5, 1)
    for (let i = 0; i < data.length; i += 4) {
      if (data[i + 3] === 255) expect([...data.subarray(i, i + 3)]).toEqual([255, 0, 0])
    }
  })

  it('that are long and thin are reduced before their margins are made', async () => {
    mkdirSync(folder('in'))
    // All but the first column is the object's: red above, blue below.
    const strip = (cols: number, rows: number) => {
      const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${cols}" height="${rows}"><rect x="1" width="${cols}" height="${rows / 2}" fill="#f00"/><rect x="1" y="${rows / 2}" width="${cols}" height="${rows / 2}" fill="#00f"/></svg>`
      return sharp(Buffer.from(svg)).png({ compressionLevel: 1 })
    }
    await strip(20_000, 800).toFile(folder('in/wide.png'))
    await strip(20_000, 800).rotate(90).toFile(folder('in/high.png'))
    await strip(30_000, 2).toFile(folder('in/thin.png'))
    const made = await ownPatches({ pictures: folder('in'), out: folder('out'), aspect: 'pad', sizes: [100] })
    expect(made.failed).toEqual([])
    for (const { name, file, sizes } of made.patches) {
      const { rows, cols } = await readImage(folder('out', file))
      expect([rows, cols]).toEqual([4096, 4096])
      const { data } = await readImage(folder('out', sizes[100] as string))
      const opaque = data.filter((_, i) => i % 4 === 3 && data[i] === 255).length
      if (name !== 'thin') expect(opaque).toBeGreaterThan(300)
      expect(opaque).toBeLessThan(800)
      expect(opaque % 100).toBe(0)
    }
  })

  it('that show no object are named, and the rest is kept', async () => {
    await fill()
    await sharp({ create: { width: 9, height: 9, channels: 3, background: 'red' } })
      .png()
      .toFile(folder('in/e.png'))
    await sharp({ create: { width: 9, height: 9, channels: 4, background: '#0000' } })
      .png()
      .toFile(folder('in/f.png'))
    writeFileSync(folder('in/g.png'), 'text')
    writeFileSync(folder('in/h.png'), readFileSync(folder('in/a.png')))
    writeFileSync(folder('in/h.mask.png'), readFileSync(folder('in/e.png')))
    await sharp(folder('in/d.jpg')).withMetadata({ orientation: 6 }).toFile(folder('in/i.jpg'))
    for (const mask of ['i', 'k']) writeFileSync(folder(`in/${mask}.mask.png`), readFileSync(folder('in/d.mask.png')))
    for (const twice of ['j.png', 'j.webp']) writeFileSync(folder('in', twice), readFileSync(folder('in/a.png')))
    for (const photo of ['l.jpg', 'm.jpg', 'm.mask.jpg'])
      writeFileSync(folder('in', photo), readFileSync(folder('in/d.jpg')))
    for (const mask of ['l.mask.png', 'm.mask.png'])
      await sharp({ create: { width: 60, height: 40, channels: 3, background: '#7f7f7f' } }).toFile(folder('in', mask))
    const made = await ownPatches({ pictures: folder('in'), out: folder('out') })
    expect(made.patches).toHaveLength(4)
    const reasons = made.failed.map(({ name, reason }) => `${name}: ${reason.replaceAll(folder('in/'), '')}`).sort()
    expect(reasons).toEqual([
      'e: e.png has no transparency; put its mask beside it as e.mask.png, white on the object',
      'f: f.png shows no object: it has no opaque pixels (alpha of 128 or more); make the object opaque',
      'g: cannot read g.png: it is not a picture; give PNG, JPEG, WebP, GIF, TIFF, AVIF or SVG',
      'h: h.mask.png is of 9×9 pixels, h.png of 60×40; make the mask of the same size',
      'i: i.mask.png is of 60×40 pixels, i.jpg of 40×60; photos are turned as their EXIF orientation says, so make the mask of the upright photo',
      `j: ${folder('in')} has several pictures named j: j.png, j.webp; keep one of them`,
      'k: k.mask.png is the mask of no picture k; rename one of them',
      'l: l.mask.png shows no object: it has no white pixels (128 or more) where l.jpg is opaque; paint the object white',
      `m: ${folder('in')} has several masks of m: m.mask.jpg, m.mask.png; keep one of them`,
    ])
  })

  it('must be there, and the patches go elsewhere', async () => {
    mkdirSync(folder('in'))
    await expect(ownPatches({ pictures: folder('in'), out: folder('out') })).rejects.toThrow(/no pictures/)
    await expect(ownPatches({ pictures: folder('in'), out: folder('in') })).rejects.toThrow(UsageError)
    await expect(ownPatches({ pictures: folder('nothing'), out: folder('out') })).rejects.toThrow(InputError)
    for (const name of ['x.mask.png', 'y.png', 'z.png', 'z.gif']) writeFileSync(folder('in', name), '')
    await expect(ownPatches({ pictures: folder('in'), out: folder('out') })).rejects.toThrow(
      /^no patch could be made of .*named z: z.gif, z.png; .*mask of no picture x; .*y.png: it is not a picture/,
    )
  })
})

describe('objects of COCO, and those that are built in', () => {
  it.each(['coco', 'built-in'])('are resized as the authors did: %s', async (kind) => {
    await drawDisc('green', [0, 255, 0])
    const image = await readImage(folder('green/disc.png'))
    const authors = [25, 75].map((size) => resizeHard(image, size, size, resizeBilinear).data)
    expect(await onesOf(await patchesFrom(manifestOf('green', kind)))).toEqual(authors)
  })
})

describe('a list of patches', () => {
  it('tells of the built-in ones and of any folder', async () => {
    expect(await listPatches(await builtInPatches())).toHaveLength(10)
    await fill()
    await ownPatches({ pictures: folder('in'), out: folder('out'), category: 'box' })
    const listed = await listPatches(await patchesFrom(folder('out')))
    expect(listed[0]).toEqual({
      name: 'a',
      category: 'box',
      path: folder('out/native/a.png'),
      rows: 10,
      cols: 20,
      opaque: 1,
    })
  })
})

describe('a study on another background', () => {
  it('is another study, and the same picture under another name the same', async () => {
    const study = (background: string) =>
      reproduce({
        models: ['tiny-alexnet'],
        sizes: [125],
        stride: 50,
        experiments: ['similarity'],
        patches: folder('one.png'),
        background,
        out: folder('results'),
      })
    await (await drawn()).png().toFile(folder('one.png'))
    const picture = { width: 300, height: 250, channels: 3 } as const
    await sharp({ create: { ...picture, background: 'green' } })
      .png()
      .toFile(folder('green.png'))
    writeFileSync(folder('also.png'), readFileSync(folder('green.png')))
    expect((await study(folder('green.png'))).computed).toBe(1)
    expect((await study(folder('also.png'))).computed).toBe(0)
    await sharp({ create: { ...picture, background: 'blue' } })
      .png()
      .toFile(folder('green.png'))
    expect((await study(folder('green.png'))).computed).toBe(1)
    expect((await study('noise:1')).computed).toBe(1)
    expect((await study('noise:1')).computed).toBe(0)
  })
})
