import { describe, expect, it } from 'vitest'
import { UsageError } from '../../../src/errors.js'
import { byIds } from '../../../src/study/arithmetic/checkpointModels.js'
import { resolveOptions } from '../../../src/study/maps/options.js'
import { planStudy } from '../../../src/study/maps/plan.js'
import { messageOf } from '../../support/messageOf.js'
import { networkFolder } from '../../support/networkFolder.js'
import { writeWeights } from '../../support/torchFile.js'

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

  it('can be two of one network with two names', async () => {
    const files = [checkpoint('a.pth'), checkpoint('b.pth'), checkpoint('c.pth')] as const
    const models = [`old=${files[0]}`, `new=${files[1]}`, 'third=mobilenet_v2', 'tiny-alexnet']
    const options = { models, sizes: [75], stride: 50, out: folder('out'), weights: { third: files[2] } }
    const layers = { new: ['fc'] }
    const study = await planStudy(resolveOptions({ ...options, layers, experiments: ['similarity'] }))
    expect(study.networks.map(({ id, catalogId, title, weightsPath }) => [id, catalogId, title, weightsPath])).toEqual([
      ...['old', 'new', 'third'].map((name, i) => [name, 'mobilenet_v2', 'MobileNetV2', files[i]]),
      ['tiny-alexnet', 'tiny-alexnet', expect.any(String), expect.any(String)],
    ])
    expect([...new Set(study.units.map(({ inputs }) => inputs.catalogId))]).toEqual(['mobilenet_v2', undefined])
    const plan = (more: object) => planStudy(resolveOptions({ ...options, experiments: ['similarity'], ...more }))
    expect(await messageOf(plan({ weights: { new: files[2], third: files[2] } }), UsageError)).toContain(
      'leave out `weights new=FILE`',
    )
    expect(await messageOf(plan({ weights: { mobilenet_v2: files[2] } }), UsageError)).toMatch(
      /^`weights` names mobilenet_v2, which this study does not use. It uses old, new, third, tiny-alexnet/,
    )
    const pairs = [{ plain: 'old', variant: 'newer' }]
    expect(await messageOf(plan({ pairs }), UsageError)).toBe(
      '`pairs` names newer, but the networks are old, new, third, tiny-alexnet; use two of these',
    )
  })

  it('cannot be two of one network without names, or with the same name', async () => {
    const file = checkpoint('a.pth')
    const refusal = (models: readonly string[], weights = {}) => messageOf(byIds({ models, weights }), UsageError)
    expect(await refusal([file, checkpoint('b.pth')])).toContain(
      'are both called mobilenet_v2; give one of them another name, such as mobilenet_v2-2=',
    )
    expect(await refusal(['mobilenet_v2', file])).toContain(
      'are both called mobilenet_v2; give one of them another name, such as mobilenet_v2-2=',
    )
    expect(await refusal([file, 'mobilenet_v2'])).toContain(
      'are both called mobilenet_v2; give one of them another name, such as mobilenet_v2-2=',
    )
    expect(await refusal(['net=a/x.onnx', 'b/net.onnx'])).toBe(
      'net=a/x.onnx and b/net.onnx are both called net; give one of them another name, such as net-2=b/net.onnx',
    )
    expect(await refusal([file], { mobilenet_v2: 'c.pth' })).toContain('leave out `weights mobilenet_v2=FILE`')
  })
})
