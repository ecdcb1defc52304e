import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { CellSteps } from '../../../src/engine/reuse/cellStep.js'
import { cellSteps } from '../../../src/engine/reuse/cellSteps.js'
import { positionsOf } from '../../../src/engine/reuse/cells.js'
import { connectedSeconds, imageMultiplyAdds } from '../../../src/engine/reuse/cost.js'
import { expectedGain, haveRoomForKeys, sharedFloor } from '../../../src/engine/reuse/expected.js'
import { both, KEY_LIMIT } from '../../../src/engine/reuse/keys.js'
import { floorGain, type PlannedCells, passesOf, planCells } from '../../../src/engine/reuse/reusePlan.js'
import { cachedSceneKeys, samplePositions, sceneKeys, scenePixels } from '../../../src/engine/reuse/sceneKeys.js'
import { positionGrid } from '../../../src/engine/scene/positions.js'
import { sceneOf } from '../../../src/engine/scene/scene.js'
import type { Scene } from '../../../src/engine/scene/task.js'
import type { GraphNodes } from '../../../src/onnx/format/graphNodes.js'
import { readOnnxFile } from '../../../src/onnx/format/onnxFile.js'
import { analysedGraph } from '../../../src/onnx/graph/analysis.js'
import { imagenetInput } from '../../support/imagenetInput.js'
import { describedNetwork, graphNode } from '../../support/smallNetwork.js'
import { stripes } from '../../support/stripes.js'

const FRAME = 9
const PATCH = 3
const input = { ...imagenetInput, rows: FRAME, cols: FRAME }
/** Of the golden exports. */
const SMALL = { ...imagenetInput, rows: 64, cols: 64 }

const sceneOfSize = (size: number) => sceneOf(stripes(size))
const exported = (name: string) => fileURLToPath(new URL(`../../golden/exports/${name}.onnx`, import.meta.url))

/** Two convolutions of 3×3, the second every two pixels, and a fully connected layer. */
const GRAPH: GraphNodes = {
  nodes: [
    graphNode('Conv', ['image', 'first'], 'conv1'),
    graphNode('Relu', ['conv1'], 'relu'),
    graphNode('Conv', ['relu', 'second'], 'conv2', { strides: [2, 2] }),
    graphNode('Flatten', ['conv2'], 'flat'),
    graphNode('Gemm', ['flat', 'matrix'], 'feature'),
  ],
  constants: new Map(
    Object.entries({ first: [4, 3, 3, 3], second: [8, 4, 3, 3], matrix: [72, 10] }).map(([name, shape]) => [
      name,
      { shape, type: 1, values: null },
    ]),
  ),
  operatorSet: 17,
}

function workOf(graph: GraphNodes, scene: Scene, frame = input, features = ['feature']): PlannedCells {
  const analysis = analysedGraph(graph, frame)
  const cells = cellSteps(analysis)
  return { analysis, cells, keys: sceneKeys(cells, scene, frame), features }
}

/**
 * How many windows differ in the images of each pass, all passes together: windows of so many pixels a side, so many pixels apart.
 * Positions with the same remainders make a pass.
 */
function distinctWindows(size: number, stride: number, modulus = 1): number {
  const windows = new Set<string>()
  for (const [top, left] of PLACES) {
    for (const [row, col] of placesOf(FRAME - size, stride)) {
      const pixels = Array.from({ length: size * size }, (_, at) => {
        const [y, x] = [row + Math.floor(at / size) - top, col + (at % size) - left]
        return y >= 0 && x >= 0 && y < PATCH && x < PATCH ? y * PATCH + x : -1
      })
      windows.add(`${top % modulus} ${left % modulus} ${pixels}`)
    }
  }
  return windows.size
}

function placesOf(last: number, stride = 1): readonly (readonly [number, number])[] {
  const along = Array.from({ length: Math.floor(last / stride) + 1 }, (_, i) => i * stride)
  return along.flatMap((row) => along.map((col) => [row, col] as const))
}

const PLACES = placesOf(FRAME - PATCH)

/** The first position of a patch that is smaller than the frame. */
const START = { rows: 0, cols: 0 }

