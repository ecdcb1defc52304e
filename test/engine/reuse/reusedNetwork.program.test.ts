import { copyFileSync, existsSync, readdirSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { largestDistance } from '../../../src/engine/features/distance.js'
import { openThreads } from '../../../src/engine/open/handle.js'
import { expectedGain } from '../../../src/engine/reuse/expected.js'
import { reusedNetwork } from '../../../src/engine/reuse/reusedNetwork.js'
import { positionGrid } from '../../../src/engine/scene/positions.js'
import { sceneOf } from '../../../src/engine/scene/scene.js'
import type { Settings } from '../../../src/engine/scene/task.js'
import type { Network } from '../../../src/network.js'
import type { Initializer, Node } from '../../../src/onnx/format/onnxModel.js'
import { sharedNetworkFolder } from '../../support/networkFolder.js'
import { constantOf, node, smallNetwork, weightsOf } from '../../support/smallNetwork.js'
import { stripes } from '../../support/stripes.js'
import { using } from '../../support/using.js'

const ONE: Settings = { workers: 1, threads: 1, batch: 32 }
const SIDE = 48
const DIMS = 8
const scene = sceneOf(stripes(12), { rgb: [90, 20, 200] })
const { offsets } = positionGrid(SIDE, 12, 2)

const inFolder = sharedNetworkFolder()
const list = (name: string, ...int64: number[]): Initializer => ({ name, shape: [int64.length], int64 })
const index = (name: string, value: number): Initializer => ({ name, shape: [], int64: [value] })
const last = (from: string, to: string) => node('Transpose', [from], to, { perm: [0, 2, 3, 1] })
const first = (from: string, to: string) => node('Transpose', [from], to, { perm: [0, 3, 1, 2] })

const half = (from: string) => node('Cast', [from], `${from}.half`, { to: 10 })

interface Form {
  readonly nodes: readonly Node[]
  /** Largest relative distance that the form's rounding may cause; 1e-5 if left out. */
  readonly rounding?: number
  readonly initializers?: readonly Initializer[]
}

/** Nodes in front of the first convolution, which reads `pixels`. Its border is the form's own. */
const BORDERED = { strides: [2, 2], pads: [0, 0, 1, 1] }
const head = [node('GlobalAveragePool', ['deep'], 'mean'), node('Flatten', ['mean'], 'feature')]
const second = node('Conv', ['relu', 'second'], 'deep', { pads: [1, 1, 1, 1] })
const relu = node('Relu', ['map'], 'relu')
const plain: readonly Node[] = [node('Conv', ['image', 'first'], 'map', BORDERED), relu, second, ...head]

/** The size of a tensor along an axis, as exporters compute it. */
function extent(of: string, axis: string, to: string): readonly Node[] {
  return [node('Shape', [of], `${to}.shape`), node('Gather', [`${to}.shape`, axis], to, { axis: 0 })]
}

/** Forms that compute the same as the plain network. */
const FORMS: Readonly<Record<string, Form>> = {
  'channels last': {
    nodes: [
      last('image', 'own'),
      first('own', 'pixels'),
      node('Conv', ['pixels', 'first'], 'map', BORDERED),
      ...plain.slice(1),
    ],
  },
  'Transposes around every convolution': {
    nodes: [
      last('image', 'own'),
      first('own', 'pixels'),
      node('Conv', ['pixels', 'first'], 'map', BORDERED),
      last('map', 'map.last'),
      node('Relu', ['map.last'], 'relu.last'),
      first('relu.last', 'relu'),
      second,
      last('deep', 'deep.last'),
      node('ReduceMean', ['deep.last'], 'feature', { axes: [1, 2], keepdims: 0 }),
    ],
  },
  // max(0, (ceil(side / 2) - 1) * 2 + 3 - side), as for the padding SAME of TensorFlow
  'borders computed from the size of the image': {
    nodes: [
      ...extent('image', 'axis', 'side'),
      node('Cast', ['side'], 'float', { to: 1 }),
      node('Div', ['float', 'two'], 'half'),
      node('Ceil', ['half'], 'whole'),
      node('Sub', ['whole', 'one'], 'less'),
      node('Mul', ['less', 'two'], 'begin'),
      node('Add', ['begin', 'three'], 'end'),
      node('Sub', ['end', 'float'], 'above'),
      node('Clip', ['above', 'zero'], 'border'),
      node('Cast', ['border'], 'integer', { to: 7 }),
      node('Unsqueeze', ['integer', 'axes'], 'list'),
      node('Concat', ['none', 'list', 'list'], 'pads', { axis: 0 }),
      node('Pad', ['image', 'pads'], 'pixels'),
      node('Conv', ['pixels', 'first'], 'map', { strides: [2, 2] }),
      ...plain.slice(1),
    ],
    initializers: [
      ...Object.entries({ zero: 0, one: 1, two: 2, three: 3 }).map(([name, value]) => constantOf(name, [], value)),
      ...[index('axis', 2), list('axes', 0), list('none', 0, 0, 0, 0, 0, 0)],
    ],
  },
  'float16 inside': {
    nodes: [
      ...['image', 'first', 'second'].map(half),
      node('Conv', ['image.half', 'first.half'], 'map', BORDERED),
      relu,
      node('Conv', ['relu', 'second.half'], 'deep', { pads: [1, 1, 1, 1] }),
      node('GlobalAveragePool', ['deep'], 'mean'),
      node('Flatten', ['mean'], 'flat'),
      node('Cast', ['flat'], 'feature', { to: 1 }),
    ],
    // The weights have 11 bits, so each differs by up to 2^-11.
    rounding: 2 ** -9,
  },
  'a last shape with the number of images': {
    nodes: [
      ...plain.slice(0, -1),
      ...extent('image', 'axis', 'images'),
      node('Unsqueeze', ['images', 'axes'], 'list'),
      node('Concat', ['list', 'other'], 'shape', { axis: 0 }),
      node('Reshape', ['mean', 'shape'], 'feature'),
    ],
    initializers: [index('axis', 0), list('axes', 0), list('other', -1)],
  },
}

async function networkOf(name: string, { nodes, initializers = [] }: Form): Promise<Network> {
  const weights = [weightsOf('first', 16, 3, 3, 3), weightsOf('second', DIMS, 16, 3, 3)]
  return smallNetwork(inFolder(`${name}.onnx`), {
    ...{ name, side: SIDE, dims: DIMS, nodes, initializers: [...weights, ...initializers] },
  })
}

async function featuresOf(network: Network, reusing?: Settings) {
  return using(openThreads(network, ONE, { reusing }), async (handle) => {
    const { layers } = await handle.extract(scene, offsets)
    return { matrix: layers[0]?.matrix.slice() as Float32Array, reuse: handle.ran().reuse }
  })
}

const simplifiedFiles = () => {
  const folder = inFolder('cache/graphs')
  return existsSync(folder) ? readdirSync(folder).filter((name) => /simplified.*\.onnx$/.test(name)) : []
}

describe('the graph that is divided for reuse', () => {
  let network: Network
  let gain: number
  let expected: Float32Array
  beforeAll(async () => {
    network = await networkOf('plain', { nodes: plain })
    gain = await expectedGain(network, scene, offsets)
    expected = (await featuresOf(network)).matrix
  })

  it('is the own one of a network whose convolutions can all be computed cell by cell', async () => {
    expect(await reusedNetwork(network)).toBe(network)
    expect(simplifiedFiles()).toEqual([])
    expect(gain).toBeGreaterThan(1.5)
  })

  it.each(Object.entries(FORMS))(
    'of another form gives the gain and features of the plain one: %s',
    async (name, form) => {
      const own = await networkOf(name, form)
      const reused = await reusedNetwork(own)
      expect(reused.onnxPath).toMatch(/simplified/)
      expect(await expectedGain(own, scene, offsets)).toBeCloseTo(gain, 2)
      const { matrix, reuse } = await featuresOf(own, ONE)
      expect(reuse).toEqual([expect.objectContaining({ cut: expect.any(String) })])
      const { rounding = 1e-5 } = form
      expect(largestDistance(matrix, (await featuresOf(own)).matrix, DIMS)).toBeLessThan(rounding)
      expect(largestDistance(matrix, expected, DIMS)).toBeLessThan(rounding)
      // Another opening of the same file finds the graph in the cache.
      const files = simplifiedFiles()
      expect((await reusedNetwork({ ...own })).onnxPath).toBe(reused.onnxPath)
      expect(simplifiedFiles()).toEqual(files)
    },
  )

  it('is not trusted if its features are not the original’s, also where earlier values are compared', async () => {
    const withActivation = (operator: string): Form => ({
      nodes: [
        ...[last('image', 'own'), first('own', 'pixels'), node('Conv', ['pixels', 'first'], 'map', BORDERED)],
        ...[node(operator, ['map'], 'relu'), second, node('GlobalAveragePool', ['deep'], 'mean')],
        ...[node('Flatten', ['mean'], 'flat'), node('Softmax', ['flat'], 'feature', { axis: 1 })],
      ],
    })
    const own = await networkOf('softmax', withActivation('Relu'))
    const { onnxPath } = await reusedNetwork(own)
    const other = await reusedNetwork(await networkOf('other', withActivation('Neg')))
    for (const end of ['', '.sha256']) copyFileSync(`${other.onnxPath}${end}`, `${onnxPath}${end}`)
    const { matrix, reuse } = await featuresOf({ ...own }, ONE)
    expect(reuse).toEqual([{ size: 12, reason: expect.stringMatching(/^sharing values would change features by/) }])
    expect(matrix).toEqual((await featuresOf(own)).matrix)
  })

  it('is the own one where ONNX Runtime could remove nothing, gains nothing, or fails at its highest level', async () => {
    const gate = [
      node('Conv', ['image', 'first'], 'map', BORDERED),
      node('GlobalAveragePool', ['map'], 'all'),
      node('Sigmoid', ['all'], 'gate'),
      node('Mul', ['map', 'gate'], 'relu'),
    ]
    const own = await networkOf('gated', { nodes: [...gate, second, ...head] })
    expect(await reusedNetwork(own)).toBe(own)
    expect(simplifiedFiles().some((name) => name.startsWith('gated'))).toBe(false)
    const turned = [
      ...gate.slice(0, -1),
      node('Mul', ['map', 'gate'], 'own'),
      last('own', 'last'),
      first('last', 'relu'),
    ]
    const other = await networkOf('turned', { nodes: [...turned, second, ...head] })
    expect(await reusedNetwork(other)).toBe(other)
    expect(simplifiedFiles().some((name) => name.startsWith('turned'))).toBe(true)
    const crashing = { ...(await networkOf('last', FORMS['channels last'] as Form)), optimization: 'extended' as const }
    expect(await reusedNetwork(crashing)).toBe(crashing)
  })
})
