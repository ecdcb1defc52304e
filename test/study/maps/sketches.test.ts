import { expect, it } from 'vitest'
import { builtInPatches } from '../../../src/patches/collection.js'
import { type ReproduceOptions, resolveOptions } from '../../../src/study/maps/options.js'
import { planStudy } from '../../../src/study/maps/plan.js'
import { temporaryFolder } from '../../support/temporaryFolder.js'

const folder = temporaryFolder()

const STUDY = { models: ['tiny-alexnet', 'tiny-alexnet-aa'], patches: 'zebra,dog', stride: 16 }

/** Units that keep sketches: network, size and patch. */
async function sketched(options: ReproduceOptions): Promise<readonly string[]> {
  const plan = await planStudy(resolveOptions({ out: folder('out'), ...options }))
  const inputs = plan.units.map(({ inputs }) => inputs).filter(({ sketches }) => sketches)
  return inputs.map(({ model, size, patch }) => `${model} ${size} ${patch}`)
}

it('objects keep sketches in all networks and sizes, where features are at hand and not kept', async () => {
  const units = STUDY.models.flatMap((model) =>
    [125, 75].flatMap((size) => ['zebra', 'dog'].map((patch) => `${model} ${size} ${patch}`)),
  )
  expect(await sketched(STUDY)).toEqual(units)
  expect(await sketched({ ...STUDY, keepFeatures: true })).toEqual([])
  expect(await sketched({ ...STUDY, experiments: ['similarity'] })).toEqual([])
})

it('of a default study all objects keep sketches, of a finer one as many as fit into the page, at least the first', async () => {
  const objects = async (stride: number) =>
    new Set((await sketched({ sizes: [75], stride })).map((unit) => unit.split(' ')[2]))
  expect([...(await objects(4))]).toEqual((await builtInPatches()).map(({ name }) => name))
  expect([...(await objects(2))].sort()).toEqual(['airplane', 'banana', 'bird', 'boat', 'car'])
  expect([...(await objects(1))]).toEqual(['airplane'])
})
