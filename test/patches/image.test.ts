import { mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { InputError } from '../../src/errors.js'
import { decodeImage, readImage } from '../../src/patches/image.js'
import { pictureFormat } from '../../src/patches/pictureFormat.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const inFolder = temporaryFolder()

/** A PNG whose header claims a size and whose pixels are missing. */
function claimingPng(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
    const around = Buffer.alloc(8)
    around.writeUInt32BE(data.length, 0)
    around.writeUInt32BE(checksum(body), 4)
    return Buffer.concat([around.subarray(0, 4), body, around.subarray(4)])
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 6, 0, 0, 0], 8)
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', Buffer.alloc(0)),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

/** CRC-32 as PNG has it. */
function checksum(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  }
  return (crc ^ 0xffffffff) >>> 0
}

const pixels = (picture: { data: Uint8Array }) => {
  const { data } = picture
  return Array.from({ length: data.length / 4 }, (_, i) => [...data.subarray(i * 4, i * 4 + 4)])
}

async function refusalOf(path: string): Promise<string> {
  const error = await readImage(path).then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(error).toBeInstanceOf(InputError)
  const { message } = error as InputError
  expect(message).toContain(path)
  expect(message).not.toContain('\n')
  return message
}

describe('reading a picture', () => {
  it.each(['png', 'webp', 'tiff'] as const)(
    'gives the RGBA samples of a lossless %s, colour under alpha 0 too',
    async (format) => {
      const pictures = fc.tuple(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 8 })).chain(([rows, cols]) =>
        fc.record({
          rows: fc.constant(rows),
          cols: fc.constant(cols),
          data: fc.uint8Array({ minLength: rows * cols * 4, maxLength: rows * cols * 4 }),
        }),
      )
      await fc.assert(
        fc.asyncProperty(pictures, async ({ rows, cols, data }) => {
          const options =
            format === 'webp' ? { lossless: true, exact: true } : format === 'tiff' ? { compression: 'lzw' } : {}
          await sharp(data, { raw: { width: cols, height: rows, channels: 4 } })
            .toFormat(format, options as object)
            .toFile(inFolder('picture'))
          const read = await readImage(inFolder('picture'))
          expect([read.rows, read.cols]).toEqual([rows, cols])
          expect([...read.data]).toEqual([...data])
        }),
        { numRuns: 20 },
      )
    },
  )

  it('reads a file again that has changed since', async () => {
    for (const grey of [10, 20]) {
      await sharp(new Uint8Array([grey, grey, grey]), { raw: { width: 1, height: 1, channels: 3 } })
        .png()
        .toFile(inFolder('changing.png'))
      expect(pixels(await readImage(inFolder('changing.png')))).toEqual([[grey, grey, grey, 255]])
    }
  })

  it('makes a picture without alpha opaque', async () => {
    await sharp(new Uint8Array([1, 2, 3, 4, 5, 6]), { raw: { width: 2, height: 1, channels: 3 } })
      .png()
      .toFile(inFolder('rgb.png'))
    expect(pixels(await readImage(inFolder('rgb.png')))).toEqual([
      [1, 2, 3, 255],
      [4, 5, 6, 255],
    ])
  })

  it('spreads grey over the three colours', async () => {
    await sharp(new Uint8Array([0, 100, 255]), { raw: { width: 3, height: 1, channels: 1 } })
      .toColourspace('b-w')
      .png()
      .toFile(inFolder('grey.png'))
    expect((await sharp(inFolder('grey.png')).metadata()).channels).toBe(1)
    expect(pixels(await readImage(inFolder('grey.png')))).toEqual([
      [0, 0, 0, 255],
      [100, 100, 100, 255],
      [255, 255, 255, 255],
    ])
  })

  it('takes the upper byte of 16-bit samples', async () => {
    const samples = Uint16Array.from([0, 0x1234, 0xffff, 0x80ff, 0x00ff, 0xff00, 0xabcd, 0x7fff])
    await sharp(samples, { raw: { width: 2, height: 1, channels: 4 } })
      .toColourspace('rgb16')
      .png()
      .toFile(inFolder('deep.png'))
    expect((await sharp(inFolder('deep.png')).metadata()).depth).toBe('ushort')
    expect(pixels(await readImage(inFolder('deep.png')))).toEqual([
      [0x00, 0x12, 0xff, 0x80],
      [0x00, 0xff, 0xab, 0x7f],
    ])
  })

  it('turns CMYK into RGB', async () => {
    const colours = { white: '#ffffff', black: '#000000', red: '#d02020' }
    for (const [name, background] of Object.entries(colours)) {
      await sharp({ create: { width: 8, height: 8, channels: 3, background } })
        .toColourspace('cmyk')
        .jpeg({ quality: 100 })
        .toFile(inFolder(`${name}.jpg`))
      expect((await sharp(inFolder(`${name}.jpg`)).metadata()).space).toBe('cmyk')
      const [red, green, blue, alpha] = pixels(await readImage(inFolder(`${name}.jpg`)))[27] as number[]
      const wanted = [1, 3, 5].map((at) => Number.parseInt(background.slice(at, at + 2), 16))
      ;[red, green, blue].forEach((value, i) => {
        expect(Math.abs((value as number) - (wanted[i] as number))).toBeLessThanOrEqual(48)
      })
      expect(alpha).toBe(255)
    }
  })

  it('turns a photograph upright, as viewers and OpenCV show it', async () => {
    const leftWhite = Uint8Array.from({ length: 16 * 8 * 3 }, (_, i) => (Math.floor(i / 3) % 16 < 8 ? 255 : 0))
    await sharp(leftWhite, { raw: { width: 16, height: 8, channels: 3 } })
      .withMetadata({ orientation: 6 })
      .jpeg({ quality: 100 })
      .toFile(inFolder('turned.jpg'))
    const picture = await readImage(inFolder('turned.jpg'))
    expect([picture.rows, picture.cols]).toEqual([16, 8])
    const colours = pixels(picture).map(([red]) => ((red as number) > 127 ? 'white' : 'black'))
    expect(colours).toEqual([...Array(64).fill('white'), ...Array(64).fill('black')])
  })

  it('draws SVG at its own size', async () => {
    writeFileSync(
      inFolder('drawing.svg'),
      '<svg xmlns="http://www.w3.org/2000/svg" width="3" height="2"><rect width="3" height="1" fill="#102030"/></svg>',
    )
    expect(pixels(await readImage(inFolder('drawing.svg')))).toEqual([
      ...Array(3).fill([16, 32, 48, 255]),
      ...Array(3).fill([0, 0, 0, 0]),
    ])
  })

  it('takes the first picture of an animation', async () => {
    const frame = (background: string) =>
      sharp({ create: { width: 4, height: 4, channels: 4, background } })
        .png()
        .toBuffer()
    await sharp([await frame('#ff0000'), await frame('#0000ff')], { join: { animated: true } })
      .gif()
      .toFile(inFolder('moving.gif'))
    const { rows, cols, data } = await readImage(inFolder('moving.gif'))
    expect([rows, cols, ...data.subarray(0, 4)]).toEqual([4, 4, 255, 0, 0, 255])
  })
})

