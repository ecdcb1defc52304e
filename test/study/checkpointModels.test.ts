import { beforeEach, describe, expect, it, vi } from 'vitest'
import { UsageError } from '../../src/errors.js'
import { architectures } from '../../src/networks/architectures/architectures.js'
import { parametersOf } from '../../src/networks/architectures/layer.js'
import { byIds } from '../../src/study/checkpointModels.js'
import { resolveOptions } from '../../src/study/options.js'
import { planStudy } from '../../src/study/plan.js'
import { weight } from '../support/formulas.js'
import { messageOf } from '../support/messageOf.js'
import { temporaryFolder } from '../support/temporaryFolder.js'
import { writeTorchZip } from '../support/torchFile.js'

const folder = temporaryFolder()
beforeEach(() => {
  vi.stubEnv('SHIFTSCOPE_CACHE', folder('cache'))
  return () => vi.unstubAllEnvs()
})

function checkpoint(name: string): string {
  const layers = architectures.find(({ id }) => id === 'mobilenet_v2')?.layers ?? []
  writeTorchZip(
    folder(name),
    parametersOf(layers).map(({ key, shape }) => ({ key, shape, data: () => weight(key, shape) })),
  )
  return folder(name)
}

describe('checkpoints among the networks of a study', () => {
  it('become ids with weights', async () => {
    const file = checkpoint('a.pth')
    expect(await byIds({ models: ['tiny-alexnet', file, 'own.onnx'], weights: { alexnet: 'b.pth' } })).toEqual({
      models: ['tiny-alexnet', 'mobilenet_v2', 'own.onnx'],
      weights: { alexnet: 'b.pth', mobilenet_v2: file },
    })
    const options = {
      models: [file],
      sizes: [75],
      stride: 50,
      experiments: ['similarity'] as const,
      out: folder('out'),
    }
    const { networks } = await planStudy(resolveOptions(options))
    expect(networks.map(({ id, weightsPath }) => [id, weightsPath])).toEqual([['mobilenet_v2', file]])
  })

  it('cannot be two of one network', async () => {
    const file = checkpoint('a.pth')
    const refusal = (models: readonly string[], weights = {}) => messageOf(byIds({ models, weights }), UsageError)
    expect(await refusal([file, checkpoint('b.pth')])).toContain('are both mobilenet_v2 in this run')
    expect(await refusal(['mobilenet_v2', file])).toContain('are both mobilenet_v2 in this run')
    expect(await refusal([file, 'mobilenet_v2'])).toContain('are both mobilenet_v2 in this run')
    expect(await refusal([file], { mobilenet_v2: 'c.pth' })).toContain('leave out those of mobilenet_v2')
  })
})
