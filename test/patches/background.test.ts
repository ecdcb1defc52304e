import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { InputError, UsageError } from '../../src/errors.js'
import { sha256 } from '../../src/files/sha256.js'
import { noise, readBackground } from '../../src/patches/background.js'
import { messageOf } from '../support/messageOf.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const folder = temporaryFolder()

async function picture(name: string, cols: number, data: Uint8Array, channels: 3 | 4 = 3) {
  const raw = { width: cols, height: data.length / cols / channels, channels }
  await sharp(data, { raw }).png().toFile(folder(name))
  return folder(name)
}

describe('a background', () => {
  it('is a colour under one identity, however it is written', async () => {
    expect(await readBackground('white', 4)).toEqual({ identity: 'white', background: { rgb: [255, 255, 255] } })
    expect(await readBackground('#0A0b0C', 4)).toEqual({ identity: '#0a0b0c', background: { rgb: [10, 11, 12] } })
  })

  it('is noise that its seed alone decides', async () => {
    const { identity, background } = await readBackground('noise:007', 64)
    expect(identity).toBe('noise:7')
    const values = noise(7, 64, 64)
    expect(background).toEqual({ image: values })
    expect((await readBackground('noise:4294967295', 1)).identity).toBe('noise:4294967295')
    // Studies with noise stay comparable only while a seed gives the same pixels.
    expect([...noise(1, 2, 1)]).toEqual([80, 204, 157, 19, 231, 197])
    expect(sha256(values)).not.toBe(sha256(noise(8, 64, 64)))
  })

  it('is a picture, as it is if it has the size, identified by its pixels', async () => {
    const data = Uint8Array.from({ length: 8 * 8 * 3 }, (_, i) => (i * 31) % 256)
    const identity = `image:${sha256(data)}`
    for (const name of ['one.png', 'two.png'])
      expect(await readBackground(await picture(name, 8, data), 8)).toEqual({ identity, background: { image: data } })
    data[5] = 1
    expect((await readBackground(await picture('one.png', 8, data), 8)).identity).not.toBe(identity)
  })

  it('is a picture scaled to cover the frame, its middle kept', async () => {
    const data = Uint8Array.from({ length: 40 * 10 * 3 }, (_, i) => (Math.floor(i / 3) % 40 < 15 ? 0 : 200))
    const { background } = await readBackground(await picture('wide.png', 40, data), 20)
    const { image } = background as { image: Uint8Array }
    expect(image).toHaveLength(20 * 20 * 3)
    // The middle 10 columns, 15 to 24, are bright.
    expect(image[3 * 10]).toBe(200)
    expect(Math.min(...image.subarray(3 * 5, 3 * 20))).toBeGreaterThan(190)
  })

  it('is the middle of a picture that has one side of the frame', async () => {
    const grey = (...values: readonly number[]) => Uint8Array.from(values.flatMap((value) => [value, value, value]))
    const middleOf = async (cols: number) =>
      (await readBackground(await picture('strip.png', cols, grey(1, 2, 3, 4, 5, 6, 7, 8)), 2)).background
    expect(await middleOf(4)).toEqual({ image: grey(2, 3, 6, 7) })
    expect(await middleOf(2)).toEqual({ image: grey(3, 4, 5, 6) })
  })

  it('is white where a picture is transparent, in the share that it is', async () => {
    const pixels = Uint8Array.of(...[9, 9, 9, 0], ...[0, 100, 200, 51], ...[2, 1, 0, 127], ...[7, 8, 9, 255])
    const { background } = await readBackground(await picture('a.png', 2, pixels, 4), 2)
    const onWhite = [...[255, 255, 255], ...[204, 224, 244], ...[129, 128, 128], ...[7, 8, 9]]
    expect(background).toEqual({ image: Uint8Array.from(onWhite) })
  })

  it.each([
    ...['', 'black', 'White ', 'nothing.png', 'a#0a0b0c', 'a noise:1'].map((text) => [
      text,
      'is neither a colour nor an existing file',
    ]),
    ...['noise:', 'noise:-1', 'noise:4294967296', 'noise:00000000001'].map((text) => [
      text,
      'needs a seed from 0 to 429',
    ]),
    ...['#fff', '#1234567', '#12345g'].map((text) => [text, 'is not a colour; use white or #rrggbb']),
  ] as [string, string][])('is not %j', async (text, refusal) => {
    expect(await messageOf(readBackground(text, 8), UsageError)).toContain(`background ${text} ${refusal}`)
  })

  it('must be a picture', async () => {
    await expect(readBackground(import.meta.filename, 8)).rejects.toThrow(InputError)
    await expect(readBackground(folder(), 8)).rejects.toThrow(UsageError)
  })
})