describe('pictures that are refused', () => {
  it('are those whose header claims more pixels than are decoded', async () => {
    writeFileSync(inFolder('huge.png'), claimingPng(100_000, 100_000))
    expect(await refusalOf(inFolder('huge.png'))).toMatch(/has more than 64 million pixels; make it smaller/)
  })

  it('and files larger than are opened', async () => {
    writeFileSync(inFolder('large.png'), '')
    truncateSync(inFolder('large.png'), 256 * 1024 * 1024 + 1)
    expect(await refusalOf(inFolder('large.png'))).toMatch(/268435457 bytes, more than the 268435456 that are read/)
  })

  it('missing files, folders, empty and other files', async () => {
    expect(await refusalOf(inFolder('nothing.png'))).toMatch(/no such file; check the path/)
    mkdirSync(inFolder('folder'))
    expect(await refusalOf(inFolder('folder'))).toMatch(/is not a file; give a picture/)
    writeFileSync(inFolder('empty.png'), '')
    await refusalOf(inFolder('empty.png'))
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1 }), async (bytes) => {
        writeFileSync(inFolder('noise.png'), bytes)
        expect(await refusalOf(inFolder('noise.png'))).toMatch(/it is not a picture|the picture is damaged/)
      }),
      { numRuns: 20 },
    )
  })

  it('pictures cut off on the way', async () => {
    const noise = Uint8Array.from({ length: 64 * 64 * 4 }, (_, i) => Math.imul(i, 2654435761) >>> 24)
    for (const format of ['png', 'jpeg', 'webp'] as const) {
      const whole = await sharp(noise, { raw: { width: 64, height: 64, channels: 4 } })
        .toFormat(format)
        .toBuffer()
      writeFileSync(inFolder(`cut.${format}`), whole.subarray(0, whole.length / 2))
      expect(await refusalOf(inFolder(`cut.${format}`))).toMatch(/the picture is damaged|not a picture/)
    }
  })
})

