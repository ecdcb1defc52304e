// Measures the units of a small study as reproduce does beside a network on a device, and prints what it notes and what ran.
//
// storeUnits.mjs PACKAGE OUT DEVICE: the package whose addon trains, the results folder, where the network is said to run
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const [root, out, device] = process.argv.slice(2)
const load = (file) => import(pathToFileURL(join(root, 'dist', file)).href)
const { resolveOptions } = await load('study/maps/options.js')
const { planStudy } = await load('study/maps/plan.js')
const { measureAndStore } = await load('study/maps/measure.js')
const { studyClassifiers } = await load('experiments/classifiers/classifiers.js')
const { openThreads } = await load('engine/open/handle.js')

const study = await planStudy(
  resolveOptions({
    models: ['tiny-alexnet', 'tiny-alexnet-aa'],
    layers: ['fc8'],
    sizes: [125],
    stride: 25,
    cv: ['shuffled', 'blocks'],
    out,
  }),
)
const notes = []
/** Without the note that the grid is too coarse to judge separability. */
const progress = { note: (line) => line.includes('too coarse') || notes.push(line) }
const classifiersFor = studyClassifiers(null, progress.note)
const ran = {}
for (const network of study.networks) {
  const handle = openThreads(network, { workers: 1, threads: 1, batch: 8 })
  const classifiers = classifiersFor(device)
  for (const unit of study.left.filter((one) => one.network === network).slice(0, 1)) {
    const features = await handle.extract(unit.scene, unit.grid.offsets)
    await measureAndStore(study, unit, { ...features, equivariance: [] }, progress, classifiers)
  }
  ran[network.id] = classifiers.ran()
  await handle.close()
}
console.log(JSON.stringify({ notes, ran }))
