import { existsSync } from 'node:fs'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { InterruptedError, UsageError } from '../../src/errors.js'
import { extract } from '../../src/features/openNetwork.js'
import { arithmetic } from '../../src/study/arithmetic.js'
import { fixedGenerator } from '../support/fixedGenerator.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const DOG = new URL('../../models/patches/dog.png', import.meta.url).pathname

const inFolder = temporaryFolder()
const generator = (layer = 'fc6') => fixedGenerator(inFolder(`${layer}.onnx`), 768, { layer })

/** The picture of a file as RGB of 224×224. */
async function pixelsOf(path: string): Promise<Uint8Array> {
  return new Uint8Array(await sharp(path).removeAlpha().raw().toBuffer())
}

describe('arithmetic as a library', () => {
  it('gives vectors and pictures, and writes nothing without a folder', async () => {
    const images = { A: 'dog@0,0', B: 'car@100,100' }
    const found = await arithmetic({ expression: 'A + B', images, generators: [await generator()] })
    const [layer] = found.layers
    expect(found.layers).toHaveLength(1)
    expect(layer).toMatchObject({ layer: 'fc6', generator: 'fc6', dims: 768 })
    expect(layer?.operands).toHaveLength(2 * 768)
    expect(layer?.origins.zero.result).toHaveLength(768)
    expect(layer?.decodedOperands.map(({ length }) => length)).toEqual([224 * 224 * 3, 224 * 224 * 3])
    expect([...found.operands.keys()]).toEqual(['A', 'B'])
    expect(found.document.files).toEqual({})
    expect(existsSync(inFolder('fc6-result.npy'))).toBe(false)
  })

  it('takes the features that extract gives', async () => {
    const { layers } = await extract({ model: 'tiny-alexnet', patch: 'dog', size: 75, stride: 100, layers: ['fc7'] })
    const images = { A: 'dog@0,100' }
    const found = await arithmetic({ expression: 'A', images, generators: [await generator('fc7')] })
    expect(found.layers[0]?.operands).toEqual(layers[0]?.data.slice(768, 2 * 768))
    // One image, one coefficient of 1: the result is its feature from either origin.
    expect(found.layers[0]?.origins.zero.result).toEqual(found.layers[0]?.operands)
    expect(found.document.layers[0]?.origins.zero.cosine).toBeCloseTo(1, 12)
    expect(found.document.layers[0]?.origins.zero.psnrToDecoded).toBeNull()
  })

  it('decodes the result from the chosen origin', async () => {
    const images = { A: 'dog@0,0', B: 'car@100,100' }
    const generators = [await generator()]
    const results = inFolder('out')
    const found = await arithmetic({ expression: 'A + B', images, generators, origin: 'blank', out: results })
    const [layer] = found.layers
    expect(found.document.origin).toBe('blank')
    expect(await pixelsOf(inFolder('out', 'fc6-result.png'))).toEqual(layer?.origins.blank.decoded)
    expect(await pixelsOf(inFolder('out', 'fc6-result-from-zero.png'))).toEqual(layer?.origins.zero.decoded)
  })

  it('draws scenes on the background and shows it where pictures are transparent', async () => {
    const path = inFolder('half.png')
    const data = Uint8Array.from(
      { length: 224 * 224 * 4 },
      (_, i) => [9, 8, 7, i < 224 * 112 * 4 ? 255 : 0][i % 4] as number,
    )
    await sharp(data, { raw: { width: 224, height: 224, channels: 4 } })
      .png()
      .toFile(path)
    const images = { A: path, B: 'blank' }
    const options = { expression: 'A - B', images, generators: [await generator()], background: '#102030' }
    const { operands, expectation, document } = await arithmetic(options)
    const half = operands.get('A') as Uint8Array
    expect([...half.subarray(0, 3)]).toEqual([9, 8, 7])
    expect([...half.subarray(-3)]).toEqual([16, 32, 48])
    expect([...(operands.get('B') as Uint8Array).subarray(0, 3)]).toEqual([16, 32, 48])
    expect(document.expectation).toMatchObject({ kind: 'pixels', scene: null })
    expect(expectation).toEqual(half)
  })

  it('takes parts of scenes on pixels', async () => {
    const images = { A: 'dog@0,0', B: 'car@0,0' }
    const found = await arithmetic({ expression: '0.5*A + 0.5*B', images, generators: [await generator()] })
    expect(found.document.expectation.kind).toBe('pixels')
    const [a, b] = [...found.operands.values()] as [Uint8Array, Uint8Array]
    const middle = (40 * 224 + 40) * 3
    expect(found.expectation[middle]).toBe(Math.round(((a[middle] as number) + (b[middle] as number)) / 2))
  })

  it('takes objects of another size and other patches', async () => {
    const found = await arithmetic({
      expression: 'A',
      images: { A: 'dog@0,0 dog:30@100,100' },
      patches: DOG,
      size: 50,
      generators: [await generator()],
    })
    expect(found.document.operands[0]?.scene).toBe('dog:50@0,0 dog:30@100,100')
  })

  it('stops when asked, and refuses an unknown origin', async () => {
    const images = { A: 'dog@0,0' }
    const options = { expression: 'A', images, generators: [await generator()] }
    await expect(arithmetic({ ...options, signal: AbortSignal.abort(new InterruptedError()) })).rejects.toThrow(
      'stopped',
    )
    await expect(arithmetic({ ...options, origin: 'one' as 'zero' })).rejects.toThrow(UsageError)
  })
})
