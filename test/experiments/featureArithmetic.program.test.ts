import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { openThreads } from '../../src/engine/handle.js'
import { NOTHING } from '../../src/engine/scene.js'
import { InterruptedError } from '../../src/errors.js'
import { type ArithmeticModels, openArithmeticModels, pixelsOf } from '../../src/experiments/arithmeticModels.js'
import { parseExpression } from '../../src/experiments/expression.js'
import { combine, featureArithmetic, type LayerArithmetic, psnr } from '../../src/experiments/featureArithmetic.js'
import { drawObject, type FramePixels } from '../../src/experiments/objectScene.js'
import { extract } from '../../src/features/openNetwork.js'
import { createCompositor } from '../../src/native.js'
import { catalogEntry, chooseNetwork } from '../../src/networks/index.js'
import { readImage } from '../../src/patches/image.js'
import { patchAtSize } from '../../src/patches/patch.js'
import { linearModels } from '../support/linearModels.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const DOG = new URL('../../models/patches/dog.png', import.meta.url).pathname

const inFolder = temporaryFolder()
const SETTINGS = { workers: 1, threads: 2, batch: 32 }

let models: ArithmeticModels | undefined
afterEach(async () => {
  await models?.close()
  models = undefined
})

async function open(feature: 'pre-relu' | 'post-relu' = 'pre-relu'): Promise<ArithmeticModels> {
  const { network, generators } = await linearModels(inFolder(), feature)
  models = await openArithmeticModels(openThreads(network, SETTINGS), generators)
  return models
}

/** A frame with squares of 35 pixels, whole cells of the linear network, of these colours at these places. */
function frame(...squares: readonly (readonly [row: number, col: number, colour: readonly number[]])[]): FramePixels {
  const pixels = new Uint8Array(224 * 224 * 3).fill(255)
  for (const [row, col, colour] of squares) {
    for (let y = row; y < row + 35; y++) for (let x = col; x < col + 35; x++) pixels.set(colour, (y * 224 + x) * 3)
  }
  return pixels
}

const first = [0, 0, [200, 10, 60]] as const
const second = [70, 140, [0, 128, 255]] as const

function layerOf(layers: readonly LayerArithmetic[], name: string): LayerArithmetic {
  return layers.find(({ layer }) => layer === name) as LayerArithmetic
}

describe('arithmetic with a linear network', () => {
  it('gives exactly the expectation when features are measured from the blank frame', async () => {
    const layers = await featureArithmetic(await open(), parseExpression('A + B'), {
      operands: new Map([
        ['A', frame(first)],
        ['B', frame(second)],
      ]),
      expectation: frame(first, second),
      blank: frame(),
    })
    const { origins, reconstruction, expectation, decodedOperands } = layerOf(layers, 'grid')
    expect(decodedOperands).toEqual([frame(first), frame(second)])
    expect(reconstruction).toBeNull()
    expect(origins.blank.errors.psnr).toBeNull()
    expect(origins.blank.errors.psnrToDecoded).toBeNull()
    expect(origins.blank.errors.cosine).toBeCloseTo(1, 12)
    for (const [i, value] of origins.blank.result.entries()) expect(value).toBeCloseTo(expectation[i] as number, 4)
    expect(origins.blank.decoded).toEqual(frame(first, second))
  })

  it('counts the white frame twice when they are measured from zero', async () => {
    const layers = await featureArithmetic(await open(), parseExpression('A + B'), {
      operands: new Map([
        ['A', frame(first)],
        ['B', frame()],
      ]),
      expectation: frame(first),
      blank: frame(),
    })
    const { decoded, errors } = layerOf(layers, 'grid').origins.zero
    // Pixel and white as (value / 255 − mean) / std: their sum decodes to value + 255 · (1 − mean), clipped.
    const wanted = [200, 10, 60].map((value, i) =>
      Math.min(255, value + 255 * (1 - ([0.485, 0.456, 0.406][i] as number))),
    )
    for (const [i, value] of wanted.entries()) expect(decoded[i]).toBeCloseTo(value, -0.5)
    expect(errors.psnr).toBeLessThan(30)
  })

  it('is the same from both origins where the coefficients sum to 1', async () => {
    const layers = await featureArithmetic(await open(), parseExpression('2 * A - B'), {
      operands: new Map([
        ['A', frame(first, second)],
        ['B', frame(second)],
      ]),
      expectation: frame(first),
      blank: frame(),
    })
    const { zero, blank } = layerOf(layers, 'grid').origins
    for (const [i, value] of zero.result.entries()) expect(value).toBeCloseTo(blank.result[i] as number, 4)
  })

  it('knows no place where the layer knows none', async () => {
    const layers = await featureArithmetic(await open(), parseExpression('A - B'), {
      operands: new Map([
        ['A', frame(first)],
        ['B', frame([140, 0, first[2]])],
      ]),
      expectation: frame(first),
      blank: frame(),
    })
    const { origins, operands } = layerOf(layers, 'mean')
    for (let i = 0; i < 3; i++) expect(operands[i]).toBeCloseTo(operands[3 + i] as number, 3)
    for (const value of origins.zero.result) expect(value).toBeCloseTo(0, 3)
  })

  it('has no cosine where a vector is zero', async () => {
    const images = { operands: new Map([['A', frame(first)]]), expectation: frame(), blank: frame() }
    const layers = await featureArithmetic(await open(), parseExpression('A - A'), images)
    expect(layerOf(layers, 'grid').origins.zero.errors.cosine).toBeNull()
    expect(layerOf(layers, 'grid').origins.blank.errors.cosine).toBeCloseTo(1, 12)
  })

  it('stays where rectified features can be', async () => {
    const layers = await featureArithmetic(await open('post-relu'), parseExpression('A - B'), {
      operands: new Map([
        ['A', frame(first)],
        ['B', frame(second)],
      ]),
      expectation: frame(),
      blank: frame(),
    })
    for (const { operands, origins } of layers) {
      expect(operands.every((value) => value >= 0)).toBe(true)
      expect(origins.zero.result.every((value) => value >= 0)).toBe(true)
    }
  })

  it('stops when asked', async () => {
    const images = { operands: new Map([['A', frame()]]), expectation: frame(), blank: frame() }
    const stopped = featureArithmetic(
      await open(),
      parseExpression('A'),
      images,
      AbortSignal.abort(new InterruptedError()),
    )
    await expect(stopped).rejects.toThrow(InterruptedError)
  })
})

