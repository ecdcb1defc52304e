import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FeatureMap } from '../../../src/engine/features/featureMap.js'
import type { NetworkHandle } from '../../../src/engine/open/handle.js'
import { sceneOf } from '../../../src/engine/scene/scene.js'
import type { ImageSpec } from '../../../src/engine/scene/task.js'
import { equivarianceErrors, measureEquivariance } from '../../../src/experiments/maps/equivariance.js'
import { randomNumbers } from '../../../src/support/randomNumbers.js'
import { randomCases } from '../../support/randomCases.js'
import { describedNetwork } from '../../support/smallNetwork.js'

/** Features of one image, by what stands in each cell. */
function mapOf({ channels, rows, cols }: FeatureMap, value: (channel: number, row: number, col: number) => number) {
  const places = rows * cols
  return Array.from({ length: channels * places }, (_, i) =>
    value(Math.floor(i / places), Math.floor((i % places) / cols), i % cols),
  )
}

/** A map whose value, on a background of its own, follows a function of the way from the object to the cell, in pixels. */
function movingMap(
  map: FeatureMap,
  moves: number,
  response: (channel: number, down: number, right: number) => number,
): Float32Array {
  const background = (channel: number, row: number, col: number) => Math.sin(9 * channel + 5 * row + 3 * col)
  const at = (down: number, right: number) =>
    mapOf(map, (channel, row, col) => {
      const [y, x] = [row - Math.floor(map.rows / 2), col - Math.floor(map.cols / 2)]
      return background(channel, row, col) + response(channel, y * map.stride - down, x * map.stride - right)
    })
  const steps = Array.from({ length: moves }, (_, i) => i + 1)
  return Float32Array.from(
    [mapOf(map, background), at(0, 0), ...steps.map((dx) => at(0, dx)), ...steps.map((dx) => at(dx, 0))].flat(),
  )
}

const shapes = fc.record({
  channels: fc.integer({ min: 1, max: 3 }),
  rows: fc.integer({ min: 9, max: 12 }),
  cols: fc.integer({ min: 9, max: 12 }),
  stride: fc.integer({ min: 1, max: 4 }),
})
const close = (value: number, digits = 5) => expect.closeTo(value, digits)

