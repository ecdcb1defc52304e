import { expect, it } from 'vitest'
import { estimateStudy } from '../../src/study/estimate.js'
import { type ReproduceOptions, resolveOptions } from '../../src/study/options.js'
import { planStudy, unitInputs } from '../../src/study/plan.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const folder = temporaryFolder()

const STUDY = { models: ['tiny-alexnet', 'tiny-alexnet-aa'], patches: 'zebra,dog,car', stride: 16 }

/** Units that keep sketches: network, size and patch. */
async function sketched(options: ReproduceOptions): Promise<readonly string[]> {
  const study = await planStudy(resolveOptions({ out: folder('out'), ...options }))
  return study.units
    .map((unit) => unitInputs(study, unit))
    .filter(({ sketches }) => sketches)
    .map(({ model, size, patch }) => `${model} ${size} ${patch}`)
}

it('objects keep sketches in all networks and sizes, where features are at hand and not kept', async () => {
  const units = STUDY.models.flatMap((model) =>
    [125, 75].flatMap((size) => ['zebra', 'dog', 'car'].map((patch) => `${model} ${size} ${patch}`)),
  )
  expect(await sketched(STUDY)).toEqual(units)
  expect(await sketched({ ...STUDY, keepFeatures: true })).toEqual([])
  expect(await sketched({ ...STUDY, experiments: ['similarity'] })).toEqual([])
  // Of the default study, all ten; of a finer one, as many as fit into the page, at least the first.
  const objects = async (stride: number) =>
    new Set((await sketched({ sizes: [75], stride })).map((unit) => unit.split(' ')[2]))
  expect((await objects(4)).size).toBe(10)
  expect([...(await objects(2))].sort()).toEqual(['airplane', 'banana', 'bird', 'boat', 'car'])
  expect([...(await objects(1))]).toEqual(['airplane'])
})

it('their bytes are counted, on disk and in the page', async () => {
  const estimate = (options: ReproduceOptions) => estimateStudy({ ...STUDY, out: folder('out'), ...options }, false)
  const [without, withSketches] = [await estimate({ experiments: ['similarity'] }), await estimate({})]
  expect(without.pageFeatureBytes).toBe(0)
  expect(withSketches.pageFeatureBytes).toBeGreaterThan(0)
  // Four bytes a value on disk; two in the page, where base64 makes four of three.
  expect((withSketches.bytes - without.bytes) / withSketches.pageFeatureBytes).toBeCloseTo(1.5, 2)
})
