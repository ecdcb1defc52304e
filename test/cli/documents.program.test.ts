import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ANCHOR_NAMES } from '../../src/engine/scene/positions.js'
import { readNpy, writeNpy } from '../../src/files/npy.js'
import { catalogModels } from '../../src/networks/catalog/catalog.js'
import { builtInPatches } from '../../src/patches/collection.js'
import { contents } from '../support/commandLine.js'
import { positionFeatures } from '../support/features.js'
import { runHere } from '../support/inProcess.js'
import { networkFolder } from '../support/networkFolder.js'

const folder = networkFolder()

/** The one document that a command prints. */
async function documentOf(...words: readonly string[]) {
  const { status, stdout, stderr } = await runHere([...words, '--json'])
  expect(status, stderr).toBe(0)
  return JSON.parse(stdout)
}

const EXTRACT = ['extract', '--model', 'tiny-alexnet', '--patch', 'dog', '--size', '125']

it('extract, similarity and view print what they wrote', async () => {
  const out = folder('dog')
  const words = ['--stride', '20', '--layers', 'fc6,fc8', '--background', '#204060', '--out', out]
  const document = await documentOf(...EXTRACT, ...words)
  expect(document).toMatchObject({ model: 'tiny-alexnet', rows: 5, cols: 5, images: 29, device: 'cpu' })
  const layers = Object.entries({ fc6: 768, fc8: 627 }).map(([name, dims]) => ({
    ...{ name, dims, file: join(out, `${name}.npy`) },
  }))
  expect(document.layers).toEqual(layers)
  for (const { dims, file } of layers) expect((await readNpy(file)).shape).toEqual([5, 5, dims])

  const files = ['--out', folder('maps.npy'), '--png', folder('maps.png'), '--limits', '0.5,1']
  const { rows, cols, anchors } = await documentOf('similarity', join(out, 'fc6.npy'), ...files)
  expect([rows, cols]).toEqual([5, 5])
  expect(Object.keys(anchors)).toEqual([...ANCHOR_NAMES])
  // The center of the stride-1 grid is pixel 49; of the pixels 0, 20, … 80, 40 is the nearest.
  expect(anchors.center).toMatchObject({ row: 2, col: 2, pixel: { row: 49, col: 49 } })
  expect((await readNpy(folder('maps.npy'))).shape).toEqual([5, 5, 5])
  expect(readFileSync(folder('maps.png')).subarray(1, 4).toString()).toBe('PNG')

  const page = { page: folder('page', 'index.html'), hasPicture: true, model: 'tiny-alexnet', rows: 5, cols: 5 }
  const viewed = await documentOf('view', join(out, 'fc8.npy'), '--out', folder('page'))
  expect(viewed).toEqual({ ...page, layers: [{ name: 'fc8', dims: 627, hasFeatures: true }] })
  expect(readFileSync(page.page, 'utf8')).toContain('object dog of 125×125 px')
})

it('an object as large as the frame has one position, and its folder nothing but what is told', async () => {
  const { status } = await runHere([...EXTRACT, '--size', '224', '--layers', 'fc8', '--out', folder('frame')])
  expect(status).toBe(0)
  expect((await readNpy(folder('frame', 'fc8.npy'))).shape).toEqual([1, 1, 627])
  const { patchSha256 } = JSON.parse(readFileSync(folder('frame', 'extract.json'), 'utf8'))
  const files = ['anchors-fc8.npy', 'extract.json', 'fc8.npy', join('pictures', `patch-${patchSha256}.png`)]
  expect(Object.keys(await contents(folder('frame'))).sort()).toEqual(files)
})

it('separability prints one scheme as it is, and several by their names', async () => {
  const file = folder('position.npy')
  await writeNpy(file, [20, 20, 2], positionFeatures(20, 20))
  const one = await documentOf('separability', file, '--C', '0.5', '--seed', '3')
  expect(one).toMatchObject({ loss: 'hinge', C: 0.5, cv: 'ordered', seed: 3, device: 'cpu', adapter: null })
  expect(one['top-bottom']).toMatchObject({ folds: [0.75, 1, 1, 1, 0.75], mean: 0.9 })
  const { schemes, ...record } = await documentOf('separability', file, '--cv', 'ordered, shuffled')
  expect(record).toMatchObject({ loss: 'hinge', C: 1, seed: 0 })
  expect(schemes.ordered['top-bottom'].folds).toEqual(one['top-bottom'].folds)
  expect(schemes.shuffled['top-bottom'].mean).toBe(1)
})

describe('models and patches', () => {
  it('are listed with what is known of them', async () => {
    const listed = (await documentOf('models', 'list')) as { id: string }[]
    expect(listed.map(({ id }) => id)).toEqual(catalogModels().map(({ id }) => id))
    const generator = { encoder: 'caffenet', layer: 'fc8', dims: 1000, feature: 'pre-relu', state: 'missing' }
    expect(listed.find(({ id }) => id === 'deepsim-fc8')).toMatchObject(generator)
    expect(listed.find(({ id }) => id === 'tiny-alexnet')).toMatchObject({ state: 'embedded' })
    const patches = (await documentOf('patches', 'list')) as { name: string }[]
    expect(patches.map(({ name }) => name)).toEqual((await builtInPatches()).map(({ name }) => name))
  })

  it('are looked at as they are', async () => {
    const { layers } = await documentOf('models', 'verify', 'tiny-alexnet')
    expect(layers.map(({ name }: { name: string }) => name)).toEqual(['fc6', 'fc7', 'fc8'])
    const all = await runHere(['models', 'inspect', 'tiny-alexnet', '--all'])
    expect([all.status, all.stderr, all.stdout.split('\n').length]).toEqual([0, '', 35])
    expect((await documentOf('models', 'inspect', 'tiny-alexnet')).tensors).toHaveLength(19)
  })
})