describe('equivariance errors', () => {
  it('are zero at whole cells of a map that moves with the object, far from its borders; the rest is aliasing', () => {
    const property = fc.property(shapes, (map) => {
      // One cell alone, which sees the object only where it stands.
      const spot = movingMap(map, 2 * map.stride, (channel, y, x) => Number(y === 0 && x === 0) * (channel + 1))
      const errors = equivarianceErrors(spot, map)
      expect(errors.map(({ dx }) => dx)).toEqual(Array.from({ length: 2 * map.stride }, (_, i) => i + 1))
      // Between cells nothing is seen of it: the whole map is missing.
      expect(errors).toEqual(
        errors.map(({ dx }) => {
          const missing = close(Number(dx % map.stride > 0))
          return { dx, total: missing, border: close(0), aliasing: missing }
        }),
      )
    })
    fc.assert(property, { numRuns: randomCases(20) })
  })

  it('are nearly zero between cells, too, where a map is sampled without aliasing', () => {
    const map = { channels: 1, rows: 24, cols: 24, stride: 4 }
    const smooth = movingMap(map, 8, (_, y, x) => Math.exp(-(y * y + x * x) / (2 * 8 ** 2)))
    for (const { total } of equivarianceErrors(smooth, map)) expect(total).toBeLessThan(1e-3)
  })

  it('are about 1.4, the square root of 2, for maps that have nothing in common', () => {
    const map = { channels: 4, rows: 12, cols: 12, stride: 1 }
    const random = randomNumbers(3)
    const unrelated = Float32Array.from({ length: 4 * 12 * 12 * 4 }, (_, i) => (i < 4 * 12 * 12 ? 0 : random() - 0.5))
    const [one] = equivarianceErrors(unrelated, map)
    expect(one?.total).toBeCloseTo(Math.SQRT2, 1)
  })

  it('put what whole cells miss down to the borders, in proportion to the distance between them', () => {
    const map = { channels: 1, rows: 9, cols: 9, stride: 2 }
    // The object fades by a tenth for each pixel, on top of what subsampling misses.
    const fading = movingMap(map, 4, (_, y, x) => Number(y % 2 === 0 && x % 2 === 0 && Math.abs(y) + Math.abs(x) < 3))
    const moved = fading.map((value, i) => {
      const row = Math.floor(i / 81)
      const blank = fading[i % 81] as number
      return row < 2 ? value : blank + (value - blank) * (1 - (((row - 2) % 4) + 1) / 10)
    })
    const errors = equivarianceErrors(moved, map)
    expect(errors.map(({ border }) => border)).toEqual([close(0.1), close(0.2), close(0.3), close(0.4)])
    expect(errors.map(({ total }) => total)).toEqual([close(1), close(0.2), close(1), close(0.4)])
    // Squares of independent errors add.
    expect(errors.map(({ aliasing }) => aliasing)).toEqual([close(Math.sqrt(0.99)), 0, close(Math.sqrt(0.91)), 0])
  })

  it('have no aliasing where the borders alone are said to cause more than the whole error', () => {
    const map = { channels: 1, rows: 9, cols: 9, stride: 2 }
    // The object is unchanged after one pixel, and gone after two.
    const smooth = movingMap(map, 2, (_, y, x) => Math.exp(-(y * y + x * x) / 32))
    const moved = smooth.map((value, i) => {
      const row = Math.floor(i / 81)
      return row === 3 || row === 5 ? (smooth[i % 81] as number) : value
    })
    const [between, whole] = equivarianceErrors(moved, map)
    expect(between?.total).toBeLessThan(0.5)
    expect(between).toMatchObject({ border: close(0.5), aliasing: null })
    expect(whole).toEqual({ dx: 2, total: close(1), border: close(1), aliasing: 0 })
  })

  it('do not depend on the scale of features, and change axes with the map', () => {
    const property = fc.property(shapes, fc.integer({ min: 1, max: 64 }), fc.nat(), (map, factor, seed) => {
      const value = (channel: number, y: number, x: number) => Math.sin(seed + channel + y * y + 2 * x + x * y)
      const errors = equivarianceErrors(movingMap(map, 2 * map.stride, value), map)
      const scaled = movingMap(map, 2 * map.stride, value).map((one) => one * factor)
      const turned = movingMap({ ...map, rows: map.cols, cols: map.rows }, 2 * map.stride, (c, y, x) => value(c, x, y))
      // The background of a turned map is another one, which must not matter.
      for (const [features, shape] of [
        [scaled, map],
        [turned, { ...map, rows: map.cols, cols: map.rows }],
      ] as const)
        expect(equivarianceErrors(features, shape)).toEqual(
          errors.map(({ dx, total, border, aliasing }) => ({
            dx,
            total: close(total, 4),
            border: close(border, 4),
            // A root of a difference has fewer digits near 0.
            aliasing: aliasing && close(aliasing, 2),
          })),
        )
    })
    fc.assert(property, { numRuns: randomCases(20) })
  })

  it.each([
    ['two cells at most', 2, 9, [1, 2, 3, 4]],
    ['whole cells only', 3, 5, [1, 2, 3]],
    ['64 pixels at most', 40, 80, Array.from({ length: 40 }, (_, i) => i + 1)],
    ['nothing, where the object cannot move by a cell', 4, 3, []],
  ])('reach %s', (_, stride, moves, expected) => {
    const map = { channels: 1, rows: 2, cols: 2, stride }
    const errors = equivarianceErrors(
      movingMap(map, moves, () => 1),
      map,
    )
    expect(errors.map(({ dx }) => dx)).toEqual(expected)
  })

  it('are none where the object changes nothing', () => {
    const map = { channels: 1, rows: 3, cols: 3, stride: 1 }
    expect(
      equivarianceErrors(
        movingMap(map, 2, () => 0),
        map,
      ),
    ).toEqual([])
  })
})

