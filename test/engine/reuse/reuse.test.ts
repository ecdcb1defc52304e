import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { WorkerData } from '../../../src/engine/backends/backend.js'
import { type ExtractionOptions, openThreadPool } from '../../../src/engine/queue/workerPool.js'
import type { Workers } from '../../../src/engine/queue/workers.js'
import type { CellWork } from '../../../src/engine/reuse/cellGraphs.js'
import { Reuse } from '../../../src/engine/reuse/reuse.js'
import { positionGrid } from '../../../src/engine/scene/positions.js'
import { sceneOf } from '../../../src/engine/scene/scene.js'
import type { BatchResult } from '../../../src/engine/scene/task.js'
import type { Network } from '../../../src/network.js'
import type { Node } from '../../../src/onnx/format/onnxModel.js'
import { type Background, noise } from '../../../src/patches/background.js'
import { imagenetInput } from '../../support/imagenetInput.js'
import { networkFolder } from '../../support/networkFolder.js'
import { convolutions, node, type SmallNetwork, smallNetwork, weightsOf } from '../../support/smallNetwork.js'
import { stripes } from '../../support/stripes.js'

// Whole extractions, which need worker threads, are in reuse.program.test.ts.

const SIZE = 20
const scene = sceneOf(stripes(SIZE))
const inFolder = networkFolder()

/** A network with wide strides, at the size of the golden exports. */
const residual = async (): Promise<Network> => ({
  ...(await convolutions(inFolder('network.onnx'))),
  onnxPath: fileURLToPath(new URL('../../golden/exports/resnet18.onnx', import.meta.url)),
  input: { ...imagenetInput, rows: 64, cols: 64 },
})

/** Values computed once where the plain way fails, before workers start. */
function failing(network: Network) {
  const opened: string[] = []
  const settings = { workers: 1, threads: 1, batch: 32 }
  const pool = openThreadPool(network, settings)
  const workers = { ...pool.workers, run: () => Promise.reject(new Error('the plain way fails')) }
  const open = (data: WorkerData<CellWork>) => {
    if (data.backend === 'cells') opened.push(data.cells.graphs.cells)
    return workers
  }
  return { reuse: new Reuse({ ...pool, workers }, settings, open), opened }
}

describe('values computed once', () => {
  it('let go of their workers also after an error, so that those of other graphs may take their place', async () => {
    const { reuse, opened } = failing(await residual())
    // The grids are so different that their plans leave the cells after different steps.
    for (const stride of [1, 1, 3, 1])
      await expect(reuse.extract(scene, positionGrid(64, SIZE, stride).offsets)).rejects.toThrow('the plain way fails')
    const [fine, coarse] = opened
    expect(opened).toEqual([fine, coarse, fine])
    expect(coarse).not.toBe(fine)
    await reuse.close()
  })
})

/**
 * Reuse whose workers give every image the values 100,000; with reuse, they differ by `errors` of each layer.
 * @param answer what the workers with reuse answer instead, if anything
 */
function madeUp(network: Network, errors: Readonly<Record<string, number>> = {}, answer?: BatchResult) {
  const notes: string[] = []
  const told = { cells: 0, rests: 0, closed: 0 }
  const workersOf = (error: (layer: string) => number, isShared = false): Workers => ({
    ...{ count: 1, inFlight: 1 },
    run: async ({ parts: [part], target: { matrices } }) => {
      if (isShared) told.cells++
      if (isShared && answer !== undefined) return answer
      const { outputs = network.layers.map(({ name }) => name) } = part?.task ?? {}
      for (const [i, matrix] of matrices.entries()) matrix.fill(100_000 + error(outputs[i] as string))
      return { kind: 'written' }
    },
    rest: async () => void told.rests++,
    close: async () => void told.closed++,
  })
  const settings = { workers: 1, threads: 1, batch: 32 }
  const pool = {
    ...openThreadPool(network, settings, { onNote: (line) => notes.push(String(line)) }),
    workers: workersOf(() => 0),
  }
  const open = ({ backend }: WorkerData) =>
    backend === 'cells' ? workersOf((layer) => errors[layer] ?? 0, true) : workersOf(() => 0)
  return { reuse: new Reuse(pool, settings, open), notes, told }
}

