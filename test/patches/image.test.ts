import { truncateSync, writeFileSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import sharp, { type Sharp } from 'sharp'
import { describe, expect, it } from 'vitest'
import { decodeImage, readImage } from '../../src/patches/image.js'
import { pictureFormat } from '../../src/patches/pictureFormat.js'
import { messageOf } from '../support/messageOf.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const inFolder = temporaryFolder()

function raw(data: Uint8Array | Uint16Array, width: number, channels: 1 | 3 | 4): Sharp {
  return sharp(data, { raw: { width, height: data.length / width / channels, channels } })
}

function filled(width: number, height: number, background: string): Sharp {
  return sharp({ create: { width, height, channels: 3, background } })
}

/** The size and the RGBA samples of a picture, each pixel as hexadecimal digits. */
async function decoded(picture: Sharp) {
  const { rows, cols, data } = await decodeImage(await picture.toBuffer(), 'x')
  return { rows, cols, pixels: Buffer.from(data).toString('hex').match(/.{8}/g) ?? [] }
}

/** A PNG of one pixel whose header claims another size. */
async function claimingPng(width: number, height: number): Promise<Buffer> {
  const png = await filled(1, 1, 'red').png().toBuffer()
  png.writeUInt32BE(width, 16)
  png.writeUInt32BE(height, 20)
  png.writeUInt32BE(crc32(png.subarray(12, 29)), 29)
  return png
}

describe('reading a picture', () => {
  it.each<[string, (picture: Sharp) => Sharp]>([
    ['PNG', (picture) => picture.png()],
    ['WebP', (picture) => picture.webp({ lossless: true, exact: true })],
    ['TIFF', (picture) => picture.tiff({ compression: 'lzw' })],
  ])('gives the samples of a lossless %s, colour under alpha 0 too', async (_, encoded) => {
    const pixels = ['c80050ff', '01020300', '0405067f', 'fffefd01', '090807fe', '00000000']
    const picture = encoded(raw(Buffer.from(pixels.join(''), 'hex'), 3, 4))
    expect(await decoded(picture)).toEqual({ rows: 2, cols: 3, pixels })
  })

  it('makes pictures opaque, coloured and of 8 bits', async () => {
    expect((await decoded(raw(Uint8Array.of(1, 2, 3), 1, 3).png())).pixels).toEqual(['010203ff'])
    const greys = raw(Uint8Array.of(0, 100), 2, 1).toColourspace('b-w').png()
    expect((await decoded(greys)).pixels).toEqual(['000000ff', '646464ff'])
    const deep = Uint16Array.of(0, 0x1234, 0xffff, 0x80ff, 0xff, 0xff00, 0xabcd, 0x7fff)
    expect((await decoded(raw(deep, 2, 4).toColourspace('rgb16').png())).pixels).toEqual(['0012ff80', '00ffab7f'])
  })

  it('reads a file again that has changed since', async () => {
    for (const grey of [10, 20]) {
      const picture = raw(Uint8Array.of(grey, grey, grey), 1, 3)
      await picture.toFile(inFolder('changing.png'))
      expect([...(await readImage(inFolder('changing.png'))).data]).toEqual([grey, grey, grey, 255])
    }
  })

  it('turns CMYK into RGB', async () => {
    const [pixel = ''] = (await decoded(filled(8, 8, '#d02020').toColourspace('cmyk').jpeg({ quality: 100 }))).pixels
    const [red, green, blue, alpha] = Buffer.from(pixel, 'hex') as unknown as [number, number, number, number]
    expect(alpha).toBe(255)
    for (const difference of [red - 0xd0, green - 0x20, blue - 0x20]) expect(Math.abs(difference)).toBeLessThan(49)
  })

  it('turns a photograph upright, as viewers and OpenCV show it', async () => {
    const leftWhite = Uint8Array.from({ length: 16 * 8 * 3 }, (_, i) => (Math.floor(i / 3) % 16 < 8 ? 255 : 0))
    const { rows, cols, pixels } = await decoded(raw(leftWhite, 16, 3).withMetadata({ orientation: 6 }).jpeg())
    expect([rows, cols]).toEqual([16, 8])
    expect(pixels.map((pixel) => Number(pixel > '7f')).join('')).toBe('1'.repeat(64) + '0'.repeat(64))
  })

  it('takes the first picture of an animation', async () => {
    const frames = await Promise.all(['#ff0000', '#0000ff'].map((colour) => filled(4, 4, colour).png().toBuffer()))
    const { rows, pixels } = await decoded(sharp(frames, { join: { animated: true } }).gif())
    expect([rows, pixels[0]]).toEqual([4, 'ff0000ff'])
  })
})

describe('pictures that are refused', () => {
  const NO_PICTURE = 'cannot read x: it is not a picture; give PNG, JPEG, WebP, GIF, TIFF, AVIF or SVG'

  it('have more pixels or bytes than are read', async () => {
    const ofClaim = async (rows: number) => messageOf(decodeImage(await claimingPng(8000, rows), 'x'))
    expect(await ofClaim(8001)).toBe('cannot read x: it has more than 64 million pixels; make it smaller')
    expect(await ofClaim(8000)).toMatch(/^cannot read x: the picture is damaged/)
    const path = inFolder('large.png')
    writeFileSync(path, '')
    truncateSync(path, 2 ** 28 + 1)
    expect(await messageOf(readImage(path))).toContain('has 268435457 bytes, and the limit is 268435456')
    truncateSync(path, 2 ** 28)
    expect(await messageOf(readImage(path))).toBe(NO_PICTURE.replace('x', path))
  })

  it('are missing files, folders, and files of another kind', async () => {
    const missing = inFolder('nothing.png')
    expect(await messageOf(readImage(missing))).toBe(`cannot read ${missing}: no such file; check the path`)
    expect(await messageOf(readImage(inFolder()))).toBe(`${inFolder()} is not a file; give a picture`)
    for (const text of ['', 'text', '%PDF-1.4\n'])
      expect(await messageOf(decodeImage(Buffer.from(text), 'x'))).toBe(NO_PICTURE)
  })

  it.each(['png', 'jpeg', 'webp'] as const)('are cut off on the way: %s', async (format) => {
    const noise = Uint8Array.from({ length: 64 * 64 * 4 }, (_, i) => Math.imul(i, 2654435761) >>> 24)
    const whole = await raw(noise, 64, 4).toFormat(format).toBuffer()
    const refusal = await messageOf(decodeImage(whole.subarray(0, whole.length / 2), 'x'))
    expect(refusal).toMatch(/^cannot read x: (the picture is damaged \(.*\); make it again|it is not)/)
  })

  it.each([
    ...['\x89PNG\r\n\x1a\n', '\xff\xd8\xff', 'RIFF    WEBP', 'GIF8', 'GIF89a', 'II*\0', 'MM\0*', 'II+\0', 'MM\0+'],
    ...['\0\0\0\x14ftypavif\0\0\0\0avif', '    ftypavif    avif', '\0\0\0\x20ftypmif1\0\0\0\0avif', 'text ', '<html>'],
  ])('are drawings behind %j, which none may hide a program', async (head) => {
    const drawing = '<svg xmlns="http://www.w3.org/2000/svg" width="2" height="2"><path d="M0 0h2v2"/></svg>'
    for (const padding of head === '<html>' ? [] : ['', ' '.repeat(30)])
      await messageOf(decodeImage(Buffer.from(head + padding + drawing, 'latin1'), 'x'))
  })
})

it.each([
  ['\x89PNG\r\n\x1a\n', 'png'],
  ['\x89PNG\n', undefined],
  ['\xff\xd8\xff', 'jpeg'],
  ['RIFF\0\0\0\0WEBP', 'webp'],
  ['RIFF\0\0\0\0WAVE', undefined],
  ['WEBPRIFFWEBP', undefined],
  ['GIF87a', 'gif'],
  ['II*\0', 'tiff'],
  ['MM\0*', 'tiff'],
  ['II+\0', 'tiff'],
  ['MM\0+', 'tiff'],
  ['\0\0\0\x14ftypavif\0\0\0\0avif', 'avif'],
  ['\0\0\0\x18ftypmif1\0\0\0\0miafavis', 'avif'],
  ['\0\0\0\x14ftypmif1\0\0\0\0miafavif', undefined],
  ['\0\0\0\x14ftypheic\0\0\0\0avif', undefined],
  ['\0\0\0\x15ftypavif\0\0\0\0avif', undefined],
  ['\0\0\x08\0ftypavif', 'avif'],
  ['\0\0\x08\x04ftypavif', undefined],
  ['\0\0\0\x14styp' + 'avif', undefined],
  ['\xef\xbb\xbf <?xml', 'svg'],
  ['\n<svg', 'svg'],
  ['\x1f\x8b', 'svg'],
  ['text <svg', undefined],
])('the first bytes %j are of %s', (head, format) => {
  const bytes = Buffer.from(`0${head}`, 'latin1').subarray(1)
  expect(pictureFormat(bytes)).toBe(format)
})
