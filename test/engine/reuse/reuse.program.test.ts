import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { largestDistance } from '../../../src/engine/distance.js'
import { type NetworkHandle, openThreads } from '../../../src/engine/handle.js'
import { positionGrid } from '../../../src/engine/positions.js'
import { sceneOf } from '../../../src/engine/scene.js'
import type { Scene, Settings } from '../../../src/engine/task.js'
import { WorkerError } from '../../../src/errors.js'
import { chooseNetwork, type Network, readOnnxFile } from '../../../src/networks/index.js'
import { imagenetInput } from '../../../src/networks/network.js'
import { type Initializer, type Node, writeModel } from '../../../src/networks/onnx/model.js'
import { readBackground } from '../../../src/patches/background.js'
import { builtInPatches } from '../../../src/patches/collection.js'
import { readImage } from '../../../src/patches/image.js'
import { patchAtSize } from '../../../src/patches/patch.js'

const SIZE = 50
const ONE: Settings = { workers: 1, threads: 1, batch: 32 }

let folder: string
let deaths = 0
let networks: readonly Network[]
let scenes: Readonly<Record<string, Scene>>

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'shiftscope-test-'))
  networks = await Promise.all(['tiny-alexnet', 'tiny-alexnet-aa'].map((id) => chooseNetwork({ model: id })))
  const [source] = await builtInPatches()
  if (source === undefined) throw new Error('there are no built-in patches')
  const patch = patchAtSize(source.name, await readImage(source.path), SIZE, 224)
  const noise = await readBackground('noise:7', 224)
  scenes = {
    white: sceneOf(patch),
    'coloured, soft': sceneOf(patch, '#3060a0', 'soft'),
    noise: sceneOf(patch, noise.background),
    'noise, soft': sceneOf(patch, noise.background, 'soft'),
  }
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A handle that computes values once, and the lines that it says. */
function openReusing(network: Network, settings = ONE, script?: string): { handle: NetworkHandle; notes: string[] } {
  const notes: string[] = []
  const reusing = { settings, onNote: (line: string) => notes.push(line) }
  return { handle: openThreads(network, settings, script, reusing), notes }
}

async function using<T>(handle: NetworkHandle, work: (handle: NetworkHandle) => Promise<T>): Promise<T> {
  try {
    return await work(handle)
  } finally {
    await handle.close()
  }
}

function expectSameBits(found: Float32Array, expected: Float32Array | undefined): void {
  const bytes = ({ buffer, byteOffset, byteLength }: Float32Array) => Buffer.from(buffer, byteOffset, byteLength)
  expect(bytes(found).equals(bytes(expected as Float32Array))).toBe(true)
}

function white(): Scene {
  return scenes.white as Scene
}

function dyingWorkers(name: string): string {
  process.env.DEATH_FILE = join(folder, `death-${deaths++}`)
  return new URL(`../workers/${name}.mjs`, import.meta.url).href
}

/** A network of an image of 32 pixels from 0 to 1. */
async function smallNetwork(
  name: string,
  nodes: readonly Node[],
  initializers: readonly Initializer[] = [],
  dims = 12,
) {
  const path = join(folder, `${name}.onnx`)
  const inputs = [{ name: 'image', shape: ['N', 3, 32, 32] }]
  await writeModel(path, { name, inputs, outputs: [{ name: 'feature', shape: ['N', 'D'] }], nodes, initializers })
  const layers = [{ name: 'feature', dims }]
  const input = { ...imagenetInput, mean: [0, 0, 0], std: [1, 1, 1], rows: 32, cols: 32 } as const
  return {
    id: name,
    title: name,
    onnxPath: path,
    layers,
    input,
    inputSource: 'catalog',
    weightsPath: path,
    weightsSha256: '',
    weightsBytes: 0,
  }
}

function node(operator: string, inputs: readonly string[], output: string, attributes: Node['attributes'] = {}): Node {
  return { operator, name: output, inputs, outputs: [output], attributes }
}
/** Weights of some shape. */
function weightsOf(name: string, ...shape: number[]): Initializer {
  const count = shape.reduce((product, size) => product * size, 1)
  return { name, shape, float32: async () => Float32Array.from({ length: count }, (_, i) => Math.sin(i)) }
}

/** A coloured square, opaque in its upper left part of so many pixels a side. */
function squareScene(size: number, opaque: number, colour = (at: number) => (at * 37) % 256): Scene {
  const isOpaque = (pixel: number) => Math.floor(pixel / size) < opaque && pixel % size < opaque
  const rgba = Uint8Array.from({ length: size * size * 4 }, (_, at) =>
    at % 4 === 3 ? (isOpaque(Math.floor(at / 4)) ? 255 : 0) : colour(at),
  )
  return sceneOf({ name: 'patch', size, rgba, sha256: '' }, '#000000')
}

