import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { InputError, UsageError } from '../../../src/errors.js'
import { modelsFolder } from '../../../src/files/package.js'
import { writeUnit } from '../../../src/results/store/units.js'
import { estimateConsistency } from '../../../src/study/answers/estimate.js'
import { estimateStudy } from '../../../src/study/maps/estimate.js'
import { type ReproduceOptions, resolveOptions } from '../../../src/study/maps/options.js'
import { planStudy } from '../../../src/study/maps/plan.js'
import { messageOf } from '../../support/messageOf.js'
import { networkFolder } from '../../support/networkFolder.js'
import { arraysOf, madeUnit } from '../../support/unit.js'

const folder = networkFolder()
beforeEach(() => {
  mkdirSync(folder('tmp'))
  vi.stubEnv('TMPDIR', folder('tmp'))
})

/** A study of 2×2 positions, whose center lies beside the grid. */
function options(changes: ReproduceOptions = {}): ReproduceOptions {
  const small = { models: ['tiny-alexnet', 'tiny-alexnet-aa'], sizes: [75], stride: 149, patches: 'dog,car' }
  return { ...small, experiments: ['similarity'], out: folder('out'), ...changes }
}

describe('the estimate of a study', () => {
  it('counts units, images and bytes, and writes nothing', async () => {
    const dims = 768 + 768 + 627
    expect(await estimateStudy(options(), false)).toEqual({
      ...{ units: 4, finished: 0, replaced: 0, differences: [], images: 4 * 5, arithmeticImages: 0 },
      ...{ seconds: null, unitSeconds: null, arithmeticSeconds: null, pageFeatureBytes: 0 },
      // Maps of five anchors and their features in each layer; a class and two probabilities of the answers.
      bytes: 4 * 4 * (3 * 5 * 4 + 5 * dims + 3 * 4),
      ...{ featureBytes: 5 * dims * 4, weightsBytes: statSync(join(modelsFolder(), 'tiny-alexnet-aa.onnx')).size },
    })
    expect(readdirSync(folder('tmp'))).toEqual([])
    expect(['cache', 'out'].filter((name) => existsSync(folder(name)))).toEqual([])
  })

  it('counts what the results folder holds as finished, and what was made otherwise as replaced', async () => {
    const plan = await planStudy(resolveOptions(options({ models: ['tiny-alexnet'] })))
    for (const unit of plan.units) {
      const { unit: made, maps } = madeUnit(unit.inputs)
      await writeUnit(plan.out, made, arraysOf(made, maps))
    }
    expect(await estimateStudy(options(), false)).toMatchObject({ units: 4, finished: 2, replaced: 0, images: 2 * 5 })
    expect(await estimateStudy(options({ models: ['tiny-alexnet'], blend: 'soft' }), false)).toMatchObject({
      ...{ units: 2, finished: 0, replaced: 2, differences: [expect.stringMatching(/^blend/)], images: 2 * 5 },
    })
  })

  it('takes the bytes of sketches and features as they are on disk and in the page', async () => {
    const estimate = (changes: ReproduceOptions = {}) =>
      estimateStudy(options({ models: ['tiny-alexnet'], stride: 16, ...changes }), false)
    const [without, kept] = [await estimate(), await estimate({ keepFeatures: true })]
    const sketched = await estimate({ experiments: ['similarity', 'separability'] })
    // Sketches have the dims of the distance that the object moves, 60 in the whole frame; all layers are in one.
    const positions = 10 * 10
    const dims = 3 * Math.ceil((60 * 160) / 224)
    expect(sketched.bytes - without.bytes).toBe(2 * 4 * positions * dims)
    expect(kept.bytes - without.bytes).toBe(2 * 4 * positions * (768 + 768 + 627))
    // Two bytes a value in the page, where base64 makes four of three.
    for (const one of [sketched, kept]) expect((one.bytes - without.bytes) / one.pageFeatureBytes).toBeCloseTo(1.5, 1)
  })

  it('names all networks and generators without weights, and the command that fetches them', async () => {
    const changes = {
      models: ['caffenet', 'tiny-alexnet', 'alexnet'],
      layers: ['fc6'],
      experiments: ['arithmetic'],
    } as const
    expect(
      await messageOf(estimateStudy(options({ ...changes, experiments: ['similarity', 'arithmetic'] })), InputError),
    ).toBe(
      'the weights of caffenet, alexnet, deepsim-fc6 are not on this machine; run "shiftscope models pull caffenet alexnet deepsim-fc6"',
    )
    const photographs = { photographs: 'absent', models: ['resnet18', 'vgg16'] }
    expect(await messageOf(estimateConsistency(photographs), InputError)).toBe(
      'the weights of resnet18, vgg16 are not on this machine; run "shiftscope models pull resnet18 vgg16"',
    )
  })

  it('still refuses weights that are given and absent', async () => {
    const changes = { models: ['mobilenet_v2'], weights: { mobilenet_v2: 'absent.pth' } }
    expect(await messageOf(estimateStudy(options(changes)))).toContain('absent.pth')
  })

  it.each(['similarity', 'arithmetic'] as const)('refuses files of one name for %s', async (experiment) => {
    const twice = estimateStudy(options({ models: ['a/net.onnx', 'b/net.onnx'], experiments: [experiment] }))
    expect(await messageOf(twice, UsageError)).toMatch(
      /^a\/net.onnx and b\/net.onnx are both called net; give one of them another name/,
    )
  })

  it('refuses grids that are too coarse for separability', async () => {
    const coarse = estimateStudy(options({ experiments: ['separability'] }))
    expect(await messageOf(coarse, UsageError)).toMatch(/^a grid of 2×2 positions is too small to measure separability/)
  })
})
