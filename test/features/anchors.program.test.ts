import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ANCHOR_NAMES } from '../../src/engine/scene/positions.js'
import { OutputError } from '../../src/errors.js'
import { type OpenNetwork, openNetwork } from '../../src/features/openNetwork.js'
import { similarity } from '../../src/features/similarity.js'
import { viewFeatures } from '../../src/features/view.js'
import type { SiteMaps } from '../../src/page/site/siteIndex.js'
import { openResults } from '../../src/results/store/openResults.js'
import type { OpenUnit } from '../../src/results/store/openUnit.js'
import { reproduce } from '../../src/study/maps/reproduce.js'
import { handedBy, studyIndex } from '../support/siteIndex.js'
import { sharedFolder } from '../support/temporaryFolder.js'
import { byText } from '../support/unit.js'

const folder = sharedFolder()
let network: OpenNetwork

beforeAll(async () => {
  network = await openNetwork('tiny-alexnet', { workers: 1, threads: 2 })
})
afterAll(() => network.close())

async function studied(size: number, stride: number): Promise<OpenUnit> {
  const out = folder(`study-${size}`)
  const options = { models: ['tiny-alexnet'], patches: 'dog', sizes: [size], stride, out, report: false }
  await reproduce({ ...options, experiments: ['similarity'] })
  for await (const unit of openResults(out)) return unit
  throw new Error('the study has no unit')
}

it.each([
  // All anchors but the first lie between the positions of the grid.
  [75, 10, 4],
  // Only the center does.
  [125, 33, 1],
])('extract and reproduce give the same similarities: %i px, stride %i', async (size, stride, between) => {
  const unit = await studied(size, stride)
  const { data: maps } = await unit.maps()
  const features = await network.extract({ patch: 'dog', size, stride, out: folder(`out-${size}`) })
  const count = unit.rows * unit.cols
  expect(features.images).toBe(count + between)
  const inMemory = (await similarity(features)).layers
  const { page } = await viewFeatures(folder(`out-${size}`))
  const [group] = studyIndex(page).groups
  const shown = handedBy<SiteMaps>(folder(`out-${size}`, 'site'), 'maps', '0', 'mean.js')
  for (const [l, { name, file, anchorFeatures }] of features.layers.entries()) {
    const stored = await unit.anchorFeatures(name)
    expect(anchorFeatures).toEqual(stored.data)
    const measures = byText((await unit.measures())[l])
    const at = ANCHOR_NAMES.map((name) => ({
      name,
      position: unit.anchors[name],
      mean: measures['similarity-mean']?.[name],
      min: measures['similarity-min']?.[name],
    }))
    const fromFile = await similarity(file as string)
    for (const found of [fromFile, inMemory[l]]) {
      expect(found?.maps).toEqual(maps.subarray(5 * l * count, 5 * (l + 1) * count))
      expect(found).not.toHaveProperty('moved')
      for (const { name, position, mean, min } of at)
        expect(found?.anchors[name]).toMatchObject({ pixel: position, mean, min })
    }
    expect(group?.anchors).toEqual(at.map(({ name, position }) => ({ name, ...position })))
    expect(shown.layers[l]?.means).toEqual(at.map(({ mean }) => mean))
  }
})

it('names the answers at anchors between the positions, where no position gives them', async () => {
  const { layers, answers } = await network.extract({ patch: 'bird', size: 75, stride: 50 })
  const { dims = 0, anchorFeatures = [] } = layers.find(({ name }) => name === answers?.layer) ?? {}
  const strongest = ANCHOR_NAMES.map((_, anchor) => {
    const scores = [...anchorFeatures.slice(anchor * dims, (anchor + 1) * dims)]
    return scores.indexOf(Math.max(...scores))
  })
  expect(answers?.classes).toHaveLength(1)
  expect(Object.keys(answers?.names ?? {}).length).toBeGreaterThan(1)
  for (const index of strongest) expect(answers?.names).toHaveProperty([String(index)])
})

it('an extraction that is resumed computes the anchors between its positions again, with the same bytes', async () => {
  const placed = { patch: 'dog', size: 75, stride: 25 }
  const bytesIn = (out: string) =>
    readdirSync(folder(out)).flatMap((name) => (name.endsWith('.npy') ? [readFileSync(folder(out, name))] : []))
  await network.extract({ ...placed, out: folder('whole') })
  // This attempt computes everything, and fails when it renames the last layer.
  mkdirSync(folder('resumed', 'fc8.npy'), { recursive: true })
  await expect(network.extract({ ...placed, out: folder('resumed') })).rejects.toThrow(OutputError)
  rmSync(folder('resumed', 'fc8.npy'), { recursive: true })
  const { images, layers } = await network.extract({ ...placed, out: folder('resumed') })
  expect(images).toBe(4)
  expect(bytesIn('resumed')).toEqual(bytesIn('whole'))
  const [again] = (await network.extract(placed)).layers
  expect(layers[0]?.anchorFeatures).toEqual(again?.anchorFeatures)
})