describe('a plan of what images share', () => {
  const scene = sceneOfSize(PATCH)
  const { offsets } = positionGrid(FRAME, PATCH, 1)
  const positions = positionsOf(offsets, START)

  it('knows rows, columns and the number of positions', () => {
    expect(positionsOf(Int32Array.of(3, 1, 3, 2, 0, 1), START)).toEqual({ rows: [3, 0], cols: [1, 2], count: 3 })
    const ofLarger = positionsOf(Int32Array.of(-4, 0, -1, 0), { rows: -4, cols: -3 })
    expect(ofLarger).toEqual({ rows: [0, 3], cols: [3], count: 2 })
  })

  it('counts the multiply-adds that are left if every distinct value is computed once', () => {
    const [first, second] = [27 * 4, 36 * 8]
    const plain = 49 * first + 9 * second + 720
    const shared = (distinctWindows(3, 1) * first + distinctWindows(5, 2) * second) / positions.count + 720
    expect(floorGain(workOf(GRAPH, scene), positions)).toBeCloseTo(plain / shared, 10)
  })

  it('has passes of positions whose offsets are equal modulo its own, along each axis', () => {
    const places = Int32Array.of(0, 0, 2, 3, 5, 1, 2, 1, 0, 3, 5, 4)
    expect(passesOf(places, { rows: 2, cols: 2 })).toEqual([[0], [1, 3, 4], [2], [5]])
    expect(passesOf(places, { rows: 1, cols: 4 })).toEqual([
      [0, 5],
      [1, 4],
      [2, 3],
    ])
  })

  it('counts the distinct cells of all passes', () => {
    const plan = planCells(workOf(GRAPH, scene), positions)
    expect(plan).toMatchObject({ steps: 3, modulus: { rows: 2, cols: 2 }, batch: 32 })
    const images = positions.count
    expect(plan?.distinct.conv1).toBeCloseTo(distinctWindows(3, 1, 2) / (49 * images), 12)
    expect(plan?.distinct.conv2).toBeCloseTo(distinctWindows(5, 2, 2) / (9 * images), 12)
  })

  it.each([
    ['squeezenet', 1, { steps: 26, modulus: { rows: 4, cols: 4 } }, 4.1952],
    ['squeezenet', 2, { steps: 26, modulus: { rows: 8, cols: 8 } }, 3.7451],
    ['resnet18', 1, { steps: 12, modulus: { rows: 4, cols: 4 } }, 1.5801],
    ['resnet18', 3, { steps: 7, modulus: { rows: 4, cols: 4 } }, 1.3681],
  ])('is the cheapest one of %s at stride %i', (name, stride, expected, gain) => {
    const { graph } = readOnnxFile(exported(name))
    const work = workOf(graph, sceneOfSize(20), SMALL, [graph.nodes.at(-1)?.outputs[0] as string])
    const plan = planCells(work, positionsOf(positionGrid(64, 20, stride).offsets, START))
    expect(plan).toMatchObject({ ...expected, batch: null })
    expect(plan?.predictedGain).toBeCloseTo(gain, 4)
  })

  it('computes an activation and a pool after the last convolution cell by cell, not on whole images', () => {
    const { graph } = readOnnxFile(fileURLToPath(new URL('../../../models/tiny-alexnet.onnx', import.meta.url)))
    const frame = { ...imagenetInput, rows: 224, cols: 224 }
    const work = workOf(graph, sceneOfSize(125), frame, ['fc8'])
    const plan = planCells(work, positionsOf(positionGrid(224, 125, 1).offsets, START))
    expect(work.cells.steps[(plan?.steps as number) - 1]?.output).toBe('pool3')
  })

  it('cuts no earlier than the last step that reads the image', () => {
    const flatten = (from: string, to: string) => graphNode('Flatten', [from], to)
    const nodes = [graphNode('Conv', ['image', 'first']), graphNode('Relu', ['image'], 'late')]
    nodes.push(flatten('late', 'flat'), flatten('map', 'feature'))
    expect(planCells(workOf({ ...GRAPH, nodes }, scene, input, ['feature', 'flat']), positions)?.steps).toBe(2)
    const none = { ...GRAPH, nodes: [flatten('image', 'feature')] }
    expect(planCells(workOf(none, scene), positions)).toBeUndefined()
  })

  it('hands on nothing to nodes that the features do not need', () => {
    const more = [
      graphNode('GlobalAveragePool', ['conv1'], 'mean'),
      graphNode('GlobalAveragePool', ['image'], 'colour'),
    ]
    const plan = planCells(workOf({ ...GRAPH, nodes: [...GRAPH.nodes, ...more] }, scene), positions)
    expect(plan).toEqual(planCells(workOf(GRAPH, scene), positions))
  })

  it('is not expected to gain anything with few images, or where tables of keys would be too large', async () => {
    const layers = [{ name: 'feature', dims: 1 }]
    const known = describedNetwork({ onnxPath: exported('squeezenet'), input: SMALL, layers })
    const all = positionGrid(64, 20, 2).offsets
    expect(await expectedGain(known, sceneOfSize(20), all)).toBeGreaterThan(3)
    expect(await expectedGain(known, sceneOfSize(20), all.subarray(0, 2 * 63))).toBe(1)
    expect(await expectedGain(known, sceneOfSize(20), all.subarray(0, 2 * 64))).toBeGreaterThan(1)
    expect(await sharedFloor(known, sceneOfSize(20), all)).toBeGreaterThan(3)
    const cellsOf = (side: number) =>
      ({ shapes: new Map([['map', { channels: 1, rows: side, cols: 22 }]]) }) as unknown as CellSteps
    const most = KEY_LIMIT / (64 - 20 + 2) - 22
    expect(haveRoomForKeys(cellsOf(Math.floor(most)), known, 20)).toBe(true)
    expect(haveRoomForKeys(cellsOf(Math.floor(most) + 1), known, 20)).toBe(false)
  })
})

