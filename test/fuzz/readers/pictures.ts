import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32, deflateSync } from 'node:zlib'
import sharp, { type Sharp } from 'sharp'
import { type CocoAnnotation, type CocoImage, readCocoIndex } from '../../../src/patches/cocoAnnotations.js'
import { readImageFile } from '../../../src/patches/cocoImage.js'
import { chooseObjects, cutOut } from '../../../src/patches/cocoPatches.js'
import { decodeImage, type Image } from '../../../src/patches/image.js'
import { messageLine } from '../../../src/support/text.js'
import { mutate, oddNumber } from '../mutation.js'
import type { Random } from '../random.js'
import { messageFaults, placeFiles, type Reader } from '../reader.js'

/** MiB that a case may take: the largest picture that is read has 256 as RGBA, and is made from as many again. */
export const pixelGrowth = 1024
/** The process that decodes a picture has a minute. */
export const pixelSeconds = 70

const kinds = ['png', 'jpeg', 'webp', 'gif', 'tiff', 'avif'] as const
type Kind = (typeof kinds)[number]

/** Pictures of points. */
export const pictures: Reader = {
  name: 'pictures',
  isExpensive: true,
  mostGrowth: pixelGrowth,
  mostSeconds: pixelSeconds,
  open: async (folder) => {
    const corpus = await intactPictures()
    const cocoObject = await openCoco(folder)
    return {
      draw: (random) => {
        const kind = random.pick(kinds)
        const intact = kind === 'png' && random.chance(0.4) ? drawPng(random) : random.pick(corpus[kind])
        const changed = random.chance(0.9) ? mutate(intact, random, corpus[random.pick(kinds)]) : intact
        const bytes = kind === 'png' && random.chance(0.8) ? withChecksums(changed) : changed
        return { kind: random.chance(0.2) ? 'coco' : kind, files: { [`case.${kind}`]: bytes } }
      },
      read: async (drawn) => {
        const [[name, bytes] = ['', '']] = Object.entries(drawn.files)
        if (drawn.kind !== 'coco') return pictureFaults(await decodeImage(bytes as Uint8Array, name))
        placeFiles(folder, drawn)
        return cocoObject(join(folder, name))
      },
    }
  },
}

/** Cuts an object out of a picture of 9×7 pixels as COCO's are; @returns undefined where the object is refused alone. */
async function openCoco(folder: string): Promise<(path: string) => Promise<readonly string[] | undefined>> {
  const file = join(folder, 'annotations.json')
  const object = { id: 1, image_id: 1, category_id: 1, bbox: [0, 0, 40, 40], segmentation: [[0, 0, 9, 0, 9, 7, 0, 7]] }
  const images = [{ id: 1, file_name: 'case', width: 9, height: 7 }]
  writeFileSync(file, JSON.stringify({ images, annotations: [object], categories: [{ id: 1, name: 'dog' }] }))
  const index = await readCocoIndex(file, 'authors')
  const [{ annotation, image } = {}] = chooseObjects(index, ['dog'], 1)
  return async (path) => {
    try {
      const bytes = await readImageFile(path, image as CocoImage)
      return pictureFaults(await cutOut(index, annotation as CocoAnnotation, image as CocoImage, bytes))
    } catch (error) {
      if (!(error instanceof Error) || error.constructor !== Error) throw error
      const faults = messageFaults(messageLine(error.message))
      return faults.length > 0 ? faults : undefined
    }
  }
}

/** A picture of a colour that nothing else has, beside the case. */
export async function placeSecret(folder: string): Promise<void> {
  const [r, g, b] = secret
  const background = { r, g, b }
  writeFileSync(
    join(folder, 'secret.png'),
    await sharp({ create: { width: 9, height: 9, channels: 3, background } })
      .png()
      .toBuffer(),
  )
}

const secret = [193, 7, 211] as const

export function pictureFaults({ rows, cols, data }: Image): string[] {
  if (data.length !== rows * cols * 4 || rows < 1 || cols < 1)
    return [`${cols}×${rows} pixels have ${data.length} bytes`]
  for (let i = 0; i < Math.min(data.length, 1 << 16); i += 4)
    if (secret.every((value, channel) => data[i + channel] === value)) return ['shows what another file holds']
  return []
}

