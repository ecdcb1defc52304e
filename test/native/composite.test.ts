import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type CompositorOptions, createCompositor, type Normalisation } from '../../src/native.js'

const imagenet: Normalisation = {
  divisor: 255,
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
  channelOrder: 'rgb',
}
const caffe: Normalisation = { divisor: 1, mean: [104.007, 116.669, 122.679], std: [1, 1, 1], channelOrder: 'bgr' }

const { fround } = Math

/** The definition in plain TypeScript, every step rounded to float32. */
function composites(options: CompositorOptions, offsets: Int32Array): Float32Array {
  const { patch, patchRows, patchCols, frameRows, frameCols, background, normalisation, blend } = options
  const normalise = (sample: number, c: number) => {
    const centred = fround(fround(sample / fround(normalisation.divisor)) - fround(normalisation.mean[c] as number))
    return fround(centred / fround(normalisation.std[c] as number))
  }
  const out: number[] = []
  for (let i = 0; i < offsets.length; i += 2) {
    const [row, col] = [offsets[i] as number, offsets[i + 1] as number]
    for (let c = 0; c < 3; c++) {
      const channel = normalisation.channelOrder === 'bgr' ? 2 - c : c
      for (let y = 0; y < frameRows; y++) {
        for (let x = 0; x < frameCols; x++) {
          const behind =
            'rgb' in background ? background.rgb[channel] : background.image[3 * (y * frameCols + x) + channel]
          const below = normalise(behind as number, c)
          const [r, s] = [y - row, x - col]
          if (r < 0 || s < 0 || r >= patchRows || s >= patchCols) {
            out.push(below)
            continue
          }
          const at = 4 * (r * patchCols + s)
          const alpha = patch[at + 3] as number
          const above = normalise(patch[at + channel] as number, c)
          const weight = fround(alpha / 255)
          out.push(
            blend === 'soft'
              ? fround(fround(weight * above) + fround(fround(1 - weight) * below))
              : alpha >= 128
                ? above
                : below,
          )
        }
      }
    }
  }
  return Float32Array.from(out)
}

/** Bytes from a seed. */
function noise(length: number, seed: number): Uint8Array {
  let state = seed + 1
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return state >>> 24
  })
}

function options(given: Partial<CompositorOptions> = {}): CompositorOptions {
  const sides = { patchRows: 5, patchCols: 7, frameRows: 16, frameCols: 19, ...given }
  return {
    patch: noise(sides.patchRows * sides.patchCols * 4, 1),
    background: { rgb: [255, 255, 255] },
    normalisation: imagenet,
    blend: 'hard',
    ...sides,
    ...given,
  }
}

/** Compares numbers, +0 and -0 alike. */
function expectSame(actual: Float32Array, expected: Float32Array): void {
  expect(actual.length).toBe(expected.length)
  expect(actual.findIndex((value, i) => value !== expected[i])).toBe(-1)
}

