import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { InputError } from '../../src/errors.js'
import {
  argmax,
  type CompositorOptions,
  type CosineOptions,
  cosineSimilarity,
  createCompositor,
  DegenerateFeatureError,
  NonFiniteFeatureError,
  resizeOnWhite,
  type SvmOptions,
  trainSvm,
} from '../../src/native.js'

// What the kernels compute is tested in native/test, without Node.js: here it is how values get there and back.

/** One transparent, one nearly opaque pixel on a frame of 2×3 pixels. */
const pasted: CompositorOptions = {
  ...{ patch: Uint8Array.of(10, 20, 30, 51, 40, 50, 60, 204), patchRows: 1, patchCols: 2, frameRows: 2, frameCols: 3 },
  background: { rgb: [100, 110, 120] },
  normalisation: { divisor: 1, mean: [0, 0, 0], std: [1, 1, 1], channelOrder: 'rgb' },
  blend: 'hard',
}
const OFFSETS = Int32Array.of(1, 0, 0, 1)
const IMAGE = Uint8Array.from({ length: 18 }, (_, i) => i)

async function composites(changes: object = {}, offsets = OFFSETS): Promise<Float32Array> {
  const { frameRows, frameCols, ...options } = { ...pasted, ...changes }
  const out = new Float32Array((offsets.length / 2) * 3 * frameRows * frameCols)
  await createCompositor({ ...options, frameRows, frameCols }).composite(offsets, out)
  return out
}

describe('a resized picture', () => {
  const picture = { rows: 1, cols: 2, data: Uint8Array.of(10, 20, 30, 255, 50, 60, 70, 0) }
  const one = { first: Int32Array.of(0), weights: Int32Array.of(1 << 22) }

  it('is laid on white, and is a weighted sum of pixels', async () => {
    const out = new Uint8Array(2 * 4)
    const halves = { first: Int32Array.of(0, 0), weights: Int32Array.of(1 << 21, 1 << 21, 1 << 22, 0) }
    await resizeOnWhite(picture, one, halves, out)
    expect([...out]).toEqual([133, 138, 143, 255, 10, 20, 30, 255])
  })

  it.each([
    ['a pixel beyond the picture', { first: Int32Array.of(2), weights: Int32Array.of(1 << 22) }, 'tap 0 is outside'],
    ['a negative pixel', { first: Int32Array.of(-1), weights: Int32Array.of(1 << 22) }, 'tap 0 is outside'],
    ['pixels out of order', { first: Int32Array.of(1, 0), weights: Int32Array.of(1, 1) }, 'tap 1 is outside'],
    ['weights of unlike number', { first: Int32Array.of(0, 0), weights: Int32Array.of(1) }, 'weights must be'],
  ])('refuses %s', async (_, taps, message) => {
    const out = new Uint8Array(taps.first.length * 4)
    await expect(resizeOnWhite(picture, one, taps, out)).rejects.toThrow(message)
  })
})

