import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import fc from 'fast-check'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { ANCHOR_NAMES, anchorPositions } from '../../src/engine/positions.js'
import { InputError, InterruptedError, OutputError, UsageError } from '../../src/errors.js'
import { separability } from '../../src/features/separability.js'
import { similarity } from '../../src/features/similarity.js'
import { readNpy, writeNpy } from '../../src/files/npy.js'
import { sha256 } from '../../src/files/sha256.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const inFolder = temporaryFolder()

interface Features {
  rows: number
  cols: number
  dims: number
  data: Float32Array
}

/** Features by formula, none of them zero. */
function features(rows: number, cols: number, dims: number): Features {
  const data = Float32Array.from({ length: rows * cols * dims }, (_, i) => ((i * 37) % 19) - 9.5)
  return { rows, cols, dims, data }
}

/** Cosine by its definition, in float64. */
function cosine({ cols, dims, data }: Features, a: readonly number[], b: readonly number[]): number {
  const at = ([row = 0, col = 0]: readonly number[]) => [
    ...data.subarray((row * cols + col) * dims, (row * cols + col + 1) * dims),
  ]
  const dot = (x: readonly number[], y: readonly number[]) =>
    x.reduce((sum, value, i) => sum + value * (y[i] as number), 0)
  const [x, y] = [at(a), at(b)]
  return dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y))
}

async function store({ rows, cols, dims, data }: Features, description?: object): Promise<string> {
  await writeNpy(inFolder('fc6.npy'), [rows, cols, dims], data)
  if (description !== undefined) writeFileSync(inFolder('extract.json'), JSON.stringify(description))
  return inFolder('fc6.npy')
}

const finite = fc.float({ min: Math.fround(0.01), max: 100, noNaN: true })
const arrays: fc.Arbitrary<Features> = fc
  .tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 20 }))
  .chain(([rows, cols, dims]) => {
    const length = rows * cols * dims
    return fc
      .array(finite, { minLength: length, maxLength: length })
      .map((values) => ({ rows, cols, dims, data: Float32Array.from(values) }))
  })

