import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../../../src/files/sha256.js'
import { noise, readBackground } from '../../../src/patches/background.js'
import { patchAtSize } from '../../../src/patches/patch.js'
import {
  keepBackgroundPicture,
  keepPatchPicture,
  readBackgroundPicture,
  readPatchPicture,
} from '../../../src/results/store/pictures.js'
import { temporaryFolder } from '../../support/temporaryFolder.js'

const inFolder = temporaryFolder()
const patchOf = (size: number, data: Uint8Array) => patchAtSize('any', { rows: size, cols: size, data }, size, 224)
const WHITE = patchOf(2, new Uint8Array(16).fill(255))

function png(side: number, data: Uint8Array): Promise<Buffer> {
  const raw = { width: side, height: side, channels: data.length === 4 * side ** 2 ? 4 : 3 } as const
  return sharp(data, { raw }).png().toBuffer()
}

describe('pictures of a results folder', () => {
  it('give back every pixel of an object, also where it is transparent, and are kept once', async () => {
    const data = noise(7, 6, 8)
    for (const [pixel, alpha] of [0, 1, 254, 255].entries()) data[4 * pixel + 3] = alpha
    const patch = patchOf(6, data)
    await keepPatchPicture(inFolder(), patch)
    expect(await readPatchPicture(inFolder(), patch.sha256, 6)).toEqual(patch.rgba)
    const inode = () => statSync(inFolder('pictures', `patch-${patch.sha256}.png`)).ino
    const before = inode()
    await keepPatchPicture(inFolder(), patch)
    expect(inode()).toBe(before)
  })

  it('give back a background that is a picture; a colour and noise are none', async () => {
    const rgb = noise(3, 8, 8)
    writeFileSync(inFolder('ground.png'), await png(8, rgb))
    const names = [inFolder('ground.png'), 'white', '#102030', 'noise:1']
    for (const name of names) await keepBackgroundPicture(inFolder('results'), await readBackground(name, 8), 8)
    expect(readdirSync(inFolder('results', 'pictures'))).toEqual([`background-${sha256(rgb)}.png`])
    expect(await readBackgroundPicture(inFolder('results'), `image:${sha256(rgb)}`, 8)).toEqual(rgb)
    expect(await readBackgroundPicture(inFolder('results'), 'white', 8)).toBeUndefined()
    writeFileSync(inFolder('results', 'pictures', `background-${sha256(rgb)}.png`), await png(8, noise(4, 8, 8)))
    expect(await readBackgroundPicture(inFolder('results'), `image:${sha256(rgb)}`, 8)).toBeUndefined()
  })

  it.each([
    { width: 1, height: 2, channels: 3 },
    { width: 2, height: 1, channels: 3 },
    { width: 2, height: 2, channels: 4 },
  ] as const)('are not taken if they have another size or an alpha: %j', async (raw) => {
    const data = new Uint8Array(raw.width * raw.height * raw.channels)
    mkdirSync(inFolder('pictures'))
    await sharp(data, { raw }).toFile(inFolder('pictures', `background-${sha256(data)}.png`))
    expect(await readBackgroundPicture(inFolder(), `image:${sha256(data)}`, 2)).toBeUndefined()
  })

  const asTiff = (image: Buffer) => sharp(image).tiff({ compression: 'deflate' }).toBuffer()
  it.each<[string, (right: Buffer) => Promise<Uint8Array | string>]>([
    ['other pixels', () => png(2, new Uint8Array(16))],
    ['another size', () => png(3000, new Uint8Array(3000 ** 2 * 3))],
    ['more behind its end', async (right) => Buffer.concat([right, Buffer.from('more')])],
    ['no picture', async () => 'no picture'],
    ['the same pixels as TIFF', async (right) => Buffer.concat([await asTiff(right), right.subarray(-12)])],
  ])('are not taken if they hold %s, and are made again', async (_, bytes) => {
    const path = inFolder('pictures', `patch-${WHITE.sha256}.png`)
    await keepPatchPicture(inFolder(), WHITE)
    writeFileSync(path, await bytes(readFileSync(path)))
    expect(await readPatchPicture(inFolder(), WHITE.sha256, 2)).toBeUndefined()
    await keepPatchPicture(inFolder(), WHITE)
    expect(await readPatchPicture(inFolder(), WHITE.sha256, 2)).toEqual(WHITE.rgba)
  })

  it('never lie outside their folder, whatever a unit says', async () => {
    writeFileSync(inFolder('secret.png'), await png(2, WHITE.rgba))
    expect(await readPatchPicture(inFolder('results'), '../../secret', 2)).toBeUndefined()
    expect(await readBackgroundPicture(inFolder('results'), 'image:../../secret', 2)).toBeUndefined()
  })
})