describe('reuse', () => {
  const { offsets } = positionGrid(32, SIZE, 1)
  const small = sceneOf(stripes(SIZE))
  const extraction = (made: ReturnType<typeof madeUp>, options: ExtractionOptions = {}) =>
    made.reuse.extract(small, offsets, options)

  it('accepts a distance of at most 1e-5, which is told', async () => {
    const network = await convolutions(inFolder('network.onnx'))
    const made = madeUp(network, { feature: 1 })
    expect(await made.reuse.extract(small, offsets.subarray(0, 2 * 63))).toBeUndefined()
    expect(made.reuse.records()).toEqual([])
    const told: string[] = []
    const features = await made.reuse.extract(small, offsets.subarray(0, 2 * 63), {
      ...{ whole: offsets, onImages: (done) => told.push(`${done} images`) },
      onShared: (done, passes) => told.push(`${done} of ${passes} passes`),
    })
    expect(features?.finished).toBe(63)
    expect([told[0], told.at(-1)]).toEqual([expect.stringMatching(/^0 of \d+ passes$/), '63 images'])
    expect(made.reuse.records()).toMatchObject([{ size: SIZE, cut: 'last', distance: 1e-5, workers: 1, threads: 1 }])
    const refused = madeUp(network, { feature: 2 })
    expect(await extraction(refused)).toBeUndefined()
    const reason = 'sharing values would change features by 2.0e-5 (relative)'
    expect(refused.reuse.records()).toEqual([{ size: SIZE, reason }])
    expect(await extraction(refused)).toBeUndefined()
    expect(refused.notes).toEqual([`small at ${SIZE} px: ${reason}; every image is computed in full`])
    // Only the positions of the check were computed with reuse, and only once.
    expect(refused.told.cells).toBe(1)
  })

  it.each([
    ['logits', { logits: 1, feature: 190 }, { distance: 1e-5 }],
    ['logits', { logits: 2, feature: 190 }, { reason: expect.stringContaining('2.0e-5') }],
    ['features', { logits: 1, feature: 200 }, { reason: expect.stringContaining('2.0e-3') }],
  ])('compares %s if a softmax ends the network and these differ by %j', async (_, errors, expected) => {
    const nodes = [
      node('Conv', ['image', 'first'], 'map'),
      node('Conv', ['map', 'second'], 'small', { strides: [2, 2] }),
      node('Flatten', ['small'], 'logits'),
      node('Softmax', ['logits'], 'feature', { axis: 1 }),
    ]
    const initializers = [weightsOf('first', 12, 3, 3, 3), weightsOf('second', 4, 12, 3, 3)]
    const made = madeUp(
      await smallNetwork(inFolder('network.onnx'), { dims: 4 * 14 * 14, nodes, initializers }),
      errors,
    )
    await extraction(made)
    expect(made.reuse.records()).toMatchObject([expected])
    await made.reuse.close()
    expect(made.told.closed).toBe(2)
  })

  it('is not told of an extraction that was stopped', async () => {
    const made = madeUp(await convolutions(inFolder('network.onnx')))
    const stop = new AbortController()
    const features = await extraction(made, { onImages: () => stop.abort(), signal: stop.signal })
    expect(features?.finished).toBeLessThan(offsets.length / 2)
    expect(made.reuse.records()).toEqual([])
  })

  it('that fails is not tried again', async () => {
    const answer = { kind: 'failed', during: 'open', reason: 'no memory' } as const
    const made = madeUp(await convolutions(inFolder('network.onnx')), {}, answer)
    for (let i = 0; i < 2; i++) expect(await extraction(made)).toBeUndefined()
    const reason = 'reuse failed (no memory)'
    expect(made.reuse.records()).toEqual([{ size: SIZE, reason }])
    expect(made.notes).toEqual([`small at ${SIZE} px: ${reason}; every image is computed in full`])
    expect(made.told.cells).toBe(1)
  })

  const HEAVY = 32 * 1024 * 1024
  it.each([
    [4096, HEAVY + 1, 1],
    [4095, HEAVY + 1, 0],
    [4096, HEAVY, 0],
  ])('of %i images with weights of %i bytes rests the others %i times', async (images, weightsBytes, expected) => {
    const made = madeUp({ ...(await residual()), weightsBytes })
    const all = positionGrid(64, 1, 1).offsets
    await made.reuse.extract(sceneOf(stripes(1)), all.subarray(0, 2 * images))
    expect(made.reuse.records()).toMatchObject([{ distance: 0 }])
    expect(made.told.rests).toBe(expected)
  })
})

