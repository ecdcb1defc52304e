// Runs two networks at once on an object in memory: similarity, separability, rows as they are computed, an abort. Then
// runs a study and reads it unit by unit.
//
//   npm install && npm start
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openNetwork, openResults, reproduce, separability, similarity } from 'shiftscope'

/** A red disc with transparent pixels around it. Your program can take its pixels from anywhere. */
const side = 100
const data = new Uint8Array(side * side * 4)
for (let i = 0; i < side * side; i++) {
  const inside = Math.hypot((i % side) - side / 2, Math.floor(i / side) - side / 2) < side / 2
  data.set([200, 30, 30, inside ? 255 : 0], 4 * i)
}
const patch = { data, width: side, height: side }

await using plain = await openNetwork('tiny-alexnet')
await using antialiased = await openNetwork('tiny-alexnet-aa')

// Run both at the same time. The features stay in memory.
const both = await Promise.all([plain, antialiased].map((network) => network.extract({ patch, size: 75, stride: 10 })))
for (const features of both) {
  const { layers } = await similarity(features)
  for (const { name, anchors } of layers) {
    console.log(`${features.model} ${name}: mean similarity to the center ${anchors.center.mean.toFixed(3)}`)
  }
}

const [features] = both
const [layer] = features?.layers ?? []
if (layer === undefined) throw new Error('there are no features')
const { schemes } = await separability(layer, { cv: ['ordered', 'shuffled'] })
for (const [scheme, tasks] of Object.entries(schemes)) {
  console.log(`${layer.name}, ${scheme} folds: top-bottom ${tasks['top-bottom'].mean?.toFixed(3)}`)
}

// Get rows as they are computed: a coarse grid over the whole frame first.
let rows = 0
for await (const { indices } of plain.rows({ patch, size: 75, stride: 5, order: 'coarse-to-fine' }))
  rows += indices.length
console.log(`${rows} rows as they were computed`)

// After an abort, the promise rejects with your own reason.
const enough = new Error('that is enough')
const controller = new AbortController()
const stopped = plain.extract({
  patch,
  size: 75,
  signal: controller.signal,
  onProgress: (event) => {
    if (event.kind === 'update') controller.abort(enough)
  },
})
const reason: unknown = await stopped.catch((error: unknown) => error)
if (reason !== enough) throw new Error('the abort had another reason')
console.log('stopped with our own reason')

// Run a study, and read its units.
const out = await mkdtemp(join(tmpdir(), 'shiftscope-example-'))
try {
  await reproduce({ models: ['tiny-alexnet'], sizes: [75], stride: 30, experiments: ['similarity'], out })
  let units = 0
  for await (const unit of openResults(out)) {
    const maps = await unit.maps()
    if (++units === 1) console.log(`${unit.inputs.patch}: maps of shape ${maps.shape.join('×')}`)
  }
  console.log(`${units} units`)
} finally {
  await rm(out, { recursive: true })
}
