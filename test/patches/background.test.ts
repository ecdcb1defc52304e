import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { InputError, UsageError } from '../../src/errors.js'
import { noise, readBackground } from '../../src/patches/background.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const folder = temporaryFolder()

async function picture(name: string, cols: number, rows: number, data: Uint8Array, channels: 3 | 4 = 3) {
  await sharp(data, { raw: { width: cols, height: rows, channels } })
    .png()
    .toFile(folder(name))
  return folder(name)
}

describe('a background', () => {
  it('is a colour under one identity, however it is written', async () => {
    expect(await readBackground('white', 4)).toEqual({ identity: 'white', background: { rgb: [255, 255, 255] } })
    expect(await readBackground('#0A0b0C', 4)).toEqual({ identity: '#0a0b0c', background: { rgb: [10, 11, 12] } })
  })

  it('is noise that its seed alone decides', async () => {
    const { identity, background } = await readBackground('noise:007', 224)
    expect(identity).toBe('noise:7')
    expect(background).toEqual({ image: noise(7, 224, 224) })
    const values = noise(7, 224, 224)
    expect(values).not.toEqual(noise(8, 224, 224))
    const counts = new Array<number>(256).fill(0)
    for (const value of values) counts[value] = (counts[value] as number) + 1
    // 588 expected of each value, standard deviation 24.
    for (const count of counts) expect(Math.abs(count - 588)).toBeLessThan(5 * 24.3)
    const lag = values.reduce((sum, value, i) => sum + (value - 127.5) * ((values[i - 3] ?? 127.5) - 127.5), 0)
    expect(Math.abs(lag / values.length / 5461)).toBeLessThan(0.02)
  })

  it('is a picture, as it is if it has the size, identified by its pixels', async () => {
    const data = Uint8Array.from({ length: 8 * 8 * 3 }, (_, i) => (i * 31) % 256)
    const one = await readBackground(await picture('one.png', 8, 8, data), 8)
    expect(one.background).toEqual({ image: data })
    const again = await readBackground(await picture('two.png', 8, 8, data), 8)
    expect(again.identity).toBe(one.identity)
    data[5] = 1
    const other = await readBackground(await picture('one.png', 8, 8, data), 8)
    expect(other.identity).not.toBe(one.identity)
  })

  it('is a picture scaled to cover the frame, its middle kept', async () => {
    const data = Uint8Array.from({ length: 40 * 10 * 3 }, (_, i) => (Math.floor(i / 3) % 40 < 15 ? 0 : 200))
    const { background } = await readBackground(await picture('wide.png', 40, 10, data), 20)
    const { image } = background as { image: Uint8Array }
    expect(image).toHaveLength(20 * 20 * 3)
    // The middle 10 columns, 15 to 24, are bright.
    expect(image[3 * 10]).toBe(200)
    expect(Math.min(...image.subarray(3 * 5, 3 * 20))).toBeGreaterThan(190)
  })

  it('is white where a picture is transparent, in the share that it is', async () => {
    const pixels = Uint8Array.of(...[9, 9, 9, 0], ...[0, 100, 200, 51], ...[2, 1, 0, 127], ...[7, 8, 9, 255])
    const { background } = await readBackground(await picture('a.png', 2, 2, pixels, 4), 2)
    const onWhite = [...[255, 255, 255], ...[204, 224, 244], ...[129, 128, 128], ...[7, 8, 9]]
    expect(background).toEqual({ image: Uint8Array.from(onWhite) })
  })

  it.each(['', 'black', 'noise:', 'noise:-1', 'noise:4294967296', '#12', 'nothing.png'])('is not %j', async (text) => {
    await expect(readBackground(text, 8)).rejects.toThrow(UsageError)
  })

  it('must be a picture', async () => {
    const { fileURLToPath } = await import('node:url')
    await expect(readBackground(fileURLToPath(import.meta.url), 8)).rejects.toThrow(InputError)
  })
})
