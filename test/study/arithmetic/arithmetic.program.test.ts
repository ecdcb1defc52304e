import { readdirSync } from 'node:fs'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { extract } from '../../../src/features/openNetwork.js'
import { arithmetic } from '../../../src/study/arithmetic/arithmetic.js'
import { sharedFolder } from '../../support/temporaryFolder.js'

const DOG = new URL('../../../models/patches/dog.png', import.meta.url).pathname
const PIXELS = 224 * 224
const DIMS = 627

const inFolder = sharedFolder()
const generators = ['tiny-deepsim-fc8']

/** The picture of a file as RGB of 224×224. */
async function pixelsOf(path: string): Promise<Uint8Array> {
  return new Uint8Array(await sharp(path).removeAlpha().raw().toBuffer())
}

describe('arithmetic as a library', () => {
  it('takes the features that extract gives, and writes nothing without a folder', async () => {
    const { layers } = await extract({ model: 'tiny-alexnet', patch: 'dog', size: 75, stride: 100, layers: ['fc8'] })
    const before = readdirSync(inFolder())
    const found = await arithmetic({ expression: 'A', images: { A: 'dog@0,100' }, generators })
    const [layer] = found.layers
    expect(layer).toMatchObject({ layer: 'fc8', generator: 'tiny-deepsim-fc8', dims: DIMS })
    expect(layer?.operands).toEqual(layers[0]?.data.slice(DIMS, 2 * DIMS))
    // One image, one coefficient of 1: the result is its feature from either origin.
    expect(layer?.origins.zero.result).toEqual(layer?.operands)
    expect(found.document.layers[0]?.origins.zero).toMatchObject({ cosine: expect.closeTo(1, 12), psnrToDecoded: null })
    expect([found.document.files, readdirSync(inFolder())]).toEqual([{}, before])
  })

  it('gives vectors and pictures, and decodes the result from the chosen origin', async () => {
    const images = { A: 'dog@0,0 dog:30@100,100', B: 'car@100,0' }
    const out = inFolder('out')
    const options = { expression: '0.5*A + 0.5*B', images, generators, size: 50, origin: 'blank', out } as const
    const found = await arithmetic(options)
    const [layer] = found.layers
    expect(layer?.operands).toHaveLength(2 * DIMS)
    expect(layer?.decodedOperands.map(({ length }) => length)).toEqual([3 * PIXELS, 3 * PIXELS])
    expect(found.document).toMatchObject({ origin: 'blank', expectation: { kind: 'pixels' } })
    expect(await pixelsOf(inFolder('out', 'fc8-result.png'))).toEqual(layer?.origins.blank.decoded)
    expect(await pixelsOf(inFolder('out', 'fc8-result-from-zero.png'))).toEqual(layer?.origins.zero.decoded)
    // Parts of scenes are taken on their pixels.
    expect(found.document.operands.map(({ scene }) => scene)).toEqual(['dog:50@0,0 dog:30@100,100', 'car:50@100,0'])
    const [a, b] = [...found.operands.values()] as [Uint8Array, Uint8Array]
    const middle = (25 * 224 + 25) * 3
    expect(found.expectation[middle]).toBe(Math.round(((a[middle] as number) + (b[middle] as number)) / 2))
  })

  it('draws scenes on the background and shows it where pictures are transparent', async () => {
    const data = new Uint8Array(4 * PIXELS)
    for (let at = 0; at < data.length; at += 4) data.set([9, 8, 7, at < 2 * PIXELS ? 255 : 0], at)
    const path = inFolder('half.png')
    await sharp(data, { raw: { width: 224, height: 224, channels: 4 } })
      .png()
      .toFile(path)
    const images = { A: path, B: 'blank' }
    const options = { expression: 'A - B', images, generators, background: '#102030', patches: DOG }
    const { operands, expectation, document } = await arithmetic(options)
    const half = operands.get('A') as Uint8Array
    expect([...half.subarray(0, 3)]).toEqual([9, 8, 7])
    expect([...half.subarray(-3)]).toEqual([16, 32, 48])
    expect([...(operands.get('B') as Uint8Array).subarray(0, 3)]).toEqual([16, 32, 48])
    expect(document.expectation).toMatchObject({ kind: 'pixels', scene: null })
    expect(expectation).toEqual(half)
  })
})