describe('a compositor', () => {
  const normalisation = { divisor: 10, mean: [1, 2, 3], std: [1, 0.5, 2], channelOrder: 'bgr' }
  // The channels of the first image, one after the other, whose fourth and fifth pixels are those of the patch.
  it.each<[string, object, string, string, string]>([
    ['a colour', {}, '100 100 100 100 40 100', '110 110 110 110 50 110', '120 120 120 120 60 120'],
    ['an image', { background: { image: IMAGE } }, '0 3 6 9 40 15', '1 4 7 10 50 16', '2 5 8 11 60 17'],
    ['soft edges', { blend: 'soft' }, '100 100 100 82 52 100', '110 110 110 92 62 110', '120 120 120 102 72 120'],
    ['BGR, scaled in its order', { normalisation }, '11 11 11 11 5 11', '18 18 18 18 6 18', '3.5 3.5 3.5 3.5 0.5 3.5'],
  ])('pastes a patch on %s', async (_, changes, ...channels) => {
    const rounded = [...(await composites(changes))].map((value) => Math.round(value * 1e4) / 1e4)
    expect(rounded.slice(0, 18).join(' ')).toBe(channels.join(' '))
  })

  it('then moves each image by parts of a pixel', async () => {
    const compositor = createCompositor(pasted)
    const out = new Float32Array(2 * 18)
    // Half of the pixel below, which is the background, and a circular shift by one column.
    await compositor.composite(OFFSETS, out, Float64Array.of(0, 0, 0.5, 0, 0, 1, 0, 0))
    const red = [...out].map((value) => Math.round(value * 1e4) / 1e4)
    expect(red.slice(0, 6)).toEqual([100, 70, 100, 100, 70, 100])
    expect(red.slice(18, 24)).toEqual([40, 100, 100, 100, 100, 100])
    const wrong = (numbers: number[]) => compositor.composite(OFFSETS, out, Float64Array.from(numbers))
    await expect(wrong([0, 0])).rejects.toThrow('movements has 2 elements instead of 8 (images * 4)')
    await expect(wrong([0, 0, 0, 0, 0, Number.NaN, 0, 0])).rejects.toThrow('movement 1 is not finite')
  })

  it('takes a row and a col for each image, one after the other', async () => {
    expect([...(await composites())].slice(18, 24)).toEqual([100, 100, 40, 100, 100, 100])
    expect(await composites({}, new Int32Array(0))).toEqual(new Float32Array(0))
  })

  it('gives the bits of torchvision for every sample', async () => {
    // torchvision 0.21: ToTensor, then Normalize, of an image whose pixel x is (x, x, x); sha256 of the tensor's bytes.
    const expected = '1d8b9af12b7b391827f7c801265239e21435c7e29b4d78c6189a35e437633897'
    const patch = Uint8Array.from({ length: 1024 }, (_, i) => (i % 4 === 3 ? 255 : i >> 2))
    const imagenet = { divisor: 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], channelOrder: 'rgb' }
    const sides = { patchRows: 1, patchCols: 256, frameRows: 1, frameCols: 256 }
    const out = await composites({ ...sides, patch, normalisation: imagenet }, Int32Array.of(0, 0))
    expect(createHash('sha256').update(new Uint8Array(out.buffer)).digest('hex')).toBe(expected)
  })

  it('reads its arguments during the call alone, and writes nowhere but into its output', async () => {
    const expected = [...(await composites())]
    const patch = pasted.patch.slice()
    const compositor = createCompositor({ ...pasted, patch })
    patch.fill(0)
    const offsets = OFFSETS.slice()
    const whole = new Float32Array(new SharedArrayBuffer(4 * 42)).fill(-7)
    const written = compositor.composite(offsets, whole.subarray(3, 39))
    offsets.fill(9)
    await written
    expect([...whole]).toEqual([-7, -7, -7, ...expected, -7, -7, -7])
  })

  it('refuses an offset outside of the frame and writes nothing', async () => {
    const out = new Float32Array(36).fill(5)
    const compositor = createCompositor(pasted)
    const outside = 'offset 1 (row 2, col 0) puts the 1x2 patch outside the 2x3 frame'
    await expect(compositor.composite(Int32Array.of(0, 0, 2, 0), out)).rejects.toThrow(new RangeError(outside))
    await expect(compositor.composite(Int32Array.of(0, 0, 0, -1), out)).rejects.toBeInstanceOf(RangeError)
    expect(out.every((value) => value === 5)).toBe(true)
  })

  it('finishes running calls when it is closed, and accepts no others', async () => {
    const compositor = createCompositor(pasted)
    const out = new Float32Array(36)
    const running = compositor.composite(OFFSETS, out)
    for (let i = 0; i < 2; i++) compositor.close()
    await running
    expect(out).toEqual(await composites())
    await expect(compositor.composite(OFFSETS, out)).rejects.toThrow('the compositor is closed')
  })

  it.each<[object, string]>([
    [{ patch: new Uint8Array(5) }, 'patch has 5 elements instead of 8 (patchRows * patchCols * 4)'],
    [{ patch: new Float32Array(8) }, 'patch must be a Uint8Array'],
    [{ background: { image: new Uint8Array(3) } }, 'background.image has 3 elements instead of 18 (frameRows * frame'],
    [{ background: { rgb: [0, 256, 0] } }, 'background.rgb must be three whole numbers from 0 to 255'],
    [{ background: { rgb: [0, 0.5, 0] } }, 'background.rgb must be three whole numbers from 0 to 255'],
    [{ background: {} }, 'image is missing'],
    [{ background: 1 }, 'background must be an object'],
    [{ frameRows: 16.5 }, 'frameRows must be a whole number, at least 1 and at most 65535'],
    [{ frameRows: 65_536 }, 'frameRows must be a whole number, at least 1 and at most 65535'],
    [{ normalisation: { ...pasted.normalisation, std: [0, 1, 1] } }, 'not finite'],
    [{ normalisation: { ...pasted.normalisation, std: [1, 1] } }, 'std must be an array of three numbers'],
    [{ normalisation: { ...pasted.normalisation, mean: [1, 1, '1'] } }, 'mean must be a number'],
    [{ normalisation: { ...pasted.normalisation, channelOrder: 'gbr' } }, "channelOrder must be 'rgb' or 'bgr'"],
    [{ blend: 'multiply' }, "blend must be 'hard' or 'soft'"],
  ])('refuses %o', (changes, message) => {
    expect(() => createCompositor({ ...pasted, ...changes } as CompositorOptions)).toThrow(message)
  })

  it.each<[Int32Array, unknown, string]>([
    [Int32Array.of(0, 0), new Float32Array(4), 'out has 4 elements instead of 18 (images * channels * frameRows'],
    [Int32Array.of(0), new Float32Array(0), 'offsets must hold a row and a col for each image'],
    [Int32Array.of(0, 0), new Float64Array(18), 'out must be a Float32Array'],
  ])('refuses offsets %o with an output of another kind', async (offsets, out, message) => {
    await expect(createCompositor(pasted).composite(offsets, out as Float32Array)).rejects.toThrow(message)
  })
})