describe('features of a scene', () => {
  it('are those that extract gives for the same object and place', async () => {
    const stride = 70
    const { layers } = await extract({ model: 'tiny-alexnet', patch: DOG, size: 75, stride, layers: ['fc6'] })
    const network = await chooseNetwork({ model: 'tiny-alexnet' })
    const fc6 = { ...network, layers: network.layers.slice(0, 1) }
    models = await openArithmeticModels(openThreads(fc6, SETTINGS), [])
    const patch = patchAtSize('dog', await readImage(DOG), 75, 224)
    const images = [0, stride, 2 * stride].map((col) => {
      const pixels = new Uint8Array(224 * 224 * 3).fill(255)
      drawObject(pixels, 224, patch, { row: stride, col }, 'hard')
      return pixels
    })
    const [own] = await models.encode(images)
    const { dims, data: features } = layers[0] as (typeof layers)[number]
    expect(own).toEqual(features.slice(3 * dims, 6 * dims))
  })
})

describe('pixels', () => {
  it.each(['tiny-alexnet', 'caffenet'])('come back from what %s is fed with', async (id) => {
    const { input } = catalogEntry(id)
    const image = Uint8Array.from({ length: input.rows * input.cols * 3 }, (_, i) => Math.imul(i, 2654435761) >>> 24)
    const values = new Float32Array(image.length)
    const compositor = createCompositor({
      ...{ patch: NOTHING.rgba, patchRows: 1, patchCols: 1, frameRows: input.rows, frameCols: input.cols },
      ...{ background: { image }, normalisation: input, blend: 'hard' },
    })
    await compositor.composite(Int32Array.of(0, 0), values)
    expect(pixelsOf(values, input)).toEqual(image)
    const [low, high] = [values.map(() => -1e6), values.map(() => 1e6)]
    expect(new Set([...pixelsOf(low, input), ...pixelsOf(high, input)])).toEqual(new Set([0, 255]))
  })
})

describe('combining vectors', () => {
  it('follows the terms', () => {
    const vector = fc.float32Array({
      minLength: 4,
      maxLength: 4,
      noNaN: true,
      noDefaultInfinity: true,
      min: -100,
      max: 100,
    })
    fc.assert(
      fc.property(vector, vector, vector, (a, b, origin) => {
        const features = new Map([
          ['A', a],
          ['B', b],
        ])
        const own = combine(parseExpression('A - 0.5 * B + A'), features)
        const fromOrigin = combine(parseExpression('A - 0.5 * B + A'), features, origin)
        for (const [i, value] of a.entries()) {
          const sum = 2 * value - 0.5 * (b[i] as number)
          expect(own[i]).toBe(Math.fround(sum))
          expect(fromOrigin[i]).toBeCloseTo(sum - 0.5 * (origin[i] as number), 3)
        }
      }),
    )
  })
})

describe('PSNR', () => {
  it('is that of its definition', () => {
    expect(psnr(Uint8Array.of(0, 0), Uint8Array.of(255, 255))).toBeCloseTo(0, 12)
    expect(psnr(Uint8Array.of(10, 20), Uint8Array.of(13, 16))).toBeCloseTo(10 * Math.log10(255 ** 2 / 12.5), 12)
    expect(psnr(Uint8Array.of(7), Uint8Array.of(7))).toBeNull()
  })
})
