import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { ANCHOR_NAMES } from '../../src/engine/scene/positions.js'
import { InterruptedError, OutputError, UsageError } from '../../src/errors.js'
import { separability } from '../../src/features/separability.js'
import { similarity } from '../../src/features/similarity.js'
import { encodeNpy, readNpy, writeNpy } from '../../src/files/npy.js'
import { sha256 } from '../../src/files/sha256.js'
import { cosine, plainFeatures } from '../support/features.js'
import { messageOf } from '../support/messageOf.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const inFolder = temporaryFolder()

interface Features {
  rows: number
  cols: number
  dims: number
  data: Float32Array
}

const features = (rows: number, cols: number, dims: number): Features => ({
  ...{ rows, cols, dims, data: plainFeatures(rows, cols, dims) },
})

async function store({ rows, cols, dims, data }: Features, description?: object): Promise<string> {
  await writeNpy(inFolder('fc6.npy'), [rows, cols, dims], data)
  if (description !== undefined) writeFileSync(inFolder('extract.json'), JSON.stringify(description))
  return inFolder('fc6.npy')
}

describe('similarity of a feature file', () => {
  it('has a map for each anchor, which is 1 at the anchor, and stays the same in the file', async () => {
    const { anchors, maps } = await similarity(await store(features(3, 4, 3)), {
      out: inFolder('maps.npy'),
      threads: 2,
    })
    const atAnchors = ANCHOR_NAMES.map((name, i) => maps[12 * i + 4 * anchors[name].row + anchors[name].col])
    expect(atAnchors).toEqual(Array(5).fill(expect.closeTo(1, 6)))
    expect(await readNpy(inFolder('maps.npy'))).toEqual({ shape: [5, 3, 4], data: maps })
  })

  it("has the contract's anchors: corners, and the center rounded down; and writes nothing unless told where", async () => {
    const { anchors } = await similarity(await store(features(4, 7, 3)))
    const places = ANCHOR_NAMES.map((name) => `${anchors[name].row},${anchors[name].col}`)
    expect(places.join(' ')).toBe('0,0 0,6 1,3 3,0 3,6')
    expect(anchors.center.pixel).toBeUndefined()
    expect(readdirSync(inFolder())).toEqual(['fc6.npy'])
  })

  it('does not write over the features', async () => {
    const file = await store(features(2, 2, 3))
    const before = await readNpy(file)
    symlinkSync(file, inFolder('link.npy'))
    for (const out of [file, inFolder('link.npy'), relative('.', file)]) {
      const refusal = await messageOf(similarity(file, { out }), UsageError)
      expect(refusal).toMatch(/contains the features and cannot be overwritten; choose another name with `out`/)
    }
    expect(await readNpy(file)).toEqual(before)
  })

  it.each([
    // Stride, positions of the frame along each axis, and rows and columns of the last anchor and of the center.
    [4, 100, 24, 12],
    [3, 100, 33, 16],
    [7, 20, 2, 1],
    [30, 11, 0, 0],
    [1, 30, 29, 14],
    [10, 13, 1, 1],
  ])('takes the nearest position for an anchor at stride %i of %i positions', async (stride, extent, last, middle) => {
    const side = Math.ceil(extent / stride)
    const described = { stride, size: 225 - extent, rows: side, cols: side, frame: 224 }
    const { anchors } = await similarity(await store(features(side, side, 2), described))
    const at = (row: number, col: number) => ({ row, col, pixel: { row: row * stride, col: col * stride } })
    const expected = [at(0, 0), at(0, last), at(middle, middle), at(last, 0), at(last, last)]
    expect(ANCHOR_NAMES.map((name) => anchors[name])).toMatchObject(expected)
  })

  describe('with features at the anchors in a file beside it', () => {
    /** 4 × 4 positions, 50 px apart, of 165: the last position is 150, and the last anchor 164. */
    const grid = { stride: 50, size: 60, rows: 4, cols: 4, frame: 224 }
    const atAnchors = plainFeatures(5, 1, 3).reverse()
    const anchorPath = () => inFolder('anchors-fc6.npy')

    async function storeBoth(written = atAnchors, shape = [5, 3]): Promise<string> {
      const [array, anchors] = [features(4, 4, 3).data, atAnchors]
      const digest = (shape: readonly number[], data: Float32Array) => sha256(...encodeNpy(shape, data))
      const layer = { name: 'fc6', dims: 3, sha256: digest([4, 4, 3], array) }
      await writeNpy(anchorPath(), shape, written)
      return store(features(4, 4, 3), { ...grid, layers: [{ ...layer, anchors: { sha256: digest([5, 3], anchors) } }] })
    }

    it('compares with them, at their own positions', async () => {
      const file = await storeBoth()
      const { anchors, maps, ...found } = await similarity(file)
      expect(found).not.toHaveProperty('moved')
      const at = (row: number, col: number) => ({ pixel: { row, col } })
      expect(Object.values(anchors)).toMatchObject([at(0, 0), at(0, 164), at(82, 82), at(164, 0), at(164, 164)])
      expect([anchors.center, anchors['bottom-right']]).toMatchObject([
        { row: 2, col: 2 },
        { row: 3, col: 3 },
      ])
      const { data } = features(4, 4, 3)
      for (const [a, position] of [0, 1, 2, 3, 4].flatMap((a) => [0, 7, 15].map((position) => [a, position] as const)))
        expect(maps[16 * a + position]).toBeCloseTo(
          cosine(data.subarray(3 * position, 3 * position + 3), atAnchors.subarray(3 * a, 3 * a + 3)),
          6,
        )
      const inMemory = await similarity({ data, shape: [4, 4, 3], anchorFeatures: atAnchors })
      expect(inMemory.maps).toEqual(maps)
    })

    it('takes the nearest positions if there are none, and says so in pixels', async () => {
      const { moved } = await similarity(await store(features(4, 4, 3), grid))
      expect(moved).toBe(
        'the features at the anchors are missing, so the nearest positions replace them (row and column in px): top-right (0, 150) instead of (0, 164), center (100, 100) instead of (82, 82), bottom-left (150, 0) instead of (164, 0), bottom-right (150, 150) instead of (164, 164)',
      )
      const whole = await store(features(4, 4, 3), { ...grid, stride: 1, size: 221 })
      expect(await similarity(whole)).not.toHaveProperty('moved')
    })

    it.each<[string, () => Promise<string>]>([
      ['other values', () => storeBoth(atAnchors.map((value) => value + 1))],
      ['another shape', () => storeBoth(atAnchors, [3, 5])],
      ['another size', () => storeBoth(new Float32Array(18).fill(1), [6, 3])],
    ])('refuses a file with %s', async (_, stored) => {
      const file = await stored()
      const refusal = await messageOf(similarity(file))
      expect(refusal).toContain(`${anchorPath()} does not match extract.json in its folder`)
      expect((await separability(file).catch((error: unknown) => String(error))).toString()).not.toContain('anchors')
    })

    it('refuses them if their file is missing, or if an array in memory has another number of them', async () => {
      const file = await storeBoth()
      rmSync(anchorPath())
      expect(await messageOf(similarity(file))).toBe(
        `cannot read ${anchorPath()}, which extract.json lists; run the extract command again, or remove extract.json`,
      )
      const wrong = { ...features(2, 2, 3), shape: [2, 2, 3], anchorFeatures: new Float32Array(12).fill(1) }
      const refusal = 'anchorFeatures must be a Float32Array of shape [5, 3]'
      expect(await messageOf(similarity(wrong), UsageError)).toBe(refusal)
    })
  })

  it('refuses an array beside an extract.json that is damaged', async () => {
    const refusal = await messageOf(similarity(await store(features(4, 4, 3), { stride: 'four' })))
    expect(refusal).toBe(
      `${inFolder('extract.json')} is damaged (stride); run the extract command again, or remove the file`,
    )
  })

  it('refuses an array that is not the one that extract.json beside it describes', async () => {
    const digest = sha256(readFileSync(await store(features(4, 4, 3))))
    const stored = (array: Features, name: string) => {
      const layers = [{ name, dims: 3, sha256: digest }]
      return store(array, { stride: 74, size: 75, rows: 4, cols: 4, frame: 300, layers })
    }
    const { anchors: known } = await similarity(await stored(features(4, 4, 3), 'fc6'))
    expect(known['bottom-right'].pixel).toEqual({ row: 222, col: 222 })
    // Written by another extraction, of which nothing is known.
    const { anchors } = await similarity(await stored(features(4, 4, 3), 'fc7'))
    expect(anchors.center.pixel).toBeUndefined()
    const changed = features(4, 4, 3)
    changed.data[0] = 1
    const path = await stored(changed, 'fc6')
    for (const read of [() => similarity(path), () => separability(path)])
      expect(await messageOf(read())).toMatch(/fc6\.npy does not match extract\.json in its folder, .*; run/)
  })

  it('names the file and the position of a feature that is zero, and writes nothing', async () => {
    const array = features(4, 5, 3)
    array.data.fill(0, (2 * 5 + 3) * 3, (2 * 5 + 4) * 3)
    const file = await store(array)
    const refusal = await messageOf(similarity(file, { out: inFolder('maps.npy') }))
    expect(refusal).toContain(`${file}: the feature at position (2, 3) is all zero`)
    expect(existsSync(inFolder('maps.npy'))).toBe(false)
  })

  it('refuses arrays of another shape, empty ones and other files', async () => {
    for (const shape of [[12], [1, 2, 2, 3], [0, 3, 4], [3, 4, 0]]) {
      await writeNpy(inFolder('other.npy'), shape, new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1))
      const refusal = `has shape (${shape.join(', ')}); give features of shape [rows, cols, dims]`
      expect(await messageOf(similarity(inFolder('other.npy')))).toContain(refusal)
    }
    expect(await messageOf(similarity(inFolder('nothing.npy')))).toMatch(/no such file/)
  })

  it('writes nothing once it was stopped, and says so where the maps cannot be written', async () => {
    const file = await store(features(2, 2, 3))
    const signal = AbortSignal.abort(new InterruptedError())
    await expect(similarity(file, { out: inFolder('stopped.npy'), signal })).rejects.toThrow(InterruptedError)
    expect(existsSync(inFolder('stopped.npy'))).toBe(false)
    mkdirSync(inFolder('maps.npy'))
    await expect(similarity(file, { out: inFolder('maps.npy') })).rejects.toThrow(OutputError)
    // The folder of the picture is looked at before the maps are written.
    writeFileSync(inFolder('taken'), '')
    const failing = similarity(file, { out: inFolder('first.npy'), png: inFolder('taken', 'maps.png') })
    await expect(failing).rejects.toThrow(OutputError)
    expect(existsSync(inFolder('first.npy'))).toBe(false)
  })

  it('draws the maps on axes in pixels where the stride is known, between the limits', async () => {
    const file = await store(features(4, 4, 3), { stride: 50, size: 60, rows: 4, cols: 4, frame: 224 })
    const draw = async (name: string, options: object = {}) => {
      await similarity(file, { png: inFolder(name), ...options })
      return readFileSync(inFolder(name))
    }
    const known = await draw('new/known.png')
    expect((await sharp(known).metadata()).format).toBe('png')
    expect(await draw('other.PNG', { limits: { low: -1, high: 1 } })).not.toEqual(known)
    rmSync(inFolder('extract.json'))
    expect(await draw('unknown.png')).not.toEqual(known)
  })

  it.each([
    [{ png: 'maps.jpg' }, 'maps.jpg does not end in .png; choose a name that does'],
    [{ png: 'a.png', out: './a.png' }, '`out` and `png` both name a.png; choose another name with `png`'],
    [
      { png: 'a.png', limits: { low: 1, high: 0.88 } },
      'limits 1,0.88 must be two finite numbers, the smaller one first, such as `limits 0.88,1`',
    ],
    [
      { limits: { low: 0, high: 1 } },
      '`limits` sets the colour scale of a picture, but you did not ask for a picture; name its file with `png`',
    ],
  ])('refuses a picture as %j', async (options, message) => {
    const array = { data: new Float32Array(4).fill(1), shape: [2, 2, 1] }
    expect(await messageOf(similarity(array, options), UsageError)).toBe(message)
  })
})
