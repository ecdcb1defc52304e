/**
 * Collects from results folders the numbers of docs/networks-compared.md, one per network, measure and photograph (or
 * object):
 *
 *     node bench/networks.mjs --consistency FOLDER --objects FOLDER [--json]
 *
 * The options name folders of `consistency` and of `reproduce`. Each may be repeated. Photographs that are too small for
 * one of the networks are left out for all.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { readNpy } from '../dist/files/npy.js'
import { cosineSimilarity } from '../dist/native.js'
import { readMeasures } from '../dist/results/store/storedMeasures.js'
import { readUnit } from '../dist/results/store/units.js'
import { unitArrays } from '../dist/results/unit/arrays.js'
import { mean } from '../dist/support/statistics.js'
import { runScript } from './script.mjs'

/** Longest period that counts as a grid pattern, in pixels; see `LONGEST_GRID` in src/report/findings. */
const LONGEST_GRID = 16
/** The measures that the page shows, under their names in photographs.csv. */
const MEASURES = [
  'center accuracy',
  'crop agreement',
  'crop relative-agreement',
  'crop chance',
  'crop confidence',
  'crop-exact agreement',
  'diagonal change',
  'diagonal relative-agreement',
  'diagonal chance',
  'diagonal probability-change',
  'diagonal always-same',
  'diagonal confidence',
  'diagonal mean-accuracy',
  'diagonal worst-case-accuracy',
  'embed change',
  'embed confidence',
  'circular agreement',
  'circular confidence',
  'subpixel agreement',
  'subpixel local-equivariance-error',
  'subpixel confidence',
]
const several = { type: 'string', multiple: true, default: [] }
const options = {
  consistency: several,
  objects: several,
  json: { type: 'boolean', default: false },
}

await runScript({ options }, async ({ values }) => {
  const networks = new Map()
  for (const folder of values.consistency) addConsistency(networks, folder)
  for (const folder of unitsOf(values.objects)) await addObject(networks, folder)
  const found = [...networks.values()]
  const photographs = [...found[0].photographs.keys()]
    .filter((name) => found.every((network) => network.photographs.has(name)))
    .sort()
  const all = []
  for (const network of found) all.push(await document(network, photographs))
  console.log(JSON.stringify({ photographs, networks: all }, null, values.json ? 0 : 2))
})

function networkOf(networks, name) {
  if (!networks.has(name)) networks.set(name, { name, photographs: new Map(), units: [] })
  return networks.get(name)
}

/** Names of photographs come from folders and from lists of paths, so only their last part is used. */
function addPhotograph(network, path, values) {
  const name = basename(path)
  network.photographs.set(name, { ...network.photographs.get(name), ...values })
}

/** Reads answers/NAME/photographs.csv of each network. */
function addConsistency(networks, folder) {
  for (const name of readdirSync(join(folder, 'answers'))) {
    const network = networkOf(networks, name)
    const text = readFileSync(join(folder, 'answers', name, 'photographs.csv'), 'utf8')
    const [head, ...rows] = text
      .trim()
      .split('\n')
      .map((line) => line.split(','))
    for (const [photograph, , ...cells] of rows)
      addPhotograph(network, photograph, Object.fromEntries(cells.map((cell, i) => [head[i + 2], numberOf(cell)])))
  }
}

function numberOf(cell) {
  return cell === '' || cell === undefined ? null : Number(cell)
}

function unitsOf(folders) {
  return folders.flatMap((folder) =>
    readdirSync(join(folder, 'units'), { recursive: true })
      .filter((path) => basename(path) === 'unit.json')
      .map((path) => dirname(join(folder, 'units', path))),
  )
}

async function addObject(networks, folder) {
  const unit = await readUnit(folder)
  const numbers = await readMeasures(folder, unit)
  networkOf(networks, unit.inputs.model).units.push({ folder, unit, numbers })
}

async function document({ name, photographs, units }, names) {
  const rows = names.map((one) => photographs.get(one))
  const measures = MEASURES.filter((measure) => rows[0]?.[measure] !== undefined)
  return {
    name,
    frame: units[0]?.unit.frame,
    photographs: Object.fromEntries(measures.map((measure) => [measure, rows.map((row) => rounded(row[measure]))])),
    objects: await objectsOf(units),
  }
}

