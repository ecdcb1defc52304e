import { readFileSync } from 'node:fs'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { decodePhotograph } from '../../src/patches/image.js'

/** test/golden/make_readings.py describes the format. */
interface Golden {
  readonly rows: number
  readonly cols: number
  readonly cases: readonly { readonly kind: string; readonly file: string; readonly rgb: string }[]
}

const golden: Golden = JSON.parse(readFileSync('test/golden/readings.json', 'utf8'))
const fileOf = (kind: string) => Buffer.from(golden.cases.find((one) => one.kind === kind)!.file, 'base64')

const DIFFERENT = [
  'CMYK JPEG',
  'CMYK TIFF',
  'PNG with transparency',
  'grey PNG with transparency',
  'grey PNG of 16 bits',
  'PNG with a transparent colour',
  'JPEG turned by a quarter',
  'JPEG with another profile',
]

describe('the reading of torchvision', () => {
  it.each(golden.cases)('has the pixels of Pillow: $kind', async ({ kind, file, rgb }) => {
    const { pixels, looksDifferent } = await decodePhotograph(Buffer.from(file, 'base64'), kind, 'torchvision')
    expect([pixels.rows, pixels.cols]).toEqual([golden.rows, golden.cols])
    expect(Buffer.compare(pixels.data, Buffer.from(rgb, 'base64'))).toBe(0)
    expect(looksDifferent).toBe(DIFFERENT.includes(kind))
  })
})

describe('the reading of a browser', () => {
  const shown = async (kind: string) => (await decodePhotograph(fileOf(kind), kind, 'display')).pixels
  const plain = async (kind: string) => sharp(fileOf(kind), { ignoreIcc: true }).ensureAlpha().raw().toBuffer()

  it('turns a photograph by its orientation', async () => {
    const { rows, cols, data } = await shown('JPEG turned by a quarter')
    expect([rows, cols]).toEqual([golden.cols, golden.rows])
    // The first row is the first column from its end.
    const before = await plain('JPEG turned by a quarter')
    expect([...data.subarray(0, 4)]).toEqual([...before.subarray((golden.rows - 1) * golden.cols * 4).subarray(0, 4)])
  })

  it.each(['JPEG with orientation 0', 'JPEG with orientation 9'])(
    'ignores an orientation that there is not: %s',
    async (kind) => {
      expect(Buffer.compare((await shown(kind)).data, await plain(kind))).toBe(0)
    },
  )

  it.each(['JPEG with sRGB', 'JPEG with a broken profile'])('converts no colours: %s', async (kind) => {
    expect(Buffer.compare((await shown(kind)).data, await plain(kind))).toBe(0)
  })

  it('converts no colours by a profile that has fewer tags than it states', async () => {
    const bytes = fileOf('JPEG with another profile')
    bytes.writeUInt32BE(1_000_000, bytes.indexOf('acsp') - 36 + 128)
    expect((await decodePhotograph(bytes, 'p', 'torchvision')).looksDifferent).toBe(false)
    expect((await decodePhotograph(bytes, 'p', 'display')).pixels.data).toEqual(
      new Uint8Array(await plain('JPEG with another profile')),
    )
  })

  it('converts another profile to sRGB', async () => {
    const kind = 'JPEG with another profile'
    const [{ data }, before] = [await shown(kind), await plain(kind)]
    // This profile exchanges red and green.
    const exchanged = data.map((_, i) => data[i ^ (i % 4 < 2 ? 1 : 0)]!)
    expect(Math.max(...exchanged.map((value, i) => Math.abs(value - before[i]!)))).toBeLessThanOrEqual(2)
  })
})
