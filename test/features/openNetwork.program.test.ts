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
import type { PatchInput } from '../../src/patches/patchInput.js'
import { reproduce } from '../../src/study/run.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const inFolder = temporaryFolder()
const DOG = new URL('../../models/patches/dog.png', import.meta.url).pathname
const placed = { patch: DOG, size: 75, stride: 25 } as const

let network: OpenNetwork
beforeAll(async () => {
  network = await openNetwork('tiny-alexnet', { workers: 1, threads: 2, batch: 8 })
})
afterAll(() => network.close())

/** Compares bytes: where they differ, a list of all differences would take minutes. */
function isSame(a: Float32Array, b: Float32Array | undefined): boolean {
  return (
    b !== undefined &&
    Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(new Uint8Array(b.buffer, b.byteOffset, b.byteLength))
  )
}

describe('an open network', () => {
  it('takes a patch by its path, its name, its bytes and its pixels alike', async () => {
    const { rows, cols, data } = await readImage(DOG)
    const [builtIn] = await patchesOfSource(await patchFrom('dog'), [75], 224, 'hard')
    const featuresOf = (patches: readonly PatchInput[]) =>
      Promise.all(patches.map((patch) => network.extract({ ...placed, patch })))
    const [first, ...others] = await featuresOf([DOG, readFileSync(DOG), { data, width: cols, height: rows }])
    const named = await featuresOf(['dog', { data: builtIn?.rgba as Uint8Array, width: 75, height: 75 }])
    expect(first?.layers.map(({ name, shape }) => [name, ...shape])).toEqual([
      ['fc6', 6, 6, 768],
      ['fc7', 6, 6, 768],
      ['fc8', 6, 6, first?.layers[2]?.dims],
    ])
    for (const [one, ...same] of [[first, ...others], named])
      for (const other of same)
        expect(other?.layers.every(({ data }, i) => isSame(data, one?.layers[i]?.data))).toBe(true)
  })

  it('hands out every row once, in the order that is asked for, with the features of extract', async () => {
    const whole = await network.extract({ ...placed, stride: 4 })
    for (const order of ['row-major', 'coarse-to-fine'] as const) {
      const seen: number[] = []
      for await (const { positions, indices, layers } of network.rows({ ...placed, stride: 4, order })) {
        expect(positions.length).toBe(2 * indices.length)
        for (const [i, index] of indices.entries()) {
          seen.push(index)
          expect([...positions.subarray(2 * i, 2 * i + 2)]).toEqual([
            4 * Math.floor(index / whole.cols),
            4 * (index % whole.cols),
          ])
        }
        for (const [l, { dims, data }] of layers.entries()) {
          const first = indices[0] as number
          const expected = whole.layers[l]?.data.subarray(first * dims, (first + 1) * dims)
          expect(data.subarray(0, dims)).toEqual(expected)
        }
      }
      expect(new Set(seen).size).toBe(whole.rows * whole.cols)
      if (order === 'row-major') expect(seen).toEqual(seen.map((_, i) => i))
      else expect(seen.slice(0, 4)).toEqual([0, 32, 32 * whole.cols, 32 * whole.cols + 32])
    }
  })

  it('ends when the caller leaves its rows', async () => {
    let rounds = 0
    for await (const _ of network.rows({ ...placed, stride: 3 })) if (++rounds === 2) break
    expect((await network.extract(placed)).rows).toBe(6)
  })

  it('compares with the anchors as similarity does with features', async () => {
    const features = await network.extract(placed)
    const fromFeatures = await similarity(features)
    const { layers } = await network.compare(placed)
    expect(layers.map(({ name }) => name)).toEqual(['fc6', 'fc7', 'fc8'])
    // Where the grid has the corners and the middle of the grid of stride 1 too, the anchors are the same.
    const [top] = layers
    const own = fromFeatures.layers[0]
    expect(top?.maps.subarray(0, 36)).toEqual(own?.maps.subarray(0, 36))
    expect(top?.anchors['top-left'].mean).toBe(own?.anchors['top-left'].mean)
  })

  it('rejects with the reason of the signal', async () => {
    const reason = new Error('enough')
    const controller = new AbortController()
    const stopped = network.extract({
      ...placed,
      stride: 2,
      signal: controller.signal,
      onProgress: (event) => {
        if (event.kind === 'update' && event.done > 0) controller.abort(reason)
      },
    })
    await expect(stopped).rejects.toBe(reason)
    await expect(similarity(await network.extract(placed), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect((await network.extract(placed)).images).toBe(36)
  })

  it('is opened by another call where the first one is stopped', async () => {
    await using opening = await openNetwork('tiny-alexnet-aa')
    const reason = new Error('enough')
    const controller = new AbortController()
    const first = opening.extract({ ...placed, signal: controller.signal })
    const second = opening.extract(placed)
    controller.abort(reason)
    await expect(first).rejects.toBe(reason)
    expect((await second).images).toBe(36)
  })

  it('is two networks where two are opened', async () => {
    await using other = await openNetwork('tiny-alexnet-aa', { workers: 1, threads: 1, batch: 4 })
    const [a, b] = await Promise.all([network.extract(placed), other.extract(placed)])
    expect(a.layers[0]?.data).not.toEqual(b.layers[0]?.data)
    expect([a.model, b.model]).toEqual(['tiny-alexnet', 'tiny-alexnet-aa'])
  })

  it('names options that are misspelt, missing or of the wrong type', async () => {
    const extract = (options: object) => network.extract(options as NetworkExtractOptions)
    await expect(extract({ ...placed, strid: 2 })).rejects.toThrow(
      'option strid is not known; known are patch, size, stride',
    )
    await expect(extract({ ...placed, stride: '2' })).rejects.toThrow(
      'option stride must be a number, not the text "2"',
    )
    await expect(extract({ patch: DOG })).rejects.toThrow('option size is missing')
    await expect(extract({ ...placed, patch: { data: new Uint8Array(3), width: 1, height: 1 } })).rejects.toThrow(
      'pixels of 1×1 take 4 bytes of RGBA, not 3',
    )
    await expect(openNetwork('tiny-alexnet', { devices: 'cpu' } as object)).rejects.toThrow(UsageError)
    await expect(separability('x.npy', { seed: null } as object)).rejects.toThrow(
      'option seed must be a number, not null',
    )
    await expect(reproduce({ model: 'x' } as object)).rejects.toThrow('option model is not known')
  })

  it('is of no use once it is closed', async () => {
    const closing = await openNetwork('tiny-alexnet', { workers: 1, threads: 1, batch: 4 })
    await closing.close()
    await expect(closing.extract(placed)).rejects.toThrow('tiny-alexnet is closed')
  })
})

describe('features in memory', () => {
  it('are measured as those in a file', async () => {
    const out = inFolder('features')
    const features = await network.extract({ ...placed, stride: 10, out })
    const [layer] = features.layers
    const file = layer?.file as string
    const { shape, data } = await readNpy(file)
    const several = await separability(features, { cv: ['ordered', 'shuffled'] })
    const fromFile = await separability(file)
    expect(several.layers[0]?.schemes.ordered).toEqual({
      'left-right': fromFile['left-right'],
      'top-bottom': fromFile['top-bottom'],
    })
    expect(several.layers.map(({ name }) => name)).toEqual(['fc6', 'fc7', 'fc8'])
    expect((await separability({ shape, data }))['left-right']).toEqual(fromFile['left-right'])
    expect((await similarity(file)).maps).toEqual((await similarity(features)).layers[0]?.maps)
  })

  it('are refused where their shape is not theirs', async () => {
    const data = new Float32Array(12)
    await expect(similarity({ data, shape: [2, 3] })).rejects.toThrow(/has shape \(2, 3\); give features of shape/)
    await expect(similarity({ data, shape: [2, 3, 3] })).rejects.toThrow(
      'the array of features has 12 values, not the 18',
    )
    await expect(similarity({} as never)).rejects.toThrow(UsageError)
  })
})
