import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { architectures } from '../../src/networks/architectures/architectures.js'
import { type Parameter, parametersOf } from '../../src/networks/architectures/layer.js'
import { estimateStudy } from '../../src/study/estimate.js'
import { resolveOptions } from '../../src/study/options.js'
import { planStudy } from '../../src/study/plan.js'
import { reproduce } from '../../src/study/run.js'
import { weight } from '../support/formulas.js'
import { messageOf } from '../support/messageOf.js'
import { temporaryFolder } from '../support/temporaryFolder.js'
import { writeTorchZip } from '../support/torchFile.js'

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
    expect([estimate.seconds, estimate.unitSeconds]).toEqual([null, null])
    expect(estimate.missing).toEqual([
      { id: 'mobilenet_v2', bytes: 14_155_936, command: 'shiftscope models pull mobilenet_v2' },
    ])
    expect(readdirSync(folder('tmp'))).toEqual([])
    expect([existsSync(folder('cache')), existsSync(folder('out'))]).toEqual([false, false])
  })

  it('has no finished units, whatever a results folder holds', async () => {
    const layers = architectures.find(({ id }) => id === 'mobilenet_v2')?.layers ?? []
    const dataOf =
      ({ key, shape }: Parameter) =>
      () =>
        weight(key, shape)
    writeTorchZip(
      folder('own.pth'),
      parametersOf(layers).map((parameter) => ({ ...parameter, data: dataOf(parameter) })),
    )
    const study = { ...options(), models: ['mobilenet_v2'], patches: 'dog', experiments: ['similarity'] as const }
    await reproduce({ ...study, weights: { mobilenet_v2: folder('own.pth') } })
    const counts = { units: 1, replaced: 0, differences: [] }
    expect(await estimateStudy({ ...study, models: [folder('own.pth')] })).toMatchObject({ ...counts, finished: 1 })
    expect(await estimateStudy(study)).toMatchObject({ ...counts, finished: 0, images: 13 })
  })

  it('cannot be planned to be computed', async () => {
    expect(await messageOf(planStudy(resolveOptions(options())))).toContain('mobilenet_v2 has no weights here')
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
