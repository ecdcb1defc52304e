// Measures which of two made-up features predicts the accuracies of the separability classifiers fold by fold: the
// position, or its phase (the position modulo the network's total stride). A stride reuses the extraction of a smaller
// stride that divides it, if that is measured, too. So with stride 1, each object is extracted only once.
//
//   node bench/strides.mjs --network mobilenet_v2 --objects a.png,b.png [--network '{"model":"x.onnx","layers":["y"],"pool":"mean"}']
//     [--size 125] [--strides 1-14] [--schemes ordered,shuffled,transposed,blocks] [--threads 2] [--out build/strides]
//     [--json FILE]
//
// `--network` is an id, an ONNX file, or the options of `openNetwork` (with `model`) as JSON; it can be repeated.
// `--out` keeps features for later calls. Prints tables to stdout. Writes all accuracies to `--json` after each object.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, parse } from 'node:path'
import { parseArgs } from 'node:util'
import { foldBaselines, USUAL_PERIOD } from '../dist/experiments/classifiers/foldBaselines.js'
import { FOLD_SCHEMES, TASKS } from '../dist/experiments/classifiers/folds.js'
import { separabilityByScheme } from '../dist/experiments/classifiers/separability.js'
import { subGrid } from '../dist/experiments/classifiers/strideFolds.js'
import { openFeatures } from '../dist/features/features.js'
import { extract } from '../dist/index.js'
import { chooseNetwork } from '../dist/networks/open/openNetwork.js'
import { networkGraph } from '../dist/onnx/graph/analysis.js'
import { strideOf } from '../dist/onnx/graph/spacing.js'

const { values: given } = parseArgs({
  options: {
    network: { type: 'string', multiple: true, default: ['tiny-alexnet'] },
    objects: { type: 'string', default: 'dog' },
    size: { type: 'string', default: '125' },
    strides: { type: 'string', default: '1-14' },
    schemes: { type: 'string', default: FOLD_SCHEMES.join() },
    threads: { type: 'string', default: '2' },
    out: { type: 'string', default: 'build/strides' },
    json: { type: 'string' },
  },
})
const networks = given.network.map((text) => (text.startsWith('{') ? JSON.parse(text) : { model: text }))
const objects = given.objects.split(',')
const [size, threads] = [Number(given.size), Number(given.threads)]
const [first, last = first] = given.strides.split('-').map(Number)
const strides = Array.from({ length: last - first + 1 }, (_, i) => last - i)
const schemes = given.schemes.split(',')

/** Folder of the features of one stride. `layers` lists the layers' files; call it only if they exist. */
function extraction(id, object, stride) {
  const folder = join(given.out, id, parse(object).name, `stride-${stride}`)
  const record = join(folder, 'extract.json')
  const layers = () =>
    JSON.parse(readFileSync(record, 'utf8')).layers.map((one) => ({ ...one, file: join(folder, one.file) }))
  return { folder, stride, layers, isThere: existsSync(record) }
}

/** The finest extraction with all positions of a stride. Computes it if it is missing. */
async function extractionFor(options, id, object, step) {
  const divisors = Array.from({ length: step }, (_, i) => i + 1).filter((stride) => step % stride === 0)
  const candidates = divisors.map((stride) => extraction(id, object, stride))
  const found = candidates.find(({ stride, isThere }) => isThere || strides.includes(stride))
  if (!found.isThere) await extract({ ...options, patch: object, size, stride: found.stride, out: found.folder })
  return found
}

const baselines = new Map()
/** Fold accuracies with made-up features. They depend on neither network nor object. */
function baselinesOf({ rows, cols, stride }, period) {
  const key = [rows, cols, stride, period].join()
  if (!baselines.has(key)) baselines.set(key, foldBaselines({ rows, cols, stride }, { schemes, period, threads }))
  return baselines.get(key)
}

const rows = []
const about = []
for (const object of objects) {
  for (const options of networks) {
    const network = await chooseNetwork(options)
    for (const { name, output = name } of network.layers) {
      const spacing = networkGraph(network).spacings.get(output)
      const stride = spacing && strideOf(spacing)
      const period = stride ?? USUAL_PERIOD
      if (!about.some((one) => one.network === network.id && one.layer === name))
        about.push({
          network: network.id,
          layer: name,
          period,
          isKnown: stride !== undefined,
          sha256: network.weightsSha256,
        })
    }
    for (const step of strides) {
      const from = await extractionFor(options, network.id, object, step)
      for (const { name: layer, file } of from.layers()) {
        const { period } = about.find((one) => one.network === network.id && one.layer === layer)
        const whole = { ...(await openFeatures(file)), layer, stride: from.stride }
        const grid = subGrid(whole, step / from.stride)
        const start = performance.now()
        const results = await separabilityByScheme(grid, schemes, { threads })
        const seconds = (performance.now() - start) / 1000
        const { position, phase } = await baselinesOf(grid, period)
        for (const [s, scheme] of schemes.entries())
          for (const task of TASKS)
            rows.push({
              ...{ network: network.id, layer, object: parse(object).name, period, stride: step, side: grid.rows },
              ...{ scheme, task, folds: results[s][task].folds, seconds },
              ...{ position: position[scheme][task], phase: phase[scheme][task] },
            })
      }
    }
    if (given.json) writeFileSync(given.json, JSON.stringify({ size, about, rows }))
    process.stderr.write(`${network.id} ${parse(object).name}\n`)
  }
}

const average = (values) => values.reduce((sum, value) => sum + value, 0) / values.length
const short = (value) => value.toFixed(2).replace(/^0\./, '.').replace('1.00', '1')

/**
 * For each made-up feature, the mean absolute difference of its accuracies from the network's, and their correlation,
 * over the folds of all objects and tasks.
 */
function predictionOf(group) {
  const pairs = group.flatMap(({ folds, position, phase }) => folds.map((a, i) => [a, position[i], phase[i]]))
  const known = pairs.filter((one) => one.every((value) => value !== null))
  const difference = (k) => average(known.map((one) => Math.abs(one[0] - one[k])))
  const correlation = (k) => {
    const [a, b] = [0, k].map((at) => known.map((one) => one[at] - average(known.map((other) => other[at]))))
    const product = (x, y) => x.reduce((sum, value, i) => sum + value * y[i], 0)
    const scale = Math.sqrt(product(a, a) * product(b, b))
    return scale < 1e-9 ? '–' : short(product(a, b) / scale)
  }
  return [1, 2].flatMap((k) => [short(difference(k)), correlation(k)])
}

for (const { network, layer, period, isKnown, sha256 } of about) {
  console.log(`\n### ${network} ${layer}, period ${period}${isKnown ? '' : ' (assumed)'}\n\nWeights: ${sha256}\n`)
  console.log(
    '| stride | positions | scheme | network | position | phase | \\|network − position\\|, r | \\|network − phase\\|, r |',
  )
  console.log('|---|---|---|---|---|---|---|---|')
  for (const stride of [...strides].reverse())
    for (const scheme of schemes) {
      const all = rows.filter(
        (row) => row.network === network && row.layer === layer && row.stride === stride && row.scheme === scheme,
      )
      const shown = all.filter(({ task }) => task === 'top-bottom')
      const folds = (key) => [0, 1, 2, 3, 4].map((k) => short(average(shown.map((row) => row[key][k])))).join(' ')
      const [position, r, phase, q] = predictionOf(all)
      const side = shown[0].side
      console.log(
        `| ${stride} | ${side}×${side} | ${scheme} | ${['folds', 'position', 'phase'].map(folds).join(' | ')} | ${position}, ${r} | ${phase}, ${q} |`,
      )
    }
}