describe('features whose values are computed once', () => {
  it.each([
    ['tiny-alexnet', 'white', 13],
    ['tiny-alexnet', 'coloured, soft', 12],
    ['tiny-alexnet', 'noise', 12],
    ['tiny-alexnet-aa', 'white', 12],
    ['tiny-alexnet-aa', 'noise, soft', 12],
  ])('are those of every image by itself: %s, %s, stride %i', async (id, background, stride) => {
    const network = networks.find((one) => one.id === id) as Network
    const scene = scenes[background as string] as Scene
    const { offsets } = positionGrid(224, SIZE, stride as number)
    const plain = await using(openThreads(network, { ...ONE, workers: 2 }), (handle) => handle.extract(scene, offsets))
    const { handle } = openReusing(network, { ...ONE, workers: 2 })
    await using(handle, async () => {
      const reused = await handle.extract(scene, offsets)
      expect(reused.finished).toBe(offsets.length / 2)
      for (const [i, { name, dims, matrix }] of reused.layers.entries()) {
        const expected = plain.layers[i]
        expect(expected?.name).toBe(name)
        expect(largestDistance(matrix, expected?.matrix as Float32Array, dims)).toBeLessThan(1e-5)
      }
      const [record] = handle.reused()
      expect(record).toMatchObject({ size: SIZE, cut: expect.any(String), predictedGain: expect.any(Number) })
      if (record === undefined || 'reason' in record) throw new Error('nothing was computed once')
      expect(record.distinct.conv1).toBeLessThan(0.2)
    })
  })

  it('are those of every image by itself for each patch, whatever another one hides', async () => {
    // The last windows of the pool reach beyond the border; a patch that is opaque at its upper left alone never comes there.
    const pool = { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1, count_include_pad: 1 }
    const nodes = [
      node('Conv', ['image', 'first'], 'map', { pads: [2, 2, 2, 2] }),
      node('Relu', ['map'], 'relu'),
      node('AveragePool', ['relu'], 'pool', pool),
      node('Conv', ['pool', 'second'], 'last'),
      node('Flatten', ['last'], 'feature'),
    ]
    const initializers = [weightsOf('first', 8, 3, 5, 5), weightsOf('second', 4, 8, 3, 3)]
    const network = await smallNetwork('overhanging', nodes, initializers, 4 * 14 * 14)
    const { offsets } = positionGrid(32, 12, 1)
    const { handle } = openReusing(network)
    await using(openThreads(network, ONE), async (plain) => {
      await using(handle, async () => {
        for (const scene of [squareScene(12, 6), squareScene(12, 12)]) {
          const [found, expected] = [await handle.extract(scene, offsets), await plain.extract(scene, offsets)]
          const [matrix, reference] = [found, expected].map(({ layers }) => layers[0]?.matrix) as [
            Float32Array,
            Float32Array,
          ]
          expect(largestDistance(matrix, reference, 4 * 14 * 14)).toBeLessThan(1e-5)
        }
      })
    })
  })

  it('are the same bits whatever the workers, threads and batch, and however the work is divided', async () => {
    const [network] = networks as [Network, Network]
    const { offsets } = positionGrid(224, SIZE, 12)
    const results: Float32Array[] = []
    for (const settings of [ONE, { workers: 2, threads: 1, batch: 5 }, { workers: 1, threads: 2, batch: 100 }]) {
      const { handle } = openReusing(network, settings)
      results.push(
        await using(handle, async () => (await handle.extract(white(), offsets)).layers[1]?.matrix as Float32Array),
      )
    }
    for (const result of results) expectSameBits(result, results[0] as Float32Array)
    // A part of the positions, in another order.
    const part = Int32Array.from({ length: 40 }, (_, i) => (i * 577 + 3) % (offsets.length / 2))
    const places = Int32Array.from([...part].flatMap((row) => [...offsets.subarray(2 * row, 2 * row + 2)]))
    const { handle } = openReusing(network)
    await using(handle, async () => {
      const { layers } = await handle.extract(white(), places, { whole: offsets })
      const { dims, matrix } = layers[1] as (typeof layers)[number]
      for (const [i, row] of part.entries())
        expectSameBits(matrix.subarray(i * dims, (i + 1) * dims), results[0]?.subarray(row * dims, (row + 1) * dims))
    })
  })

  it('end early when they are told to, and say which rows stand', async () => {
    const [network] = networks as [Network, Network]
    const { offsets } = positionGrid(224, SIZE, 13)
    const stop = new AbortController()
    const seen: number[] = []
    const { handle } = openReusing(network)
    await using(handle, async () => {
      const { finished } = await handle.extract(white(), offsets, {
        signal: stop.signal,
        onRows: (rows) => {
          seen.push(...rows)
          stop.abort()
        },
      })
      expect(finished).toBeLessThan(offsets.length / 2)
      expect(new Set(seen).size).toBe(seen.length)
      expect(seen.length).toBeGreaterThan(0)
      for (let row = 0; row < finished; row++) expect(seen).toContain(row)
      // It goes on as if nothing had been.
      expect((await handle.extract(white(), offsets)).finished).toBe(offsets.length / 2)
    })
  })

  it('survive a worker that is lost, and fail with those that are lost again and again', async () => {
    const [network] = networks as [Network, Network]
    const { offsets } = positionGrid(224, SIZE, 12)
    const expected = await using(openReusing(network).handle, (handle) => handle.extract(white(), offsets))
    const { handle } = openReusing(network, { ...ONE, workers: 2 }, dyingWorkers('diesOnce'))
    const found = await using(handle, () => handle.extract(white(), offsets))
    expect(found.layers).toHaveLength(expected.layers.length)
    for (const [i, { matrix }] of found.layers.entries()) expectSameBits(matrix, expected.layers[i]?.matrix)
    const lost = openReusing(network, ONE, dyingWorkers('diesAlways'))
    await using(lost.handle, () => expect(lost.handle.extract(white(), offsets)).rejects.toThrow(WorkerError))
  })
})

