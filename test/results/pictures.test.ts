import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../../src/files/sha256.js'
import { noise, readBackground } from '../../src/patches/background.js'
import { patchAtSize } from '../../src/patches/patch.js'
import {
  keepBackgroundPicture,
  keepPatchPicture,
  readBackgroundPicture,
  readPatchPicture,
} from '../../src/results/pictures.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const inFolder = temporaryFolder()

const patches = fc
  .integer({ min: 1, max: 9 })
  .chain((size) =>
    fc.tuple(fc.constant(size), fc.uint8Array({ minLength: size * size * 4, maxLength: size * size * 4 })),
  )
  .map(([size, data]) => patchAtSize('any', { rows: size, cols: size, data }, size, 224))

describe('pictures of a results folder', () => {
  it('give back every pixel of a patch, also where it is transparent', async () => {
    await fc.assert(
      fc.asyncProperty(patches, async (patch) => {
        await keepPatchPicture(inFolder(), patch)
        expect(await readPatchPicture(inFolder(), patch.sha256, patch.size)).toEqual(patch.rgba)
      }),
      { numRuns: 40 },
    )
  })

  it('give back a background that is a picture; a colour and noise are none', async () => {
    const rgb = noise(3, 8, 8)
    const file = inFolder('ground.png')
    await sharp(rgb, { raw: { width: 8, height: 8, channels: 3 } }).toFile(file)
    const picture = await readBackground(file, 8)
    await keepBackgroundPicture(inFolder('results'), picture, 8)
    expect(await readBackgroundPicture(inFolder('results'), picture.identity, 8)).toEqual(rgb)
    for (const name of ['white', '#102030', 'noise:1'])
      await keepBackgroundPicture(inFolder('results'), await readBackground(name, 8), 8)
    expect(readdirSync(inFolder('results', 'pictures'))).toEqual([`background-${sha256(rgb)}.png`])
  })

  it('are not taken if they hold other pixels, another size, more or no picture, and are made again', async () => {
    const patch = patchAtSize('a', { rows: 2, cols: 2, data: new Uint8Array(16).fill(200) }, 2, 224)
    const path = inFolder('pictures', `patch-${patch.sha256}.png`)
    await keepPatchPicture(inFolder(), patch)
    const large = sharp({ create: { width: 3000, height: 3000, channels: 4, background: 'red' } })
    const others = [
      await sharp(new Uint8Array(16), { raw: { width: 2, height: 2, channels: 4 } })
        .png()
        .toBuffer(),
      await large.png().toBuffer(),
      Buffer.concat([readFileSync(path), Buffer.from('more')]),
      Buffer.from('no picture'),
    ]
    for (const bytes of others) {
      writeFileSync(path, bytes)
      expect(await readPatchPicture(inFolder(), patch.sha256, 2)).toBeUndefined()
      await keepPatchPicture(inFolder(), patch)
      expect(await readPatchPicture(inFolder(), patch.sha256, 2)).toEqual(patch.rgba)
    }
  })

  it('are PNG: a drawing of the same pixels is not drawn', async () => {
    const patch = patchAtSize('a', { rows: 2, cols: 2, data: new Uint8Array(16).fill(255) }, 2, 224)
    await keepPatchPicture(inFolder(), patch)
    const drawing =
      '<svg xmlns="http://www.w3.org/2000/svg" width="2" height="2"><path fill="#fff" d="M0 0h2v2H0z"/></svg>'
    writeFileSync(inFolder('pictures', `patch-${patch.sha256}.png`), drawing)
    expect(await readPatchPicture(inFolder(), patch.sha256, 2)).toBeUndefined()
  })

  it('never lie outside their folder, whatever a unit says', async () => {
    expect(await readPatchPicture(inFolder('results'), '../../secret', 2)).toBeUndefined()
    expect(await readBackgroundPicture(inFolder('results'), 'image:../../secret', 2)).toBeUndefined()
    expect(await readBackgroundPicture(inFolder('results'), 'white', 2)).toBeUndefined()
  })
})
