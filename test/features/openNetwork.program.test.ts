import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { UsageError } from '../../src/errors.js'
import type { NetworkExtractOptions } from '../../src/features/extraction.js'
import { type OpenNetwork, openNetwork } from '../../src/features/openNetwork.js'
import { separability } from '../../src/features/separability.js'
import { similarity } from '../../src/features/similarity.js'
import { readNpy } from '../../src/files/npy.js'
import { patchFrom } from '../../src/patches/collection.js'
import { readImage } from '../../src/patches/image.js'
import { patchesOfSource } from '../../src/patches/patch.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const inFolder = temporaryFolder()
const DOG = new URL('../../models/patches/dog.png', import.meta.url).pathname
const placed = { patch: DOG, size: 75, stride: 50 } as const

/** Both are opened once for all tests; the second one is opened by its first call. */
let network: OpenNetwork
let other: OpenNetwork
beforeAll(async () => {
  const settings = { workers: 1, threads: 2, batch: 8 }
  network = await openNetwork('tiny-alexnet', settings)
  other = await openNetwork('tiny-alexnet-aa', settings)
})
afterAll(async () => {
  await network.close()
  await other.close()
})

/** Compares bytes: where they differ, a list of all differences would take minutes. */
function isSame(a: Float32Array, b: Float32Array | undefined): boolean {
  const bytesOf = (values: Float32Array) => Buffer.from(values.buffer, values.byteOffset, values.byteLength)
  return b !== undefined && bytesOf(a).equals(bytesOf(b))
}

describe('an open network', () => {
  it('is opened by another call where the first one is stopped, beside other networks', async () => {
    const reason = new Error('enough')
    const controller = new AbortController()
    const first = other.extract({ ...placed, signal: controller.signal })
    const second = other.extract(placed)
    controller.abort(reason)
    await expect(first).rejects.toBe(reason)
    const [a, b] = await Promise.all([network.extract(placed), second])
    expect([a.model, a.images, b.model, b.images]).toEqual(['tiny-alexnet', 13, 'tiny-alexnet-aa', 13])
    expect(isSame(a.layers[0]?.data as Float32Array, b.layers[0]?.data)).toBe(false)
  })

  it('takes a patch by its path, its name, its bytes and its pixels alike', async () => {
    const { rows, cols, data } = await readImage(DOG)
    const [builtIn] = await patchesOfSource(await patchFrom('dog'), [75], 224, 'hard')
    const small = { data: builtIn?.rgba as Uint8Array, width: 75, height: 75 }
    const [first, ...others] = await Promise.all(
      [DOG, readFileSync(DOG), { data, width: cols, height: rows }, 'dog', small].map((patch) =>
        network.extract({ ...placed, patch }),
      ),
    )
    const shapes = first?.layers.map(({ name, shape }) => `${name} ${shape}`)
    expect(shapes).toEqual(['fc6 3,3,768', 'fc7 3,3,768', 'fc8 3,3,627'])
    const sameAs = (one: typeof first, two: typeof first) =>
      one?.layers.every((layer, i) => isSame(layer.data, two?.layers[i]?.data))
    expect(others.map((found) => sameAs(found, first)).slice(0, 2)).toEqual([true, true])
    expect(sameAs(others[2], others[3])).toBe(true)
  })

  it('hands out every row once, in the order that is asked for, with the features of extract', async () => {
    const whole = await network.extract({ ...placed, stride: 14 })
    for (const order of ['row-major', 'coarse-to-fine'] as const) {
      const seen: number[] = []
      for await (const { positions, indices, layers } of network.rows({ ...placed, stride: 14, order })) {
        const { rows, cols } = whole
        expect([...positions]).toEqual([...indices].flatMap((at) => [14 * Math.floor(at / cols), 14 * (at % cols)]))
        expect(Math.max(...indices)).toBeLessThan(rows * cols)
        seen.push(...indices)
        for (const [l, { dims, data }] of layers.entries())
          for (const [i, index] of indices.entries()) {
            const expected = whole.layers[l]?.data.subarray(index * dims, (index + 1) * dims)
            expect(isSame(data.subarray(i * dims, (i + 1) * dims), expected)).toBe(true)
          }
      }
      expect([...seen].sort((a, b) => a - b)).toEqual(Array.from({ length: whole.rows * whole.cols }, (_, i) => i))
      if (order === 'coarse-to-fine') expect(seen.slice(0, 2)).toEqual([0, 8])
    }
  })

  it('goes on when the caller leaves its rows, or a call is stopped with its reason', async () => {
    let rounds = 0
    for await (const _ of network.rows({ ...placed, stride: 6 })) if (++rounds === 2) break
    const reason = new Error('enough')
    const controller = new AbortController()
    const onProgress: NetworkExtractOptions['onProgress'] = (event) => {
      if (event.kind === 'update' && event.done > 0) controller.abort(reason)
    }
    const stopped = network.extract({ ...placed, stride: 4, signal: controller.signal, onProgress })
    await expect(stopped).rejects.toBe(reason)
    const features = await network.extract(placed)
    expect(features.images).toBe(13)
    await expect(similarity(features, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  it('compares with the anchors as similarity does with features', async () => {
    const own = (await similarity(await network.extract(placed))).layers[0]
    const { layers } = await network.compare(placed)
    expect(layers.map(({ name }) => name)).toEqual(['fc6', 'fc7', 'fc8'])
    expect(layers[0]?.maps).toEqual(own?.maps)
    expect(layers[0]?.anchors['bottom-right'].mean).toBe(own?.anchors['bottom-right'].mean)
  })

  it.each([
    [{ ...placed, strid: 2 }, 'option strid is not known; known options are patch, size, photograph, margin, stride'],
    [{ ...placed, stride: '2' }, 'option stride must be a number, not the text "2"'],
    [{ patch: DOG }, 'give `patch` and `size`, or `photograph`'],
  ])('refuses %j', async (options, message) => {
    await expect(network.extract(options as NetworkExtractOptions)).rejects.toThrow(message)
  })

  it('is of no use once it is closed', async () => {
    const closing = await openNetwork('tiny-alexnet', { workers: 1, threads: 1, batch: 4 })
    await closing.close()
    await expect(closing.extract(placed)).rejects.toThrow('tiny-alexnet is closed')
  })
})

describe('features in memory', () => {
  it('are measured as those in a file', async () => {
    const features = await network.extract({ ...placed, stride: 15, out: inFolder('features') })
    const file = features.layers[0]?.file as string
    const several = await separability(features, { cv: ['ordered', 'shuffled'] })
    const fromFile = await separability(file)
    expect(several.layers.map(({ name }) => name)).toEqual(['fc6', 'fc7', 'fc8'])
    const { 'left-right': leftRight, 'top-bottom': topBottom } = fromFile
    expect(several.layers[0]?.schemes.ordered).toEqual({ 'left-right': leftRight, 'top-bottom': topBottom })
    expect((await separability(await readNpy(file)))['left-right']).toEqual(leftRight)
  })

  it('are refused where their shape is not theirs', async () => {
    const data = new Float32Array(12)
    await expect(similarity({ data, shape: [2, 3] })).rejects.toThrow(/has shape \(2, 3\); give features of shape/)
    await expect(similarity({ data, shape: [2, 3, 3] })).rejects.toThrow(
      'has 12 values, but its shape (2, 3, 3) needs 18',
    )
    await expect(similarity({} as never)).rejects.toThrow(UsageError)
  })
})
