import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { largestDistance } from '../../../src/engine/features/distance.js'
import { type NetworkHandle, openThreads } from '../../../src/engine/open/handle.js'
import { positionGrid } from '../../../src/engine/scene/positions.js'
import { sceneOf } from '../../../src/engine/scene/scene.js'
import type { Scene, Settings } from '../../../src/engine/scene/task.js'
import type { Network } from '../../../src/network.js'
import { chooseNetwork } from '../../../src/networks/open/openNetwork.js'
import { readBackground } from '../../../src/patches/background.js'
import { sharedNetworkFolder } from '../../support/networkFolder.js'
import { convolutions, node, smallNetwork, weightsOf } from '../../support/smallNetwork.js'
import { stripes } from '../../support/stripes.js'
import { using } from '../../support/using.js'

const ONE: Settings = { workers: 1, threads: 1, batch: 32 }
const SIZE = 8
const { offsets } = positionGrid(32, SIZE, 1)
const POSITIONS = offsets.length / 2

const inFolder = sharedNetworkFolder()
let network: Network
beforeAll(async () => {
  network = await convolutions(inFolder('network.onnx'))
})

/** An object on black, opaque in its upper left part of so many pixels a side. */
function sceneOfSize(size: number, opaque = size): Scene {
  const isOpaque = (pixel: number) => Math.floor(pixel / size) < opaque && pixel % size < opaque
  return sceneOf(
    stripes(size, (pixel) => (isOpaque(pixel) ? 255 : 0)),
    { rgb: [0, 0, 0] },
  )
}

/** Works with a handle that computes values once, and tells the lines that it says. */
async function reusing<T>(
  opened: Network,
  work: (handle: NetworkHandle, notes: string[]) => Promise<T>,
  settings = ONE,
) {
  const notes: string[] = []
  const handle = openThreads(opened, settings, { reusing: settings, onNote: (line) => notes.push(String(line)) })
  return using(handle, () => work(handle, notes))
}

function plainly(opened: Network, scene: Scene, places: Int32Array): Promise<readonly Float32Array[]> {
  return using(openThreads(opened, { ...ONE, workers: 2 }), async (handle) =>
    (await handle.extract(scene, places)).layers.map(({ matrix }) => matrix.slice()),
  )
}

describe('features whose values are computed once', () => {
  it.each([
    ['models/tiny-alexnet-aa', 'noise:7', 'soft', 'conv'],
    ['test/golden/exports/resnet18', '#3060a0', 'soft', '/'],
    ['test/golden/exports/squeezenet', 'white', 'hard', '/'],
  ] as const)('are those of every image by itself: %s on %s, %s edges', async (name, background, blend, cut) => {
    const file = fileURLToPath(new URL(`../../../${name}.onnx`, import.meta.url))
    const isOurs = name.startsWith('models')
    const opened = await chooseNetwork(isOurs ? { model: name.slice(7) } : { model: file, layers: ['feature'] })
    const [frame, size, stride] = isOurs ? [224, 50, 20] : [64, 20, 4]
    const behind = (await readBackground(background, frame)).background
    const scene: Scene = { ...sceneOfSize(size, size - 2), background: behind, blend }
    const places = positionGrid(frame, size, stride).offsets
    const expected = await plainly(opened, scene, places)
    await reusing(opened, async (handle) => {
      const { layers, finished } = await handle.extract(scene, places)
      expect(finished).toBe(places.length / 2)
      for (const [i, { dims, matrix }] of layers.entries())
        expect(largestDistance(matrix, expected[i] as Float32Array, dims)).toBeLessThan(1e-5)
      const [record] = handle.ran().reuse ?? []
      expect(record).toMatchObject({ size, cut: expect.stringContaining(cut), predictedGain: expect.any(Number) })
    })
  })

  it('are those of every image by itself if a network computes and rounds shapes', async () => {
    const dims = 12 * 7 * 7
    const integers = (name: string, ...int64: number[]) => ({ name, shape: [int64.length], int64 })
    const opened = await smallNetwork(inFolder('shapes.onnx'), {
      dims,
      nodes: [
        node('Conv', ['image', 'first'], 'large'),
        node('Conv', ['large', 'second'], 'map', { strides: [4, 4] }),
        node('Shape', ['map'], 'shape'),
        node('Gather', ['shape', 'zero'], 'images'),
        node('Cast', ['images'], 'float', { to: 1 }),
        node('Floor', ['float'], 'whole'),
        node('Cast', ['whole'], 'integer', { to: 7 }),
        node('Concat', ['integer', 'rest'], 'sizes', { axis: 0 }),
        node('Reshape', ['map', 'sizes'], 'feature'),
      ],
      initializers: [
        weightsOf('first', 12, 3, 3, 3),
        weightsOf('second', 12, 12, 3, 3),
        integers('zero', 0),
        integers('rest', dims),
      ],
    })
    const [expected] = await plainly(opened, sceneOfSize(SIZE), offsets)
    await reusing(opened, async (handle) => {
      const [layer] = (await handle.extract(sceneOfSize(SIZE), offsets)).layers
      expect(largestDistance(layer?.matrix as Float32Array, expected as Float32Array, dims)).toBeLessThan(1e-5)
      expect(handle.ran().reuse).toEqual([expect.objectContaining({ cut: 'map' })])
    })
  })

  it('are the same bits whatever the workers, threads and batch, and however the work is divided', async () => {
    const bitsOf = (matrix: Float32Array) => Buffer.from(Float32Array.from(matrix).buffer)
    const results: Buffer[] = []
    for (const settings of [ONE, { ...ONE, workers: 2, batch: 5 }, { ...ONE, threads: 2, batch: 100 }]) {
      const extracting = async (handle: NetworkHandle) => (await handle.extract(sceneOfSize(SIZE), offsets)).layers[0]
      results.push(bitsOf((await reusing(network, extracting, settings))?.matrix as Float32Array))
    }
    for (const result of results) expect(result.equals(results[0] as Buffer)).toBe(true)
    // A part of the positions, in another order.
    const part = Int32Array.from({ length: 40 }, (_, i) => (i * 577 + 3) % POSITIONS)
    const places = Int32Array.from([...part].flatMap((row) => [...offsets.subarray(2 * row, 2 * row + 2)]))
    await reusing(network, async (handle) => {
      const { layers } = await handle.extract(sceneOfSize(SIZE), places, { whole: offsets })
      const { dims, matrix } = layers[0] as (typeof layers)[number]
      for (const [i, row] of part.entries()) {
        const expected = results[0]?.subarray(4 * row * dims, 4 * (row + 1) * dims) as Buffer
        expect(bitsOf(matrix.subarray(i * dims, (i + 1) * dims)).equals(expected)).toBe(true)
      }
    })
  })
})