describe('reuse is not tried', () => {
  const conv = (input: string) => node('Conv', [input, 'first'], 'map')
  const mean = [node('GlobalAveragePool', ['map'], 'mean'), node('Flatten', ['mean'], 'feature')]
  const ofBoth = [
    ...['map', 'atan'].map((map) => node('GlobalAveragePool', [map], `${map}.mean`)),
    node('Concat', ['map.mean', 'atan.mean'], 'both', { axis: 1 }),
    node('Flatten', ['both'], 'feature'),
  ]
  const whole = 'GlobalAveragePool "map" cannot be computed cell by cell'
  const jump = 'Floor "whole" can turn a difference in the last bit into a step'
  const free = 'Atan "atan" cannot be computed cell by cell, and sharing the values before it gains too little'
  const large = 'the network has too many or too large layers for reuse'

  async function reasonFor(made: SmallNetwork, background: Background, stride = 1) {
    const initializers = [weightsOf('first', 12, 3, 3, 3), weightsOf('second', 12, 12, 3, 3)]
    const { reuse, notes } = madeUp(await smallNetwork(inFolder('network.onnx'), { ...made, initializers }))
    const { offsets } = positionGrid(made.side ?? 32, 8, stride)
    const small = sceneOf(stripes(8), background)
    for (let i = 0; i < 2; i++) expect(await reuse.extract(small, offsets)).toBeUndefined()
    const [record, ...others] = reuse.records()
    expect(others).toEqual([])
    if (record === undefined || 'cut' in record) throw new Error(`values were computed once: ${JSON.stringify(record)}`)
    return { reason: record.reason, notes }
  }

  it.each<[string, Node[], string, number?, number?]>([
    ['the whole image is read at once', [node('GlobalAveragePool', ['image'], 'map'), ...mean], whole],
    ['a node rounds', [conv('image'), node('Floor', ['map'], 'whole'), node('Flatten', ['whole'], 'feature')], jump],
    [
      'only free nodes precede others',
      [node('Neg', ['image'], 'negative'), node('Atan', ['negative'], 'atan'), conv('atan'), ...mean],
      free,
    ],
    ['layers are too large', [conv('image'), ...mean], large, 4200, 500],
  ])('where %s, which is told once', async (_, nodes, reason, side = 32, stride = 1) => {
    const notes = [`small computes every image in full, because ${reason}`]
    expect(await reasonFor({ dims: 12, nodes, side }, { rgb: [0, 0, 0] }, stride)).toEqual({ reason, notes })
  })

  const late = [node('Atan', ['map'], 'atan'), node('Conv', ['atan', 'second'], 'deep')]
  const share = /^images share too little \(predicted \d\.\d\d times as fast\)$/
  it.each<[string, Node[], RegExp]>([
    ['few positions have little in common', [conv('image'), ...mean], share],
    ['they have, also before nodes that the features do not need', [conv('image'), ...late, ...mean], share],
    [
      'the image is needed later',
      [conv('image'), node('Atan', ['image'], 'atan'), ...ofBoth],
      /^images share too little$/,
    ],
  ])('where %s, which is not told', async (_, nodes, expected) => {
    const { reason, notes } = await reasonFor({ dims: 12, nodes }, { image: noise(1, 32, 32) }, 3)
    expect(reason).toMatch(expected)
    expect(notes).toEqual([])
  })
})
