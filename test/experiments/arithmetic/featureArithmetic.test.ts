import { describe, expect, it } from 'vitest'
import { InterruptedError } from '../../../src/errors.js'
import { parseExpression } from '../../../src/experiments/arithmetic/expression.js'
import { featureArithmetic, psnr, resultsOf } from '../../../src/experiments/arithmetic/featureArithmetic.js'
import { pixelsOf } from '../../../src/experiments/arithmetic/models.js'
import type { RgbPixels } from '../../../src/experiments/scenes/layout.js'
import { catalogEntry } from '../../../src/networks/catalog/catalog.js'
import { normalise } from '../../support/formulas.js'
import { frameOf, linearModels } from '../../support/linearModels.js'

const first = { size: 5, row: 0, col: 0, rgb: [200, 10, 60] }
const second = { size: 5, row: 7, col: 14, rgb: [0, 128, 255] }
const blank = frameOf([])

/** The expression of images of these squares, in both layers of the linear network. */
async function computed(
  expression: string,
  operands: Readonly<Record<string, readonly (typeof first)[]>>,
  expectation: readonly (typeof first)[],
  feature?: 'pre-relu' | 'post-relu',
) {
  const images = new Map(Object.entries(operands).map(([name, squares]) => [name, frameOf(squares)] as const))
  const layers = await featureArithmetic(linearModels(feature), parseExpression(expression), {
    ...{ operands: images, expectation: frameOf(expectation), blank },
  })
  const [pixels, mean] = layers
  if (pixels === undefined || mean === undefined) throw new Error('a layer is missing')
  return { pixels, mean }
}

describe('arithmetic with a linear network', () => {
  it('gives exactly the expectation when features are measured from the blank frame', async () => {
    const { pixels } = await computed('A + B', { A: [first], B: [second] }, [first, second])
    const { origins, reconstruction, expectation, decodedOperands, decodedExpectation, operands } = pixels
    expect([pixels.layer, pixels.generator, pixels.dims]).toEqual(['pixels', 'draws-pixels', 1728])
    expect(decodedOperands).toEqual([frameOf([first]), frameOf([second])])
    expect([decodedExpectation, origins.blank.decoded]).toEqual([frameOf([first, second]), frameOf([first, second])])
    expect(operands).toHaveLength(2 * 1728)
    expect(reconstruction).toBeNull()
    expect(origins.blank.errors).toEqual({ psnr: null, psnrToDecoded: null, cosine: expect.closeTo(1, 12) })
    for (const [i, value] of origins.blank.result.entries()) expect(value).toBeCloseTo(expectation[i] as number, 4)
  })

  it('counts the white frame twice when they are measured from zero', async () => {
    const { pixels } = await computed('A + B', { A: [first], B: [] }, [first])
    const { decoded } = pixels.origins.zero
    // Pixel and white as (value / 255 − mean) / std: their sum decodes to value + 255 · (1 − mean), clipped.
    const means = [0.485, 0.456, 0.406]
    const wanted = first.rgb.map((value, i) => Math.min(255, Math.round(value + 255 * (1 - (means[i] as number)))))
    expect([...decoded.subarray(0, 3)]).toEqual(wanted)
  })

  it('tells errors to the expectation and to what the generator makes of it', async () => {
    const { mean } = await computed('A + B', { A: [first], B: [second] }, [first, second])
    const { decodedExpectation, reconstruction, origins } = mean
    const expectation = frameOf([first, second])
    expect(reconstruction).toBe(psnr(decodedExpectation, expectation))
    expect(reconstruction).toBeLessThan(15)
    for (const { decoded, errors } of Object.values(origins)) {
      expect(errors.psnr).toBe(psnr(decoded, expectation))
      expect(errors.psnrToDecoded).toBe(psnr(decoded, decodedExpectation))
    }
    expect(origins.zero.errors.psnrToDecoded).not.toBeNull()
  })

  it('has no cosine where a vector is zero', async () => {
    const { pixels } = await computed('A - A', { A: [first] }, [])
    expect(pixels.origins.zero.errors.cosine).toBeNull()
    expect(pixels.origins.blank.errors.cosine).toBeCloseTo(1, 12)
  })

  it('stays where rectified features can be', async () => {
    const { pixels } = await computed('A - B', { A: [first], B: [second] }, [], 'post-relu')
    expect(Math.min(...pixels.origins.zero.result, ...pixels.origins.blank.result)).toBe(0)
  })

  it('stops when asked', async () => {
    const images = { operands: new Map([['A', blank]]), expectation: blank, blank }
    const signal = AbortSignal.abort(new InterruptedError())
    const stopped = featureArithmetic(linearModels(), parseExpression('A'), images, signal)
    await expect(stopped).rejects.toThrow(InterruptedError)
  })
})

describe('combining vectors', () => {
  const features = new Map([
    ['A', Float32Array.of(1, -2)],
    ['B', Float32Array.of(10, 0.5)],
  ])
  const terms = parseExpression('A - 0.5 * B + A')

  it('gives a result for each origin, rectified where features are', () => {
    // From the origin: 100 + 2 · (1 − 100) − 0.5 · (10 − 100), and so on.
    const origin = Float32Array.of(100, -8)
    const results = [Float32Array.of(-3, -4.25), Float32Array.of(-53, -0.25)]
    for (const stage of ['pre-relu', undefined] as const)
      expect(resultsOf(terms, features, origin, stage)).toEqual(results)
    const positive = resultsOf(parseExpression('B'), features, origin, 'post-relu')
    expect(positive).toEqual([Float32Array.of(10, 0.5), Float32Array.of(10, 0.5)])
    expect(resultsOf(terms, features, origin, 'post-relu')).toEqual([new Float32Array(2), new Float32Array(2)])
  })
})

describe('pixels', () => {
  it.each(['tiny-alexnet', 'caffenet'])('come back from what %s is fed with, clipped', (id) => {
    const input = { ...catalogEntry(id).input, rows: 4, cols: 5 }
    const image: RgbPixels = Uint8Array.from({ length: 60 }, (_, i) => Math.imul(i, 2654435761) >>> 24)
    const values = normalise(image, input)
    expect(pixelsOf(values, input)).toEqual(image)
    const [low, high] = [values.map(() => -1e6), values.map(() => 1e6)]
    expect([...pixelsOf(low, input), ...pixelsOf(high, input)]).toEqual([...Array(60).fill(0), ...Array(60).fill(255)])
  })

  it('have the PSNR of its definition', () => {
    expect(psnr(Uint8Array.of(0, 0), Uint8Array.of(255, 255))).toBeCloseTo(0, 12)
    expect(psnr(Uint8Array.of(10, 20), Uint8Array.of(13, 16))).toBeCloseTo(10 * Math.log10(255 ** 2 / 12.5), 12)
    expect(psnr(Uint8Array.of(7), Uint8Array.of(7))).toBeNull()
  })
})
