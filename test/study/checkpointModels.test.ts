import { describe, expect, it } from 'vitest'
import { UsageError } from '../../src/errors.js'
import { byIds } from '../../src/study/checkpointModels.js'
import { resolveOptions } from '../../src/study/options.js'
import { planStudy } from '../../src/study/plan.js'
import { messageOf } from '../support/messageOf.js'
import { networkFolder } from '../support/networkFolder.js'
import { writeWeights } from '../support/torchFile.js'

const folder = networkFolder()

function checkpoint(name: string): string {
  writeWeights(folder(name), 'mobilenet_v2')
  return folder(name)
}

describe('checkpoints among the networks of a study', () => {
  it('become ids with weights', async () => {
    const file = checkpoint('a.pth')
    const own = ['own.onnx', 'hf:owner/name.bin', 'hf:owner/name@v1.pt']
    expect(await byIds({ models: ['tiny-alexnet', file, ...own], weights: { alexnet: 'b.pth' } })).toEqual({
      models: ['tiny-alexnet', 'mobilenet_v2', ...own],
      weights: { alexnet: 'b.pth', mobilenet_v2: file },
    })
    const options = { models: [file], sizes: [75], stride: 50, out: folder('out') }
    const { networks } = await planStudy(resolveOptions({ ...options, experiments: ['similarity'] }))
    expect(networks.map(({ id, weightsPath }) => [id, weightsPath])).toEqual([['mobilenet_v2', file]])
  })

  it('cannot be two of one network', async () => {
    const file = checkpoint('a.pth')
    const refusal = (models: readonly string[], weights = {}) => messageOf(byIds({ models, weights }), UsageError)
    expect(await refusal([file, checkpoint('b.pth')])).toContain(
      'are both the network mobilenet_v2, but a study can have each network only once',
    )
    expect(await refusal(['mobilenet_v2', file])).toContain(
      'are both the network mobilenet_v2, but a study can have each network only once',
    )
    expect(await refusal([file, 'mobilenet_v2'])).toContain(
      'are both the network mobilenet_v2, but a study can have each network only once',
    )
    expect(await refusal([file], { mobilenet_v2: 'c.pth' })).toContain('leave out `weights mobilenet_v2=FILE`')
  })
})
