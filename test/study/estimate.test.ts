import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { isTemporaryName } from '../../src/files/temporaries.js'
import { architectures } from '../../src/networks/architectures/architectures.js'
import { parametersOf } from '../../src/networks/architectures/layer.js'
import { madeUpWeights } from '../../src/networks/architectures/madeUpWeights.js'
import {
  cacheFolder,
  catalogEntry,
  compositingGraph,
  isPlaceholder,
  placeholderNetwork,
  withGraph,
} from '../../src/networks/index.js'
import { trialRun } from '../../src/networks/onnx/trialRun.js'
import { estimateStudy } from '../../src/study/estimate.js'
import { planStudy } from '../../src/study/plan.js'
import { reproduce } from '../../src/study/run.js'
import { messageOf } from '../networks/messageOf.js'
import { writeTorchZip } from '../networks/torchFile.js'
import { temporaryFolder } from '../temporaryFolder.js'

const folder = temporaryFolder()
beforeEach(() => {
  vi.stubEnv('SHIFTSCOPE_CACHE', folder('cache'))
  mkdirSync(folder('tmp'))
  vi.stubEnv('TMPDIR', folder('tmp'))
  return () => vi.unstubAllEnvs()
})

describe('a study whose weights are missing', () => {
  const options = () => ({ models: ['tiny-alexnet', 'mobilenet_v2'], sizes: [75], stride: 50, out: folder('out') })

  it('is estimated without them, and told what it lacks', async () => {
    const similarity = { ...options(), experiments: ['similarity'] as const }
    const estimate = await estimateStudy(similarity)
    // 3×3 positions and the anchors beside the grid, ten patches.
    expect(estimate).toMatchObject({ units: 20, finished: 0, replaced: 0, images: 2 * 10 * (3 * 3 + 4) })
    expect(estimate.seconds).toBeGreaterThan(0)
    expect(estimate.missing).toEqual([
      { id: 'mobilenet_v2', bytes: 14_155_936, command: 'shiftscope models pull mobilenet_v2' },
    ])
    expect(readdirSync(folder('tmp'))).toEqual([])
    expect([existsSync(folder('cache')), existsSync(folder('out'))]).toEqual([false, false])
  })

  it('has no finished units, whatever a results folder holds', async () => {
    const layers = architectures.find(({ id }) => id === 'mobilenet_v2')?.layers ?? []
    const { read } = madeUpWeights(layers)
    const tensors = parametersOf(layers).map(async ({ key, shape }) => ({ key, shape, values: await read(key) }))
    writeTorchZip(
      folder('own.pth'),
      (await Promise.all(tensors)).map(({ values, ...tensor }) => ({ ...tensor, data: () => values })),
    )
    const study = { ...options(), models: ['mobilenet_v2'], patches: 'dog', experiments: ['similarity'] as const }
    await reproduce({ ...study, weights: { mobilenet_v2: folder('own.pth') } })
    const counts = { units: 1, replaced: 0, differences: [] }
    expect(await estimateStudy({ ...study, models: [folder('own.pth')] })).toMatchObject({ ...counts, finished: 1 })
    expect(await estimateStudy(study)).toMatchObject({ ...counts, finished: 0, images: 13 })
  })

  it('cannot be planned to be computed', async () => {
    expect(await messageOf(planStudy(options()))).toContain('mobilenet_v2 has no weights here')
  })

  it('lacks encoders and generators, too', async () => {
    const { missing, arithmeticImages } = await estimateStudy({
      models: ['caffenet'],
      layers: ['fc6'],
      experiments: ['arithmetic'],
      expressions: 1,
      out: folder('out'),
    })
    expect(missing.map(({ id }) => id)).toEqual(['caffenet', 'deepsim-fc6'])
    expect(arithmeticImages).toBeGreaterThan(0)
  })

  it('still has to be one', async () => {
    expect(await messageOf(estimateStudy({ ...options(), models: ['swin_t'] }))).toContain('export it with')
    expect(await messageOf(estimateStudy({ ...options(), weights: { mobilenet_v2: 'absent.pth' } }))).toContain(
      'absent',
    )
  })
})

describe('a placeholder', () => {
  it('runs with made-up weights, and is nothing that results could be of', async () => {
    const placeholder = placeholderNetwork(catalogEntry('mobilenet_v2-aa'))
    expect(isPlaceholder(placeholder)).toBe(true)
    expect(placeholder.weightsSha256).not.toMatch(/^[0-9a-f]{64}$/)
    await withGraph(placeholder, async (network) => {
      // So that what a killed trial leaves of it in the cache of graphs is cleared with other temporaries.
      const copy = await compositingGraph(network, 'fp32')
      expect(dirname(copy)).toBe(join(cacheFolder(), 'graphs'))
      expect(isTemporaryName(basename(copy))).toBe(true)
      const tried = { path: network.onnxPath, name: network.id, bytes: network.weightsBytes }
      const { tensors } = await trialRun(tried, { name: 'image', shape: [1, 3, 224, 224] }, ['fc'])
      expect(tensors.get('fc')?.shape).toEqual([1, 1000])
      await expect(withGraph(network, () => Promise.reject(new Error('of the trial')))).rejects.toThrow('of the trial')
    })
    expect(readdirSync(folder('tmp'))).toEqual([])
    expect(readdirSync(join(cacheFolder(), 'graphs'))).toEqual([])
  })

  it('has weights that are always the same, of sensible scale', async () => {
    const layers = architectures.find(({ id }) => id === 'resnet18')?.layers ?? []
    const { read } = madeUpWeights(layers)
    expect(await read('layer1.0.conv1.weight')).toEqual(await madeUpWeights(layers).read('layer1.0.conv1.weight'))
    for (const { key, shape } of parametersOf(layers).filter(({ key }) => key.startsWith('layer1'))) {
      const values = await read(key)
      expect(values).toHaveLength(shape.reduce((product, size) => product * size, 1))
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length
      const isScale = shape.length === 1 && /\.(weight|running_var)$/.test(key)
      expect(Math.abs(mean - (isScale ? 1 : 0)), key).toBeLessThan(0.05)
      if (isScale) expect(Math.min(...values)).toBeGreaterThan(0.85)
    }
  })
})