describe('a network that takes every fourth pixel', () => {
  const layers = [
    { name: 'relu1', dims: 16 * 55 * 55, isMap: true },
    { name: 'fc6', dims: 768 },
  ]
  /** Has the shapes and strides of a real one. */
  const network = describedNetwork({
    onnxPath: fileURLToPath(new URL('../../../models/tiny-alexnet.onnx', import.meta.url)),
    layers,
  })
  /**
   * The first channel shows every fourth pixel of each image.
   * @param most images, after which it is stopped
   */
  const featuresOf = (images: number, most: number, pixelAt: (image: number, row: number, col: number) => number) => {
    const matrices = layers.map(({ dims }) => new Float32Array(images * dims))
    for (let image = 0; image < images; image++)
      for (let at = 0; at < 55 * 55; at++)
        (matrices[0] as Float32Array)[image * 16 * 55 * 55 + at] = pixelAt(
          image,
          4 * Math.floor(at / 55),
          4 * (at % 55),
        )
    const read = layers.map(({ name, dims }, i) => ({ name, dims, matrix: matrices[i] }))
    return { layers: read, finished: Math.min(most, images) }
  }
  const opened = (seen: Uint8Array[], most = Number.POSITIVE_INFINITY) => {
    const encode = async (given: readonly ImageSpec[]) => {
      const frames = given.map(({ scene }) => (scene.background as { readonly image: Uint8Array }).image)
      seen.push(...frames)
      const pixelAt = (i: number, row: number, col: number) => frames[i]?.[3 * (row * 224 + col)] as number
      return { ...featuresOf(frames.length, most, pixelAt), release: () => void seen.push(new Uint8Array()) }
    }
    return { network, encode } as unknown as NetworkHandle
  }
  const patch = {
    name: 'square',
    size: 8,
    rgba: new Uint8Array(8 * 8 * 4).map((_, i) => (i % 4 === 3 ? 255 : 40)),
    sha256: '',
  }
  const placeOf = (frame: Uint8Array | undefined) => {
    const pixel = Math.floor((frame?.indexOf(40) ?? 0) / 3)
    return [Math.floor(pixel / 224), pixel % 224]
  }

  it('is shown the blank frame, and the object at the center anchor, farther right and farther down', async () => {
    const seen: Uint8Array[] = []
    const [errors, none] = await measureEquivariance(opened(seen), sceneOf(patch, { rgb: [16, 32, 48] }))
    expect(seen).toHaveLength(1 + 1 + 2 * 8 + 1)
    expect([seen[0]?.includes(40), [...(seen[0]?.subarray(0, 3) ?? [])]]).toEqual([false, [16, 32, 48]])
    expect([1, 2, 9, 10, 17].map((i) => placeOf(seen[i]))).toEqual([
      ...[
        [108, 108],
        [108, 109],
        [108, 116],
      ],
      ...[
        [109, 108],
        [116, 108],
      ],
    ])
    expect(errors?.filter(({ total }) => total === 0).map(({ dx }) => dx)).toEqual([4, 8])
    expect(none).toEqual([])
  })

  it('is shown nothing where the object cannot move by a cell, and gives its memory back where it is stopped', async () => {
    const seen: Uint8Array[] = []
    const large = { ...patch, size: 218, rgba: new Uint8Array(218 * 218 * 4) }
    expect(await measureEquivariance(opened(seen), sceneOf(large))).toEqual([[], []])
    expect(seen).toEqual([])
    const reason = new Error('stopped')
    await expect(measureEquivariance(opened(seen, 17), sceneOf(patch), AbortSignal.abort(reason))).rejects.toBe(reason)
    expect(seen.at(-1)).toHaveLength(0)
  })
})