it.each([
  [1, 8 * 7 * 7 * 27],
  [3, 9 * 7 * 7 * 9],
])('the multiply-adds of a convolution in %i groups are those of its weights at each place', (group, expected) => {
  const weights = { shape: [group === 1 ? 8 : 9, 3 / group, 3, 3], type: 1, values: null }
  const graph = {
    nodes: [graphNode('Conv', ['image', 'weights'], 'map', { group }), graphNode('Relu', ['map'], 'late')],
    constants: new Map([['weights', weights]]),
    operatorSet: 17,
  }
  const { steps, shapes } = cellSteps(analysedGraph(graph, input))
  expect(steps.map((step) => imageMultiplyAdds(step, shapes))).toEqual([expected, 0])
})

it('the predicted time of fully connected layers falls with the images that share the weights', () => {
  expect(connectedSeconds(1120, 1)).toBeCloseTo((10 + 224) * 1e-9, 17)
  expect(connectedSeconds(1120, 32)).toBeCloseTo((10 + 7) * 1e-9, 17)
})

describe('what of a scene decides keys', () => {
  const { steps } = cellSteps(analysedGraph(GRAPH, input))
  /** A patch of 3 × 3 pixels of these alphas. */
  const withAlphas = (alphas: readonly number[], changes: Partial<Scene> = {}): Scene => ({
    ...sceneOf(stripes(PATCH, (pixel) => alphas[pixel] as number)),
    ...changes,
  })
  const ALPHAS = [0, 0, 0, 0, 127, 128, 0, 1, 0]
  const image = new Uint8Array(FRAME * FRAME * 3)

  it.each([
    ['hard', ALPHAS, { rows: [2], cols: [3] }],
    ['soft', ALPHAS, { rows: [2, 3], cols: [2, 3] }],
    ['soft', Array(9).fill(0), { rows: [], cols: [] }],
  ] as const)('is the part that may be seen with %s edges of %j', (blend, alphas, seen) => {
    const { pixels, tensors } = sceneKeys({ steps }, withAlphas(alphas, { blend }), input)
    // Pixels of the patch are counted from 1, and 0 is the background.
    expect(both((axis) => pixels[axis].ofPatch.toSorted())).toEqual(both((axis) => [0, ...seen[axis]]))
    const images = FRAME - PATCH + 2
    expect(both((axis) => tensors.get('image')?.[axis].keys.length)).toEqual(both(() => images * FRAME))
    const varied = sceneKeys({ steps }, withAlphas(alphas, { background: { image } }), input).pixels
    expect(both((axis) => new Set(varied[axis].ofFrame).size)).toEqual(both(() => FRAME))
  })

  it('is kept for the next scene of the same geometry', () => {
    const cached = cachedSceneKeys()
    const keysOf = (scene: Scene) => cached({ steps }, scene, input)
    const first = keysOf(withAlphas(ALPHAS))
    const alike = withAlphas(ALPHAS.map((alpha) => (alpha === 127 ? 0 : alpha)))
    expect(keysOf({ ...alike, background: { rgb: [0, 0, 0] } })).toBe(first)
    expect(keysOf({ ...alike, blend: 'soft' })).not.toBe(first)
    expect(keysOf({ ...alike, background: { image } })).not.toBe(first)
  })

  it('and all of its pixels choose the positions of the sample, between the first and the last', () => {
    const base = withAlphas(ALPHAS)
    const changes: Partial<Scene>[] = [
      {},
      { blend: 'soft' },
      { background: { rgb: [0, 0, 0] } },
      { background: { image } },
    ]
    const scenes = [...changes.map((change) => ({ ...base, ...change })), withAlphas([...ALPHAS].reverse())]
    const hashes = scenes.map((scene) => scenePixels(scene).toString('hex'))
    expect(new Set(hashes).size).toBe(5)
    expect(scenePixels(withAlphas(ALPHAS)).toString('hex')).toBe(hashes[0])
    const pixels = Buffer.alloc(32)
    pixels.writeUInt32LE(15, 0)
    pixels.writeUInt32LE(12, 4)
    expect([...samplePositions(pixels, base, input)]).toEqual([0, 0, 6, 6, 1, 5])
  })
})

it('the work to plan grows with the number of layers, not with its square', () => {
  const reads = (layers: number) => {
    const name = (i: number) => (i === 0 ? 'image' : i === layers ? 'feature' : `relu${i}`)
    const nodes = Array.from({ length: layers }, (_, i) => graphNode('Relu', [name(i)], name(i + 1)))
    const { cells, ...work } = workOf({ ...GRAPH, nodes }, sceneOfSize(PATCH))
    let count = 0
    const steps = cells.steps.map(({ output, ...step }) => ({
      ...step,
      get output() {
        count++
        return output
      },
    }))
    planCells(
      { ...work, cells: { ...cells, steps } as CellSteps },
      positionsOf(positionGrid(FRAME, PATCH, 1).offsets, START),
    )
    return count
  }
  expect(reads(1000) / reads(500)).toBeLessThan(2.1)
})