/** Three features of two dims, and the directions (1, 0) and (3, 4). */
const compared: CosineOptions = {
  ...{ features: Float32Array.of(3, 4, -6, 8, 0, 5), rows: 3, dims: 2 },
  ...{ anchors: Float32Array.of(1, 0, 3, 4), anchorCount: 2 },
}
const COSINES = Float32Array.of(0.6, -0.6, 0, 1, 0.28, 0.8)

describe('cosine similarity', () => {
  it('has a row for each anchor', async () => {
    expect(await cosineSimilarity(compared)).toEqual(COSINES)
    const none = new Float32Array()
    expect(await cosineSimilarity({ ...compared, anchors: none, anchorCount: 0 })).toEqual(none)
  })

  it.each([
    ['zero', 0, 'is all zero'],
    ['nan', Number.NaN, 'holds NaN'],
    ['infinite', Number.NEGATIVE_INFINITY, 'holds an infinite value'],
  ])('names the first row that is %s', async (reason, value, words) => {
    const features = Float32Array.of(3, 4, value, value, value, value)
    const fault = await cosineSimilarity({ ...compared, features }).catch((error: unknown) => error)
    expect(fault).toBeInstanceOf(DegenerateFeatureError)
    expect(fault).toBeInstanceOf(InputError)
    expect(fault).toMatchObject({ source: 'features', row: 1, reason })
    expect((fault as Error).message).toContain(`row 1 of the features ${words}`)
    const anchors = Float32Array.of(1, 0, value, value)
    const ofAnchors = { source: 'anchors', row: 1, reason }
    await expect(cosineSimilarity({ ...compared, anchors })).rejects.toMatchObject(ofAnchors)
  })
})

it('argmax is the first of the largest values of each row', async () => {
  const { NaN: none } = Number
  const features = Float32Array.of(-3, -1, -1, 7, none, 2, none, none, none)
  expect(await argmax({ features, rows: 3, dims: 3 })).toEqual(Int32Array.of(1, 0, 0))
})

/** Two classes of four samples of one dim, whose maximum margin lies between −1 and 1. */
const trained: SvmOptions = {
  ...{ features: Float32Array.of(-2, -1, 1, 3), rows: 4, dims: 1 },
  ...{ labels: Int8Array.of(-1, -1, 1, 1), problems: 1, C: 1 },
}