/** Small ones of all that sharp writes, in several forms. */
async function intactPictures(): Promise<Readonly<Record<Kind, readonly Buffer[]>>> {
  const raw = (width: number, height: number, channels: 1 | 2 | 3 | 4) =>
    sharp(
      Uint8Array.from({ length: width * height * channels }, (_, i) => i * 37),
      { raw: { width, height, channels } },
    )
  const all = (forms: readonly Sharp[]) => Promise.all(forms.map((form) => form.toBuffer()))
  const frames = await all([raw(7, 7, 4).png(), raw(7, 7, 3).png()])
  const animated = () => sharp(frames, { join: { animated: true } })
  return {
    png: await all([
      raw(9, 7, 4).png(),
      raw(9, 7, 3).png({ palette: true }),
      raw(5, 5, 1).toColourspace('grey16').png(),
      raw(9, 9, 2).png({ progressive: true }),
      raw(8, 8, 3)
        .withExif({ IFD0: { Orientation: '6' } })
        .png(),
    ]),
    jpeg: await all([
      raw(9, 7, 3).jpeg(),
      raw(9, 7, 3).jpeg({ progressive: true }),
      raw(16, 16, 1).jpeg(),
      raw(16, 16, 3).toColourspace('cmyk').jpeg(),
      raw(9, 7, 3).withMetadata({ orientation: 5 }).jpeg({ chromaSubsampling: '4:4:4' }),
    ]),
    webp: await all([
      raw(9, 7, 4).webp(),
      raw(9, 7, 4).webp({ lossless: true }),
      raw(9, 7, 3).withMetadata({ orientation: 3 }).webp(),
      animated().webp(),
    ]),
    gif: await all([raw(9, 7, 4).gif(), raw(5, 5, 3).gif({ progressive: true }), animated().gif()]),
    tiff: await all([
      raw(9, 7, 4).tiff(),
      raw(16, 16, 3).tiff({ tile: true, tileWidth: 16, tileHeight: 16 }),
      raw(16, 16, 3).tiff({ compression: 'lzw', predictor: 'horizontal' }),
      raw(16, 16, 3).tiff({ compression: 'jpeg' }),
      raw(16, 16, 1).tiff({ bitdepth: 1 }),
      raw(32, 32, 3).tiff({ pyramid: true, tile: true, tileWidth: 16, tileHeight: 16 }),
      raw(9, 7, 3).tiff({ compression: 'deflate', bigtiff: true }),
    ]),
    avif: await all([raw(16, 16, 4).avif({ effort: 0 }), raw(16, 16, 3).avif({ effort: 0, lossless: true })]),
  }
}

/** Its parts with right checksums, sizes and depths of all kinds. */
function drawPng(random: Random): Buffer {
  const side = () => (random.chance(0.8) ? 1 + random.below(20) : Number(oddNumber(random, 64) & 0xffffffffn))
  const header = Buffer.alloc(13)
  header.writeUInt32BE(side(), 0)
  header.writeUInt32BE(side(), 4)
  header.writeUInt8(random.chance(0.9) ? random.pick([1, 2, 4, 8, 16]) : random.below(256), 8)
  header.writeUInt8(random.chance(0.9) ? random.pick([0, 2, 3, 4, 6]) : random.below(256), 9)
  header.writeUInt8(random.chance(0.95) ? random.below(2) : random.below(256), 12)
  const data = deflateSync(
    random.chance(0.9) ? random.bytes(random.below(2000)) : Buffer.alloc(random.below(2_000_000)),
  )
  const extra = (): Buffer => {
    const name = random.pick([
      'PLTE',
      'tRNS',
      'gAMA',
      'cHRM',
      'iCCP',
      'sRGB',
      'eXIf',
      'zTXt',
      'iTXt',
      'tEXt',
      'pHYs',
      'bKGD',
      'acTL',
      'fcTL',
      'fdAT',
      'sBIT',
      'xxxx',
    ])
    const content =
      name === 'iCCP' || name === 'zTXt'
        ? Buffer.concat([Buffer.from('name\0\0'), deflateSync(random.bytes(random.below(300)))])
        : random.bytes(random.below(800))
    return chunk(name, content)
  }
  const parts = [
    chunk('IHDR', header),
    ...random.several(4, extra),
    chunk('IDAT', data),
    ...random.several(2, extra),
    chunk('IEND', Buffer.alloc(0)),
  ]
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), ...parts])
}

function chunk(name: string, content: Buffer): Buffer {
  const whole = Buffer.alloc(content.length + 12)
  whole.writeUInt32BE(content.length, 0)
  whole.write(name, 4, 'latin1')
  content.copy(whole, 8)
  whole.writeUInt32BE(crc32(whole.subarray(4, 8 + content.length)), 8 + content.length)
  return whole
}

/** Checksums that fit, so that what lies behind them is reached. */
function withChecksums(bytes: Buffer): Buffer {
  const result = Buffer.from(bytes)
  for (let at = 8; at + 12 <= result.length; ) {
    const end = at + 8 + result.readUInt32BE(at)
    if (end + 4 > result.length) break
    result.writeUInt32BE(crc32(result.subarray(at + 4, end)), end)
    at = end + 4
  }
  return result
}