/** Numbers of all objects for each size. Read-outs exist at one size only, and errors of maps in units of their own. */
async function objectsOf(units) {
  const sizes = [...new Set(units.map(({ unit }) => unit.inputs.size))].sort((a, b) => b - a)
  const found = []
  for (const size of sizes) {
    const own = units.filter(({ unit }) => unit.inputs.size === size)
    const objects = [...new Set(own.map(({ unit }) => unit.inputs.patch))].sort()
    const [moved, maps] = [false, true].map((isMap) => sortedUnits(own.filter(({ unit }) => hasErrors(unit) === isMap)))
    found.push({ size, objects, ...(await movedObjects(moved)), ...errorsOf(maps) })
  }
  return found
}

function sortedUnits(units) {
  return units.toSorted((a, b) => (a.unit.inputs.patch < b.unit.inputs.patch ? -1 : 1))
}

function hasErrors(unit) {
  return unit.layers.some(({ equivariance = [] }) => equivariance.length > 0)
}

async function movedObjects(units) {
  if (units.length === 0) return {}
  const [{ unit }] = units
  const at = unit.layers.findIndex(({ answers }) => answers !== null)
  const answers = units.map(({ unit: { layers } }) => layers[at].answers)
  const readouts = units.map(
    ({ unit: { layers } }) => layers[0].readout?.filter(({ test }) => test === 'shuffled') ?? [],
  )
  return {
    stride: unit.inputs.stride,
    layers: unit.layers.map(({ name }) => name),
    /** Mean similarity to the five anchors, and to objects of other classes at the anchors. */
    similarity: units.map(({ numbers }) => rounded(mean(numbers[0]['similarity-mean'].map(([, value]) => value)))),
    ...(await nullOf(units)),
    /** Power of the grid pattern, mean over anchors and directions, sum over periods. */
    gridPower: units.map(({ numbers }) => gridPower(numbers[0]['grid-spectrum'])),
    kept: answers.map(({ kept }) => rounded(kept)),
    probability: answers.map(({ center }) => rounded(center.probability)),
    ...(readouts[0].length > 0 && { readout: readouts.map((axes) => rounded(mean(axes.map(({ error }) => error)))) }),
  }
}

/** For each object, the number of objects of other classes, and its mean similarity to them at the anchors. */
async function nullOf(units) {
  const features = []
  for (const { folder, unit } of units) {
    const { file } = unitArrays(unit).find(({ kind, layer }) => kind === 'anchorFeatures' && layer === 0)
    features.push((await readNpy(join(folder, file))).data)
  }
  const dims = units[0].unit.layers[0].dims
  const anchors = features[0].length / dims
  const sums = units.map(() => 0)
  const others = units.map(({ unit }) => units.map((other) => other.unit.inputs.category !== unit.inputs.category))
  for (let anchor = 0; anchor < anchors; anchor++) {
    const all = Float32Array.from(features.flatMap((one) => [...one.subarray(anchor * dims, (anchor + 1) * dims)]))
    const count = units.length
    const cosines = await cosineSimilarity({
      features: all,
      rows: count,
      dims,
      anchors: all,
      anchorCount: count,
      threads: 1,
    })
    others.forEach((row, i) => {
      row.forEach((isOther, j) => {
        if (isOther) sums[i] += cosines[i * count + j] / anchors
      })
    })
  }
  const counts = others.map((row) => row.filter(Boolean).length)
  return { others: counts, null: sums.map((sum, i) => rounded(sum / counts[i])) }
}

function gridPower(spectrum) {
  const grid = spectrum.filter(([{ period }]) => period <= LONGEST_GRID)
  const periods = new Set(grid.map(([{ period }]) => period)).size
  return Number((mean(grid.map(([, power]) => power)) * periods).toPrecision(4))
}

/** Equivariance errors of each layer, at distances of 1, 2, 4, … pixels. */
function errorsOf(units) {
  if (units.length === 0) return {}
  return {
    errors: units[0].unit.layers.map(({ name }, at) => {
      const distances = [1, 2, 4, 8, 16, 32]
      const errorAt = ({ unit }, distance) => {
        const found = unit.layers[at].equivariance.find(({ dx }) => dx === distance)
        return found && rounded(found.total)
      }
      const known = distances.filter((distance) => errorAt(units[0], distance) !== undefined)
      return { layer: name, ...Object.fromEntries(known.map((one) => [one, units.map((unit) => errorAt(unit, one))])) }
    }),
  }
}

function rounded(value) {
  return Number.isFinite(value) ? Number(value.toFixed(5)) : null
}