describe('compositor', () => {
  const image = noise(16 * 19 * 3, 2)
  it.each([
    ['white', { background: { rgb: [255, 255, 255] } }],
    ['a colour', { background: { rgb: [10, 200, 99] } }],
    ['an image', { background: { image } }],
    ['soft alpha on a colour', { blend: 'soft', background: { rgb: [10, 200, 99] } }],
    ['soft alpha on an image', { blend: 'soft', background: { image } }],
    ['BGR minus mean on an image', { normalisation: caffe, background: { image } }],
    ['BGR minus mean on a colour', { normalisation: caffe, background: { rgb: [1, 2, 3] } }],
  ] as [string, Partial<CompositorOptions>][])('equals the definition on %s', async (_name, given) => {
    const all = options(given)
    const offsets = Int32Array.of(0, 0, 11, 12, 3, 4, 0, 12, 11, 0)
    const out = new Float32Array(5 * 3 * 16 * 19)
    await createCompositor(all).composite(offsets, out)
    expectSame(out, composites(all, offsets))
  })

  it('gives the bits of torchvision for every sample', async () => {
    // torchvision 0.21: ToTensor, then Normalize, of an image whose pixel x is (x, x, x); sha256 of the tensor's bytes.
    const expected = '1d8b9af12b7b391827f7c801265239e21435c7e29b4d78c6189a35e437633897'
    const patch = Uint8Array.from({ length: 1024 }, (_, i) => (i % 4 === 3 ? 255 : i >> 2))
    const sides = { patchRows: 1, patchCols: 256, frameRows: 1, frameCols: 256 }
    const out = new Float32Array(768)
    await createCompositor(options({ ...sides, patch })).composite(Int32Array.of(0, 0), out)
    expect(createHash('sha256').update(new Uint8Array(out.buffer)).digest('hex')).toBe(expected)
  })

  it('equals the definition on random shapes', async () => {
    const shape = fc.record({
      frameRows: fc.integer({ min: 1, max: 24 }),
      frameCols: fc.integer({ min: 1, max: 50 }),
      rows: fc.double({ min: 0, max: 0.999, noNaN: true }),
      cols: fc.double({ min: 0, max: 0.999, noNaN: true }),
      row: fc.double({ min: 0, max: 0.999, noNaN: true }),
      col: fc.double({ min: 0, max: 0.999, noNaN: true }),
      soft: fc.boolean(),
      seed: fc.nat(1000),
    })
    await fc.assert(
      fc.asyncProperty(shape, async ({ frameRows, frameCols, rows, cols, row, col, soft, seed }) => {
        const patchRows = 1 + Math.floor(rows * frameRows)
        const patchCols = 1 + Math.floor(cols * frameCols)
        const all = options({
          patchRows,
          patchCols,
          frameRows,
          frameCols,
          patch: noise(patchRows * patchCols * 4, seed),
          background: seed % 2 ? { rgb: [seed % 256, 7, 9] } : { image: noise(frameRows * frameCols * 3, seed + 1) },
          blend: soft ? 'soft' : 'hard',
        })
        const last = [frameRows - patchRows, frameCols - patchCols] as const
        const offsets = Int32Array.of(0, 0, Math.floor(row * (last[0] + 1)), Math.floor(col * (last[1] + 1)), ...last)
        const out = new Float32Array(3 * 3 * frameRows * frameCols)
        await createCompositor(all).composite(offsets, out)
        expectSame(out, composites(all, offsets))
      }),
      { numRuns: 60 },
    )
  })

  it('writes into a view on shared memory and nowhere else', async () => {
    const all = options()
    const size = 3 * 16 * 19
    const whole = new Float32Array(new SharedArrayBuffer(4 * (size + 6))).fill(-7)
    const out = new Float32Array(whole.buffer, 12, size)
    const shared = new Int32Array(new SharedArrayBuffer(16))
    shared.set([0, 0, 2, 3])
    const patch = new Uint8Array(new SharedArrayBuffer(all.patch.length + 5), 5)
    patch.set(all.patch)
    await createCompositor({ ...all, patch }).composite(new Int32Array(shared.buffer, 8, 2), out)
    expectSame(out, composites(all, Int32Array.of(2, 3)))
    expect([...whole.subarray(0, 3), ...whole.subarray(3 + size)]).toEqual([-7, -7, -7, -7, -7, -7])
  })

  it('takes many batches at the same time and no batch at all', async () => {
    const all = options()
    const compositor = createCompositor(all)
    const batches = Array.from({ length: 12 }, (_, i) => Int32Array.of(i % 11, i % 12, 1, i % 13))
    const outs = batches.map(() => new Float32Array(2 * 3 * 16 * 19))
    await Promise.all(batches.map((offsets, i) => compositor.composite(offsets, outs[i] as Float32Array)))
    batches.forEach((offsets, i) => {
      expectSame(outs[i] as Float32Array, composites(all, offsets))
    })
    await compositor.composite(new Int32Array(0), new Float32Array(0))
  })

  it('does not read its arguments after the call', async () => {
    const all = options()
    const expected = composites(all, Int32Array.of(4, 5))
    const patch = all.patch.slice()
    const compositor = createCompositor({ ...all, patch })
    patch.fill(0)
    const offsets = Int32Array.of(4, 5)
    const out = new Float32Array(3 * 16 * 19)
    const done = compositor.composite(offsets, out)
    offsets.fill(0)
    await done
    expectSame(out, expected)
  })

  it('refuses an offset outside the frame and writes nothing', async () => {
    const out = new Float32Array(2 * 3 * 16 * 19).fill(5)
    const compositor = createCompositor(options())
    await expect(compositor.composite(Int32Array.of(0, 0, 12, 0), out)).rejects.toThrow(
      /^offset 1 \(row 12, col 0\) puts the 5x7 window outside the 16x19 frame$/,
    )
    await expect(compositor.composite(Int32Array.of(0, 0, 0, -1), out)).rejects.toBeInstanceOf(RangeError)
    expect(out.every((value) => value === 5)).toBe(true)
  })

  it.each([
    ['a short patch', { patch: new Uint8Array(5) }, /patch has 5 elements instead of 140/],
    [
      'a short background',
      { background: { image: new Uint8Array(3) } },
      /background.image has 3 elements instead of 912/,
    ],
    ['a colour above 255', { background: { rgb: [0, 256, 0] } }, /background.rgb must be three whole numbers/],
    ['no background', { background: {} }, /image is missing/],
    ['a patch above the frame', { frameRows: 4, background: { rgb: [0, 0, 0] } }, /5x7 does not fit a frame of 4x19/],
    ['a fractional side', { frameRows: 16.5 }, /frameRows must be a whole number, at least 1 and at most 65535/],
    ['another array', { patch: new Float32Array(140) }, /patch must be a Uint8Array/],
    ['a std of 0', { normalisation: { ...imagenet, std: [0, 1, 1] } }, /not finite/],
    ['another order', { normalisation: { ...imagenet, channelOrder: 'gbr' } }, /'rgb' or 'bgr'/],
    ['another blend', { blend: 'multiply' }, /'hard' or 'soft'/],
  ] as [string, object, RegExp][])('refuses %s', (_name, given, message) => {
    expect(() => createCompositor({ ...options(), ...given } as CompositorOptions)).toThrow(message)
  })

  it('refuses an output of another length or type', async () => {
    const compositor = createCompositor(options())
    await expect(compositor.composite(Int32Array.of(0, 0), new Float32Array(4))).rejects.toThrow(/out has 4 elements/)
    await expect(compositor.composite(Int32Array.of(0), new Float32Array(0))).rejects.toThrow(/a row and a col/)
    const wrong = new Float64Array(912) as unknown as Float32Array
    await expect(compositor.composite(Int32Array.of(0, 0), wrong)).rejects.toThrow(/out must be a Float32Array/)
  })
})
