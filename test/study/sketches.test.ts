import { expect, it } from 'vitest'
import { planStudy, unitInputs } from '../../src/study/plan.js'
import { temporaryFolder } from '../temporaryFolder.js'

const folder = temporaryFolder()

/** Units that keep sketches: network, size and patch. */
async function sketched(options: Partial<Parameters<typeof planStudy>[0]> = {}): Promise<readonly string[]> {
  const models = ['tiny-alexnet', 'tiny-alexnet-aa']
  const study = await planStudy({ out: folder('out'), models, patches: 'dog,car', stride: 16, ...options })
  return study.units
    .map((unit) => unitInputs(study, unit))
    .filter(({ sketches }) => sketches)
    .map(({ model, size, patch }) => `${model} ${size} ${patch}`)
}

it('the first patch by name keeps sketches, of each network and size, where features are at hand and not kept', async () => {
  expect(await sketched()).toEqual([
    'tiny-alexnet 125 car',
    'tiny-alexnet 75 car',
    'tiny-alexnet-aa 125 car',
    'tiny-alexnet-aa 75 car',
  ])
  expect(await sketched({ keepFeatures: true })).toEqual([])
  expect(await sketched({ experiments: ['similarity'] })).toEqual([])
})