describe('a training', () => {
  it('finds the maximum margin, and decides about every sample', async () => {
    const { solutions, decisions } = await trainSvm(trained)
    expect(solutions).toMatchObject([{ supportVectors: 2, converged: true }])
    expect(solutions[0]?.primal).toBeCloseTo(0.5, 3)
    expect(solutions[0]?.intercept).toBeCloseTo(0, 3)
    expect([...decisions].map((value) => Math.round(value * 100) / 100)).toEqual([-2, -1, 1, 3])
  })

  it('does not read labels after the call', async () => {
    const labels = Int8Array.from(trained.labels)
    const done = trainSvm({ ...trained, labels })
    labels.fill(0)
    expect(await done).toEqual(await trainSvm(trained))
  })

  it('names the first row that is not finite', async () => {
    const features = Float32Array.of(-2, Number.NaN, 1, Number.NaN)
    await expect(trainSvm({ ...trained, features })).rejects.toEqual(new NonFiniteFeatureError(1))
  })

  it('ends with the reason of a signal', async () => {
    await expect(trainSvm({ ...trained, signal: AbortSignal.abort('enough') })).rejects.toBe('enough')
  })
})

type Features = { readonly features: Float32Array; readonly threads?: number }

const three = { features: compared.features as Float32Array, rows: 3, dims: 2 }
const labels = Int8Array.of(-1, 1, 0)
const operations: readonly [string, (changes: object) => Promise<unknown>][] = [
  ['cosineSimilarity', (changes) => cosineSimilarity({ ...compared, ...changes })],
  ['argmax', (changes) => argmax({ ...three, ...changes })],
  ['trainSvm', (changes) => trainSvm({ ...trained, ...three, labels, ...changes })],
]

describe.each(operations)('%s', (_, operation) => {
  it.each<[string, Partial<Features>]>([
    ['more threads than rows', { threads: 8 }],
    ['more threads than there can be', { threads: 2 ** 50 }],
    ['a view on shared memory', { features: viewOn(new SharedArrayBuffer(36)) }],
    ['a view on shared memory that grows', { features: viewOn(resizable(SharedArrayBuffer)) }],
  ])('gives the same bits for %s', async (_, changes) => {
    expect(await operation(changes)).toEqual(await operation({}))
  })

  it.each<[object, Error]>([
    [{ rows: 5 }, new RangeError('features has 6 elements instead of 10 (rows * dims)')],
    [{ rows: 1.5 }, new RangeError('rows must be a whole number, at least 0')],
    [{ dims: 0 }, new RangeError('dims must be a whole number, at least 1')],
    [{ threads: 0 }, new RangeError('threads must be a whole number, at least 1')],
    [{ features: new Float64Array(6) }, new TypeError('features must be a Float32Array')],
    [{ features: viewOn(resizable(ArrayBuffer)) }, new TypeError('features must not be a view on a resizable Array')],
  ])('refuses %o', async (changes, error) => {
    await expect(operation(changes)).rejects.toBeInstanceOf(error.constructor)
    await expect(operation(changes)).rejects.toThrow(error.message)
  })
})

const none = { features: new Float32Array(), rows: 0 }
it.each<[string, () => Promise<unknown>, string]>([
  [
    'anchors',
    () => cosineSimilarity({ ...compared, anchorCount: 3 }),
    'anchors has 4 elements instead of 6 (anchorCount *',
  ],
  ['dims', () => argmax({ ...none, dims: 2 ** 31 }), 'dims must be a whole number, at least 1 and at most 2147483647'],
  ['labels', () => trainSvm({ ...trained, labels }), 'labels has 3 elements instead of 4 (problems * rows)'],
  ['C', () => trainSvm({ ...trained, C: 0 }), 'C must be a positive number'],
  ['tolerance', () => trainSvm({ ...trained, tolerance: Number.NaN }), 'tolerance must be a positive number'],
  [
    'rows',
    () => trainSvm({ ...trained, ...none, labels: new Int8Array(), problems: 0, rows: 2 ** 32 }),
    'rows must be a whole number, at least 0 and at most 4294967295',
  ],
])('wrong %s of one operation are refused', async (_, operation, message) => {
  await expect(operation()).rejects.toThrow(message)
})

function resizable<T>(kind: new (bytes: number) => T): T {
  return Reflect.construct(kind, [36, { maxByteLength: 72 }])
}

/** The features of `compared`, 12 bytes after the beginning of other memory. */
function viewOn(buffer: ArrayBufferLike): Float32Array {
  const view = new Float32Array(buffer, 12, 6)
  view.set(compared.features as Float32Array)
  return view
}