describe('features are shared although', () => {
  /** What reuse tells of all positions, and the largest distance from features that are computed in full. */
  async function shared(opened: Network, scene = sceneOfSize(SIZE)) {
    const [expected] = await plainly(opened, scene, offsets)
    return reusing(opened, async (handle, notes) => {
      const [layer] = (await handle.extract(scene, offsets)).layers
      const { matrix, dims } = layer as NonNullable<typeof layer>
      const [record] = handle.ran().reuse ?? []
      return { record, notes, distance: largestDistance(matrix, expected as Float32Array, dims) }
    })
  }

  /** A network of two convolutions, whose map has further nodes. The last one gives `feature`. */
  function ending(name: string, ...last: ReturnType<typeof node>[]): Promise<Network> {
    const nodes = [
      node('Conv', ['image', 'first'], 'map'),
      node('Relu', ['map'], 'relu'),
      node('Conv', ['relu', 'second'], 'small', { strides: [2, 2] }),
      node('Flatten', ['small'], 'flat'),
      ...last,
    ]
    const initializers = [weightsOf('first', 12, 3, 3, 3), weightsOf('second', 4, 12, 3, 3)]
    const made = { name, dims: 4 * 14 * 14, nodes, initializers, listsWeights: true }
    return smallNetwork(inFolder(`${name}.onnx`), made)
  }

  it('they are rounded to float16 at the end', async () => {
    const half = node('Cast', ['flat'], 'half', { to: 10 })
    const { record, notes, distance } = await shared(
      await ending('half', half, node('Cast', ['half'], 'feature', { to: 1 })),
    )
    expect(record).toMatchObject({ cut: 'small' })
    expect(notes).toEqual([])
    // A single step of float16.
    expect(distance).toBeLessThan(2 ** -11)
  })

  it('the file lists its weights as inputs, as files before version 4 must', async () => {
    const opened = await ending('listed', node('Identity', ['flat'], 'feature'))
    const bytes = await readFile(opened.onnxPath)
    // The file begins with its version, which is field 1.
    expect([...bytes.subarray(0, 2)]).toEqual([8, 8])
    await writeFile(opened.onnxPath, Buffer.concat([Buffer.of(8, 3), bytes.subarray(2)]))
    const { record, notes, distance } = await shared(opened)
    expect(record).toMatchObject({ cut: 'small' })
    expect(notes).toEqual([])
    expect(distance).toBeLessThan(1e-5)
  })
})

describe('the plain way is taken', () => {
  const first = [node('Conv', ['image', 'first'], 'map'), node('Relu', ['map'], 'relu')]

  async function reasonFor(opened: Network, scenes = [sceneOfSize(SIZE)]) {
    return reusing(opened, async (handle, notes) => {
      for (const scene of scenes) expect((await handle.extract(scene, offsets)).finished).toBe(POSITIONS)
      const record = handle.ran().reuse?.at(-1)
      if (record === undefined || !('reason' in record)) throw new Error(`values were computed once: ${record?.cut}`)
      return { reason: record.reason, notes }
    })
  }

  it('where the sample of a patch disagrees, though that of another does not', async () => {
    const random = [
      ...first,
      node('Conv', ['relu', 'second'], 'small', { strides: [4, 4] }),
      node('GlobalAveragePool', ['small'], 'mean'),
      node('Flatten', ['mean'], 'flat'),
      node('RandomUniformLike', ['flat'], 'noise'),
      node('Mul', ['flat', 'noise'], 'feature'),
    ]
    const initializers = [weightsOf('first', 12, 3, 3, 3), weightsOf('second', 12, 12, 9, 9)]
    const made = { name: 'random', dims: 12, nodes: random, initializers }
    const opened = await smallNetwork(inFolder('random.onnx'), made)
    // What is black on black gives the same features wherever it is.
    const { patch, ...behind } = sceneOfSize(SIZE)
    const black = { ...behind, patch: { ...patch, rgba: patch.rgba.map((value, at) => (at % 4 === 3 ? value : 0)) } }
    const { reason, notes } = await reasonFor(opened, [black, sceneOfSize(SIZE), black, sceneOfSize(SIZE, SIZE - 1)])
    expect(reason).toMatch(/^sharing values would change features by \S+ \(relative\)$/)
    expect(notes).toEqual([expect.stringMatching(/^random at 8 px: .* every image is computed in full$/)])
  })
})