describe('the plain way is taken', () => {
  const weight = weightsOf('weight', 12, 3, 3, 3)
  const second = weightsOf('second', 12, 12, 9, 9)
  const convolution = [node('Conv', ['image', 'weight'], 'map'), node('Relu', ['map'], 'relu')]

  async function reasonFor(network: Network, scenes = [squareScene(8, 8)]) {
    const { offsets } = positionGrid(32, 8, 1)
    const { handle, notes } = openReusing(network)
    return using(handle, async () => {
      for (const scene of scenes) expect((await handle.extract(scene, offsets)).finished).toBe(offsets.length / 2)
      const record = handle.reused().at(-1)
      if (record === undefined || !('reason' in record)) throw new Error(`values were computed once: ${record?.cut}`)
      return { reason: record.reason, notes }
    })
  }

  it('where the sample of a patch disagrees, though that of another does not', async () => {
    const random = [
      ...convolution,
      node('Conv', ['relu', 'second'], 'small', { strides: [4, 4] }),
      node('GlobalAveragePool', ['small'], 'mean'),
      node('Flatten', ['mean'], 'flat'),
      node('RandomUniformLike', ['flat'], 'noise'),
      node('Mul', ['flat', 'noise'], 'feature'),
    ]
    const black = squareScene(8, 8, () => 0)
    const network = await smallNetwork('random', random, [weight, second])
    const { reason, notes } = await reasonFor(network, [black, squareScene(8, 8), black, squareScene(8, 7)])
    expect(reason).toMatch(/from the plain way's/)
    expect(notes).toEqual([expect.stringMatching(/^random at 8 px: .* the plain way is taken$/)])
  })

  it('where the whole image is read at once', async () => {
    const first = [
      node('GlobalAveragePool', ['image'], 'mean'),
      node('Concat', ['mean', 'mean', 'mean', 'mean'], 'all', { axis: 1 }),
      node('Flatten', ['all'], 'feature'),
    ]
    const { reason } = await reasonFor(await smallNetwork('global', first))
    expect(reason).toBe('GlobalAveragePool "mean" cannot be computed place by place')
  })

  it('where images share too little', async () => {
    const wide = [
      node('Conv', ['image', 'wide'], 'map', { kernel_shape: [31, 31], pads: [0, 0, 0, 0] }),
      node('GlobalAveragePool', ['map'], 'mean'),
      node('Flatten', ['mean'], 'feature'),
    ]
    const { reason } = await reasonFor(await smallNetwork('wide', wide, [weightsOf('wide', 12, 3, 31, 31)]))
    expect(reason).toMatch(/^images share too little/)
  })
})

describe('networks that torch exported', () => {
  it.each([
    ['resnet18', 'Add'],
    ['squeezenet', 'Concat'],
    ['vit', 'reason'],
  ])('%s has its values computed once, or says why not', async (name, operator) => {
    const onnxFile = fileURLToPath(new URL(`../../golden/exports/${name}.onnx`, import.meta.url))
    const network = await chooseNetwork({ model: onnxFile, layers: ['feature'] })
    const { offsets } = positionGrid(64, 20, 2)
    const scene = sceneOf(patchAtSize('dog', await readImage((await builtInPatches())[0]?.path as string), 20, 64))
    const plain = await using(openThreads(network, ONE), (handle) => handle.extract(scene, offsets))
    const { handle } = openReusing(network)
    await using(handle, async () => {
      const [features] = (await handle.extract(scene, offsets)).layers
      const expected = plain.layers[0]?.matrix as Float32Array
      expect(largestDistance(features?.matrix as Float32Array, expected, features?.dims as number)).toBeLessThan(1e-5)
      const [record] = handle.reused()
      if (operator === 'reason')
        expect(record).toMatchObject({ reason: expect.stringContaining('cannot be computed place by place') })
      else expect(readOnnxFile(onnxFile).graph.nodes.map((node) => node.operator)).toContain(operator)
      if (operator !== 'reason') expect(record).toMatchObject({ cut: expect.any(String) })
    })
  })
})
