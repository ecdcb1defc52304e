import assert from 'node:assert/strict'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import sharp, { type Sharp } from 'sharp'
import { readCocoIndex, readSegmentation } from '../../../src/patches/cocoAnnotations.js'
import { findImage } from '../../../src/patches/cocoImage.js'
import { cocoMask } from '../../../src/patches/cocoMask.js'
import { chooseObjects } from '../../../src/patches/cocoPatches.js'
import { decodeImage, type Image } from '../../../src/patches/image.js'
import type { Files, Reader } from '../reader.js'
import { parsed } from './goldens.js'

/** Larger ones would be of larger pictures. */
const MOST_PIXELS = 1 << 18

function checkPicture({ rows, cols, data }: Image): void {
  assert(rows > 0 && cols > 0)
  assert.equal(data.length, rows * cols * 4)
}

function checkMask(segmentation: unknown, rows: number, cols: number): void {
  const { columns } = cocoMask(segmentation, rows, cols)
  assert.equal(columns.length, rows * cols)
  assert(columns.every((value) => value <= 1))
}

const SIDE = 96
const polygon = [1, 1, 20, 1.5, 20, 30, 4, 30]
const runs = { size: [SIDE, SIDE], counts: [100, 50, SIDE * SIDE - 150] }
/** As COCO's API writes run lengths: 4000 and 5216. */
const compressed = { size: [SIDE, SIDE], counts: 'Pm3PS5' }

/** Sides come from a picture that is there. */
async function readMask(_: string, { 'mask.json': text }: Files): Promise<void> {
  const { segmentation } = parsed(text)
  checkMask(segmentation, SIDE, SIDE)
}

const images = [0, 1].map((id) => ({ id, file_name: `${id}.jpg`, width: 40, height: 30, license: 1 }))
const objects = [polygon, { size: [30, 40], counts: [100, 50, 1050] }].map((segmentation, id) => ({
  ...{ id, image_id: id, category_id: id, area: 100, bbox: [0, 0, 40, 30], iscrowd: id },
  segmentation: id === 0 ? [segmentation] : segmentation,
}))
const categories = ['dog', 'cat'].map((name, id) => ({ id, name }))
const licenses = [{ id: 1, name: 'free' }]
const annotationFile = { info: { year: 2017 }, licenses, images, annotations: objects, categories }

async function readAnnotations(folder: string): Promise<void> {
  const index = await readCocoIndex(join(folder, 'case.json'))
  for (const { image, annotation } of chooseObjects(index, [...index.categories.keys()].slice(0, 3), 2)) {
    const { rows, cols } = image ?? { rows: 1, cols: 1 }
    const found = image && (await findImage(folder, image))
    assert(found === undefined || found.path.startsWith(`${folder}/`), found?.path)
    const segmentation = await readSegmentation(index, annotation)
    if (rows * cols <= MOST_PIXELS) checkMask(segmentation, rows, cols)
  }
}

/** Small pictures in the forms that sharp writes. */
async function pictureGoldens(): Promise<readonly Files[]> {
  const raw = (width: number, height: number, channels: 1 | 3 | 4) => {
    const samples = Uint8Array.from({ length: width * height * channels }, (_, i) => i * 37)
    return sharp(samples, { raw: { width, height, channels } })
  }
  const forms: readonly Sharp[] = [
    ...[raw(9, 7, 4).png(), raw(9, 7, 3).png({ palette: true }), raw(9, 9, 1).toColourspace('grey16').png()],
    ...[raw(9, 7, 3).jpeg(), raw(9, 7, 3).jpeg({ progressive: true }), raw(16, 16, 3).toColourspace('cmyk').jpeg()],
    raw(9, 7, 3).withMetadata({ orientation: 5 }).jpeg(),
    ...[raw(9, 7, 4).webp(), raw(9, 7, 4).webp({ lossless: true }), raw(9, 7, 4).gif()],
    ...[raw(9, 7, 4).tiff(), raw(16, 16, 3).tiff({ tile: true }), raw(16, 16, 3).tiff({ compression: 'lzw' })],
    raw(16, 16, 4).avif({ effort: 0 }),
  ]
  return Promise.all(forms.map(async (form) => ({ picture: await form.toBuffer() })))
}

/** Checksums of PNG's chunks. */
function withPngChecksums(bytes: Buffer): Buffer {
  if (bytes.toString('latin1', 1, 4) !== 'PNG') return bytes
  for (let at = 8; at + 12 <= bytes.length; ) {
    const end = at + 8 + bytes.readUInt32BE(at)
    if (end + 4 > bytes.length) break
    bytes.writeUInt32BE(crc32(bytes.subarray(at + 4, end)), end)
    at = end + 4
  }
  return bytes
}

const svgs = [
  '<rect width="9" height="9" fill="url(#g)"/><linearGradient id="g"><stop offset="0.5" stop-color="red"/></linearGradient>',
  '<filter id="f"><feGaussianBlur stdDeviation="2"/><feTurbulence baseFrequency="0.1" numOctaves="2"/></filter><g filter="url(#f)"><circle r="9" cx="4" cy="5"/></g>',
  '<symbol id="s"><path d="M0 0L9 9C1 2 3 4 5 6A1 2 3 0 1 8 9Z" stroke-dasharray="1,2"/></symbol><use href="#s" x="3"/><use href="#s" transform="rotate(45)"/>',
  '<pattern id="p" width="2" height="2"><rect width="1" height="1"/></pattern><mask id="m"><rect width="9" height="9" fill="white"/></mask><rect width="9" height="9" fill="url(#p)" mask="url(#m)"/>',
  '<text font-size="9" x="1" y="9">text</text><image href="data:image/png;base64,AAAA" width="9" height="9"/><style>rect{fill:red}</style>',
].map((body) => `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 16 16">${body}</svg>`)

const svgWords = [
  ...['#s', '#p', '#m', 'url(#f)', 'url(#p)', 'url(#m)', 'secret.png', '../secret', 'scale(1e9)', '100%', '1e9px'],
  ...['feImage', 'feTile', 'feMorphology', 'radius', 'use', 'foreignObject', 'marker', 'clipPath', 'filter', 'href'],
  '<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY x SYSTEM "file:///etc/passwd">]>',
]

/** Annotations and outlines of COCO. */
export const objectsOfCoco: readonly Reader[] = [
  { name: 'annotations', goldens: [{ 'case.json': JSON.stringify(annotationFile) }], read: readAnnotations },
  {
    name: 'masks',
    goldens: [[polygon], runs, compressed].map((segmentation) => ({ 'mask.json': JSON.stringify({ segmentation }) })),
    words: ['Pm3PS5', '0', '00000', '~~~~~~~', 'oooooooo', '????????1'],
    read: readMask,
  },
]

/** Pictures of pixels, which libraries decode in this process. */
export const pictures: Reader = {
  name: 'pictures',
  goldens: pictureGoldens,
  mend: withPngChecksums,
  isExpensive: true,
  read: async (_, { picture }) => checkPicture(await decodeImage(picture as Uint8Array, 'picture')),
}

/** Drawing has a minute in use; few of the inputs that take seconds would end before. */
const limits = { seconds: 10, bytes: 2 ** 31 }

/** Drawn in a process of its own. */
export const svg: Reader = {
  name: 'svg',
  goldens: svgs.map((text) => ({ 'case.svg': text })),
  words: svgWords,
  isExpensive: true,
  read: async (_, { 'case.svg': text = '' }) =>
    checkPicture(await decodeImage(Buffer.from(text), 'case.svg', undefined, limits)),
}