/** SVG of a square of pixels. */
const svg = (side: number, content: string) =>
  Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="${side}" height="${side}">${content}</svg>`)

describe('a drawing that asks for more than there is', () => {
  const generous = { seconds: 60, bytes: Number.POSITIVE_INFINITY }
  const filtered = (filter: string) =>
    svg(5000, `<filter id="f">${filter}</filter><rect width="5000" height="5000" filter="url(#f)"/>`)
  const messageOf = async (bytes: Uint8Array, limits = generous, signal?: AbortSignal) =>
    decodeImage(bytes, 'x.svg', signal, limits).then(
      () => 'drawn',
      (error: Error) => error.message,
    )

  it.each([
    ['a wide morphology', filtered('<feMorphology operator="dilate" radius="2000"/>')],
    ['turbulence without end', filtered('<feTurbulence baseFrequency="0.1" numOctaves="1000000000"/>')],
    [
      'copies of copies',
      svg(
        100,
        `<defs><path id="a0" d="M0 0h9"/>${Array.from(
          { length: 12 },
          (_, i) => `<g id="a${i + 1}">${`<use href="#a${i}"/>`.repeat(10)}</g>`,
        ).join('')}</defs><use href="#a12"/>`,
      ),
    ],
  ])('is given up after its time: %s', async (_, bytes) => {
    expect(await messageOf(bytes, { ...generous, seconds: 1 })).toBe(
      'cannot read x.svg: it takes longer than 1 s; draw it as PNG',
    )
  })

  it('is given up beyond its memory', async () => {
    const layers = 40
    const group = '<g opacity=".5"><path d="M0 0h8000v8000H0z"/>'
    const bytes = svg(8000, `${group.repeat(layers)}${'</g>'.repeat(layers)}`)
    expect(await messageOf(bytes, { ...generous, bytes: 300 * 2 ** 20 })).toBe(
      'cannot read x.svg: it takes more than 300 MiB of memory; draw it as PNG',
    )
  })

  it('is ended by a signal', async () => {
    const stop = new AbortController()
    setTimeout(() => stop.abort(new Error('enough')), 500)
    expect(await messageOf(filtered('<feMorphology radius="2000"/>'), generous, stop.signal)).toBe('enough')
  })
})

describe('a drawing', () => {
  const bytes = svg(2, '<rect width="2" height="2" fill="#123456"/>')
  const isDrawn = (file: Uint8Array) =>
    decodeImage(file, 'x').then(
      ({ data }) => data.subarray(0, 4).join() === '18,52,86,255',
      () => false,
    )

  it('may be compressed, and begin with a declaration', async () => {
    expect(await isDrawn(bytes)).toBe(true)
    expect(await isDrawn(gzipSync(bytes))).toBe(true)
    expect(await isDrawn(Buffer.concat([Buffer.from('<?xml version="1.0"?><!-- a -->'), bytes]))).toBe(true)
  })

  it('hides behind no first bytes of another format', async () => {
    const heads = [
      ...['\x89PNG\r\n\x1a\n', '\xff\xd8\xff', 'RIFF    WEBP', 'GIF8', 'GIF89a', 'II*\0', 'MM\0*', 'II+\0', 'MM\0+'],
      ...['\0\0\0\x14ftypavif\0\0\0\0avif', '    ftypavif    avif', '\0\0\0\x20ftypmif1\0\0\0\0avif'],
      ...['text ', '%PDF-1.4\n', '<html>'],
    ]
    for (const head of heads)
      for (const padding of ['', ' '.repeat(30)])
        expect(await isDrawn(Buffer.concat([Buffer.from(head + padding, 'latin1'), bytes])), head).toBe(false)
  })
})

describe('formats', () => {
  it('are those that are known by their first bytes', async () => {
    const picture = sharp({ create: { width: 16, height: 16, channels: 3, background: 'red' } })
    for (const format of ['png', 'jpeg', 'webp', 'gif', 'tiff', 'avif'] as const)
      expect(pictureFormat(await picture.clone().toFormat(format).toBuffer())).toBe(format)
    expect(pictureFormat(await picture.clone().tiff({ bigtiff: true }).toBuffer())).toBe('tiff')
    expect(pictureFormat(Buffer.from('%PDF-1.4'))).toBeUndefined()
  })
})