describe('similarity of a feature file', () => {
  it('is the cosine with each anchor, by definition, with mean and minimum, and stays the same in the file', async () => {
    await fc.assert(
      fc.asyncProperty(arrays, fc.integer({ min: 1, max: 3 }), async (array, threads) => {
        const { rows, cols, dims } = array
        const file = await store(array)
        const result = await similarity(file, { out: inFolder('maps.npy'), threads })
        expect(result).toMatchObject({ rows, cols, dims })
        expect(Object.keys(result.anchors)).toEqual([...ANCHOR_NAMES])
        ANCHOR_NAMES.forEach((name, i) => {
          const anchor = result.anchors[name]
          const map = [...result.maps.subarray(i * rows * cols, (i + 1) * rows * cols)]
          map.forEach((value, at) => {
            const expected = cosine(array, [Math.floor(at / cols), at % cols], [anchor.row, anchor.col])
            expect(Math.abs(value - expected)).toBeLessThan(1e-6)
          })
          expect(anchor.min).toBe(Math.min(...map))
          expect(anchor.mean).toBeCloseTo(map.reduce((sum, value) => sum + value, 0) / map.length, 12)
        })
        expect(await readNpy(inFolder('maps.npy'))).toEqual({ shape: [5, rows, cols], data: result.maps })
      }),
      { numRuns: 25 },
    )
  })

  it("has the contract's anchors: corners, and the center rounded down", async () => {
    const file = await store(features(4, 7, 3))
    const { anchors } = await similarity(file)
    expect(ANCHOR_NAMES.map((name) => [anchors[name].row, anchors[name].col])).toEqual([
      [0, 0],
      [0, 6],
      [1, 3],
      [3, 0],
      [3, 6],
    ])
    expect(anchors.center.pixel).toBeUndefined()
  })

  it('writes nothing unless told where', async () => {
    await similarity(await store(features(2, 2, 3)))
    expect(existsSync(inFolder('maps.npy'))).toBe(false)
  })

  it('does not write over the features', async () => {
    const file = await store(features(2, 2, 3))
    const before = await readNpy(file)
    symlinkSync(file, inFolder('link.npy'))
    for (const out of [file, inFolder('link.npy'), relative('.', file)]) {
      const refused = similarity(file, { out })
      await expect(refused).rejects.toThrow(UsageError)
      await expect(refused).rejects.toThrow(/is the file of the features; choose another name with `out`/)
    }
    expect(await readNpy(file)).toEqual(before)
  })

  it('takes the nearest position for an anchor of a strided file, and names it in pixels', async () => {
    const file = await store(features(25, 25, 3), { stride: 4, size: 125, rows: 25, cols: 25, frame: 224 })
    const { anchors } = await similarity(file)
    expect(ANCHOR_NAMES.map((name) => anchors[name])).toMatchObject([
      { row: 0, col: 0, pixel: { row: 0, col: 0 } },
      { row: 0, col: 24, pixel: { row: 0, col: 96 } },
      { row: 12, col: 12, pixel: { row: 48, col: 48 } },
      { row: 24, col: 0, pixel: { row: 96, col: 0 } },
      { row: 24, col: 24, pixel: { row: 96, col: 96 } },
    ])
  })

  it('takes no position that is farther from the anchor than another', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 30 }), async (stride, extent) => {
        const side = Math.ceil(extent / stride)
        const file = await store(features(side, side, 2), {
          stride,
          size: 31 - extent,
          rows: side,
          cols: side,
          frame: 30,
        })
        const { anchors } = await similarity(file)
        for (const { name, row, col } of anchorPositions(extent)) {
          const { pixel = { row: -1, col: -1 } } = anchors[name]
          const closest = (place: number) =>
            Math.min(...Array.from({ length: side }, (_, i) => Math.abs(i * stride - place)))
          expect([Math.abs(pixel.row - row), Math.abs(pixel.col - col)]).toEqual([closest(row), closest(col)])
        }
      }),
      { numRuns: 40 },
    )
  })

  it.each([
    ['of another file', { stride: 4, size: 125, rows: 20, cols: 20, frame: 224 }],
    ['whose size does not fit its frame', { stride: 1, size: 300, rows: 4, cols: 4, frame: 224 }],
    ['whose grid does not follow from its stride', { stride: 100, size: 221, rows: 4, cols: 4, frame: 224 }],
  ])('passes over an extract.json %s', async (_, description) => {
    const { anchors } = await similarity(await store(features(4, 4, 3), description))
    expect(anchors['bottom-right']).toMatchObject({ row: 3, col: 3 })
    expect(anchors.center).toMatchObject({ row: 1, col: 1 })
    expect(anchors.center.pixel).toBeUndefined()
  })

  it('refuses an array beside an extract.json that is damaged', async () => {
    const failing = similarity(await store(features(4, 4, 3), { stride: 'four' }))
    await expect(failing).rejects.toThrow(InputError)
    await expect(failing).rejects.toThrow(
      `${inFolder('extract.json')} is damaged (stride); run extract again, or remove it`,
    )
  })

  it('refuses an array that is not the one that extract.json beside it describes', async () => {
    const described = (layer: object) => ({ stride: 74, size: 75, rows: 4, cols: 4, frame: 300, layers: [layer] })
    const path = await store(features(4, 4, 3))
    const hash = sha256(readFileSync(path))
    expect(
      (await similarity(await store(features(4, 4, 3), described({ name: 'fc6', dims: 3, sha256: hash })))).anchors,
    ).toMatchObject({ 'bottom-right': { pixel: { row: 222, col: 222 } } })
    // Written by another extraction, of which nothing is known.
    const { anchors } = await similarity(
      await store(features(4, 4, 3), described({ name: 'fc7', dims: 3, sha256: hash })),
    )
    expect(anchors.center.pixel).toBeUndefined()
    const changed = features(4, 4, 3)
    changed.data[0] = 1
    for (const read of [(path: string) => similarity(path), (path: string) => separability(path)]) {
      const failing = read(await store(changed, described({ name: 'fc6', dims: 3, sha256: hash })))
      await expect(failing).rejects.toThrow(InputError)
      await expect(failing).rejects.toThrow(
        /fc6\.npy is not the array that extract\.json beside it describes: [^\n]*; run/,
      )
    }
  })

  it('names the file and the position of a feature that has no cosine', async () => {
    for (const [value, cause] of [
      [0, 'is all zero, so its cosine is undefined'],
      [Number.NaN, 'holds NaN'],
      [Number.POSITIVE_INFINITY, 'holds infinity'],
    ] as const) {
      const array = features(4, 5, 3)
      array.data.fill(value, (2 * 5 + 3) * 3, (2 * 5 + 4) * 3)
      const file = await store(array)
      const failing = similarity(file, { out: inFolder('maps.npy') })
      await expect(failing).rejects.toThrow(InputError)
      await expect(failing).rejects.toThrow(`${file}: the feature at position (2, 3) ${cause}`)
      expect(existsSync(inFolder('maps.npy'))).toBe(false)
    }
    const array = features(4, 5, 3)
    array.data.fill(0, (3 * 5 + 4) * 3)
    await expect(similarity(await store(array))).rejects.toThrow('the feature at position (3, 4) is all zero')
  })

  it('refuses arrays of another shape, empty ones and other files', async () => {
    for (const shape of [[12], [3, 4], [1, 2, 2, 3], [0, 3, 4], [3, 4, 0], []]) {
      await writeNpy(inFolder('other.npy'), shape, new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1))
      const failing = similarity(inFolder('other.npy'))
      await expect(failing).rejects.toThrow(InputError)
      await expect(failing).rejects.toThrow(
        `has shape (${shape.join(', ')}); give features of shape [rows, cols, dims]`,
      )
    }
    writeFileSync(inFolder('text.npy'), 'text')
    await expect(similarity(inFolder('text.npy'))).rejects.toThrow(/is not a \.npy file/)
    await expect(similarity(inFolder('nothing.npy'))).rejects.toThrow(InputError)
  })

  it('writes nothing once it was stopped', async () => {
    const file = await store(features(4, 5, 3))
    const failing = similarity(file, {
      out: inFolder('stopped.npy'),
      signal: AbortSignal.abort(new InterruptedError()),
    })
    await expect(failing).rejects.toThrow(InterruptedError)
    expect(existsSync(inFolder('stopped.npy'))).toBe(false)
  })

  it('says so where the maps cannot be written', async () => {
    mkdirSync(inFolder('maps.npy'))
    const failing = similarity(await store(features(2, 2, 3)), { out: inFolder('maps.npy') })
    await expect(failing).rejects.toThrow(OutputError)
  })

  it('draws the maps on axes in pixels where the stride is known, between the limits', async () => {
    const file = await store(features(4, 4, 3), { stride: 50, size: 60, rows: 4, cols: 4, frame: 224 })
    const draw = async (name: string, options: object = {}) => {
      await similarity(file, { png: inFolder(name), ...options })
      return readFileSync(inFolder(name))
    }
    const known = await draw('new/known.png')
    expect((await sharp(known).metadata()).format).toBe('png')
    expect(await draw('paper.PNG', { limits: { low: 0.88, high: 1 } })).toEqual(known)
    expect(await draw('other.png', { limits: { low: -1, high: 1 } })).not.toEqual(known)
    rmSync(inFolder('extract.json'))
    expect(await draw('unknown.png')).not.toEqual(known)
  })

  it.each([
    [{ png: 'maps.jpg' }, 'maps.jpg does not end in .png, which is what `png` writes; choose such a name'],
    [{ png: 'a.png', out: './a.png' }, 'a.png is named by `out` too; choose another name with `png`'],
    [{ png: 'a.png', limits: { low: 1, high: 0.88 } }, 'limits 1,0.88 are not two rising numbers; use `limits 0.88,1`'],
    [{ limits: { low: 0, high: 1 } }, '`limits` are those of a picture; name its file with `png`'],
  ])('refuses a picture as %j', async (options, message) => {
    const failing = similarity({ data: new Float32Array(4).fill(1), shape: [2, 2, 1] }, options)
    await expect(failing).rejects.toThrow(UsageError)
    await expect(failing).rejects.toThrow(message)
  })

  it('says before anything is written that the folder of the picture is none', async () => {
    const file = await store(features(2, 2, 3))
    writeFileSync(inFolder('taken'), '')
    const failing = similarity(file, { out: inFolder('first.npy'), png: inFolder('taken', 'maps.png') })
    await expect(failing).rejects.toThrow(OutputError)
    expect(existsSync(inFolder('first.npy'))).toBe(false)
  })
})
