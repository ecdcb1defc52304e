import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { threadBackend } from '../../../src/engine/backends/thread.js'
import { largestDistance } from '../../../src/engine/distance.js'
import { cellBackend } from '../../../src/engine/reuse/cellBackend.js'
import { cellGraphs } from '../../../src/engine/reuse/cellGraphs.js'
import { cellSteps } from '../../../src/engine/reuse/cellSteps.js'
import { gathersOf } from '../../../src/engine/reuse/reuse.js'
import { sceneKeys } from '../../../src/engine/reuse/sceneKeys.js'
import type { Scene } from '../../../src/engine/task.js'
import { type Network, outputOf, readOnnxFile } from '../../../src/networks/index.js'
import { randomCases } from '../../support/randomCases.js'
import { Random, randomNetwork } from '../../support/randomNetwork.js'

const FRAME = 30

let folder: string
const { SHIFTSCOPE_CACHE } = process.env
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'shiftscope-test-'))
  process.env.SHIFTSCOPE_CACHE = folder
})
afterAll(() => {
  process.env.SHIFTSCOPE_CACHE = SHIFTSCOPE_CACHE
  if (SHIFTSCOPE_CACHE === undefined) delete process.env.SHIFTSCOPE_CACHE
  rmSync(folder, { recursive: true, force: true })
})

/** A patch with a transparent border and holes, on a background of some kind. */
function randomScene(random: Random): Scene {
  const size = 6 + random.below(10)
  const [top, left] = [random.below(3), random.below(3)]
  const rgba = Uint8Array.from({ length: size * size * 4 }, (_, at) => {
    const pixel = Math.floor(at / 4)
    const isInside = Math.floor(pixel / size) >= top && pixel % size >= left
    return at % 4 === 3 ? (isInside ? random.of([0, 60, 200, 255]) : 0) : random.below(256)
  })
  const background =
    random.next() < 0.6
      ? { rgb: [random.below(256), random.below(256), random.below(256)] as const }
      : { image: Uint8Array.from({ length: FRAME * FRAME * 3 }, () => random.below(256)) }
  return { patch: { name: 'random', size, rgba, sha256: '' }, background, blend: random.of(['hard', 'soft']) }
}

/** Features of positions the plain way, and with so many steps in cells. */
async function bothWays(network: Network, scene: Scene, offsets: Int32Array, count: number) {
  const graph = readOnnxFile(network.onnxPath).graph
  const cells = cellSteps(graph, network.input)
  const gathers = gathersOf(sceneKeys(cells, scene, network.input))
  const graphs = await cellGraphs(network, graph, cells, count, gathers)
  const { input } = network
  const outputs = network.layers.map(outputOf)
  const work = { graphs, steps: cells.steps.slice(0, count), shapes: cells.shapes }
  const data = { input, outputs, threads: 1 }
  const dims = network.layers[0]?.dims as number
  const results: Float32Array[] = []
  for (const backend of [
    await threadBackend({ backend: 'thread', onnxPath: network.onnxPath, ...data }),
    await cellBackend({ backend: 'cells', cells: work, ...data }),
  ]) {
    const found = new Float32Array((offsets.length / 2) * dims)
    await backend.features({ id: 1, scene, batch: 5 }, offsets, (first, images, [features]) => {
      const rows = Math.min(images, offsets.length / 2 - first)
      found.set((features as Float32Array).subarray(0, rows * dims), first * dims)
    })
    results.push(found)
  }
  return { plain: results[0] as Float32Array, reused: results[1] as Float32Array, dims, steps: cells.steps.length }
}

describe('values computed once', () => {
  const title = 'are those of every image by itself, for any stack of layers, cut anywhere'
  it(title, { timeout: randomCases(240_000) }, async () => {
    let [inCells, worst] = [0, 0]
    const refused: string[] = []
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 1e6 }), async (seed) => {
        const network = await randomNetwork(join(folder, `${seed}.onnx`), seed, FRAME)
        const graph = readOnnxFile(network.onnxPath).graph
        const { steps, reason = '' } = cellSteps(graph, network.input)
        if (!reason.startsWith('Flatten')) refused.push(reason.replace(/ ".*?"/, ''))
        const readers = graph.nodes.flatMap(({ inputs }, node) => (inputs.includes('image') ? [node] : []))
        const places = readers.map((node) => steps.findIndex((step) => step.node === node))
        // Whole images are all that a reader of the image can take that is no step.
        if (places.includes(-1)) return
        const fewest = 1 + Math.max(...places)
        const random = new Random(seed + 1)
        const scene = randomScene(random)
        const last = FRAME - scene.patch.size
        // Corners and borders, and a few between: any rows with any columns.
        const along = () => [0, 1, last, ...Array.from({ length: 3 }, () => random.below(last + 1))]
        const cols = along()
        const offsets = Int32Array.from(along().flatMap((row) => cols.flatMap((col) => [row, col])))
        const count = random.next() < 0.5 ? steps.length : fewest + random.below(steps.length - fewest + 1)
        const { plain, reused, dims } = await bothWays(network, scene, offsets, count)
        const distance = largestDistance(reused, plain, dims)
        expect(distance).toBeLessThan(1e-5)
        worst = Math.max(worst, distance)
        inCells += count
      }),
      { numRuns: randomCases(40), seed: 20261126 },
    )
    expect(inCells).toBeGreaterThan(100)
    if (randomCases(1) > 1) console.log(`${inCells} steps, largest distance ${worst}, refused:`, counts(refused))
  })
})

/** Texts with how often there are, most frequent first. */
function counts(texts: readonly string[]): readonly string[] {
  const found = new Map<string, number>()
  for (const text of texts) found.set(text, (found.get(text) ?? 0) + 1)
  return [...found].sort(([, a], [, b]) => b - a).map(([text, count]) => `${count} × ${text}`)
}
