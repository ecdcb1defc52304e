/**
 * Collects the numbers of docs/reproduction.md: what was measured for networks of the paper, one number per object, and
 * how far it agrees with the maps that the paper's authors published:
 *
 *     node bench/reproduction.mjs FOLDER [FOLDER ...] [--berry NETWORK=MAPS.npy] [--site FOLDER] [--heatmaps FOLDER] [--json]
 *
 * FOLDER is a results folder of `reproduce`. A network is recognised by its name, which must be that of the catalog, such
 * as `resnet50`. `--berry` names maps that `similarity --out` wrote of the authors' strawberry, and may be repeated.
 * `--site` is a checkout of jakehlee/interactive-invariance, which has their maps of it. `--heatmaps` is one of
 * jakehlee/jakehlee.github.io, which has the paper's Figures 3 and 4 for all anchors.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import sharp from 'sharp'
import { ANCHOR_NAMES } from '../dist/engine/scene/positions.js'
import { foldBaselines } from '../dist/experiments/classifiers/foldBaselines.js'
import { TASKS } from '../dist/experiments/classifiers/folds.js'
import { readNpy } from '../dist/files/npy.js'
import { hot } from '../dist/plot/colormap.js'
import { paperRows } from '../dist/report/sections/paper.js'
import { readMeasures } from '../dist/results/store/storedMeasures.js'
import { readUnit } from '../dist/results/store/units.js'
import { mapAt } from '../dist/results/unit/arrays.js'
import { mean, meanAndStd } from '../dist/support/statistics.js'
import { runScript } from './script.mjs'

/** Short names of anchors in the authors' files, in the order of `ANCHOR_NAMES`. */
const SHORT = ['tl', 'tr', 'c', 'bl', 'br']
/** A network's names in the authors' files: of maps of the strawberry, and of pictures of Figures 3 and 4. */
const AUTHORS = {
  mobilenet_v2: { csv: 'mobilev2-fc', pictures: 'mobilenet_export/mobile' },
  resnet50: { csv: 'resnet50-fc', pictures: 'resnet50_export/resnet' },
}
/** Ends of the colour scale of the pictures. They state none, but with these ends their means are those of Tables 1 and 2. */
const [LOW, HIGH] = [0.85, 1]
/** Left, top and side of a picture's axes, in pixels. */
const AXES = { left: 64, top: 58, side: 370 }
/** All colours of the scale. */
const COLOURS = Array.from({ length: 256 }, (_, i) => hot((i + 0.5) / 256))
const PAPER = paperRows()
const options = {
  berry: { type: 'string', multiple: true, default: [] },
  site: { type: 'string' },
  heatmaps: { type: 'string' },
  json: { type: 'boolean', default: false },
}

await runScript({ options, allowPositionals: true }, async ({ values, positionals: folders }) => {
  const groups = await groupsOf(folders)
  const measured = []
  for (const group of groups) measured.push(await measuredGroup(group))
  const berry = []
  for (const text of values.berry) berry.push(await berryMaps(...text.split('='), values.site))
  const figures = []
  if (values.heatmaps) for (const group of groups) figures.push(...(await figureMaps(group, values.heatmaps)))
  console.log(JSON.stringify({ groups: measured, berry, figures }, null, values.json ? 0 : 2))
})

/** The paper's layer, or the layer of class scores, of each unit of the paper's networks, by network, size and stride. */
async function groupsOf(folders) {
  const groups = new Map()
  for (const folder of folders.flatMap(unitsOf)) {
    const unit = await readUnit(folder)
    const { model, size, stride } = unit.inputs
    const layers = new Set(PAPER.filter((row) => row.model === model).map(({ layer }) => layer))
    if (layers.size === 0) continue
    const at = unit.layers.findIndex(({ name, answers }) => layers.has(name) || (layers.size === 1 && answers !== null))
    const key = [model, size, stride].join(' ')
    const group = groups.get(key) ?? { network: model, size, stride, layer: [...layers][0], units: [] }
    // The same unit may be in two folders.
    if (group.units.some((one) => one.unit.inputs.patch === unit.inputs.patch)) continue
    group.units.push({ folder, unit, at, numbers: (await readMeasures(folder, unit))[at] })
    groups.set(key, group)
  }
  return [...groups.values()]
}

function unitsOf(folder) {
  return readdirSync(join(folder, 'units'), { recursive: true })
    .filter((path) => basename(path) === 'unit.json')
    .map((path) => dirname(join(folder, 'units', path)))
    .sort()
}

async function measuredGroup({ network, size, stride, layer, units }) {
  const [{ unit, at }] = units
  const valuesOf = (metric, wanted) =>
    units.map(({ numbers }) => {
      const isWanted = ([variant]) => Object.entries(wanted).every(([key, value]) => variant[key] === value)
      return rounded(numbers[metric].find(isWanted)[1])
    })
  return {
    ...{ network, size, stride, layer, positions: unit.rows * unit.cols },
    weights: unit.inputs.weightsSha256,
    objects: units.map(({ unit: { inputs } }) => inputs.patch),
    similarity: Object.fromEntries(ANCHOR_NAMES.map((anchor) => [anchor, valuesOf('similarity-mean', { anchor })])),
    ...(unit.inputs.separability !== null && (await separabilityOf(unit, unit.layers[at], valuesOf))),
  }
}

async function separabilityOf({ frame, inputs: { size } }, { baselines }, valuesOf) {
  const ordered = (metric) =>
    Object.fromEntries(TASKS.map((task) => [task, valuesOf(metric, { task, scheme: 'ordered' })]))
  const side = frame - size + 1
  const full = await foldBaselines({ rows: side, cols: side, stride: 1 }, { schemes: ['ordered'], C: 1, seed: 0 })
  return {
    accuracy: ordered('separability-accuracy'),
    foldSpread: ordered('separability-std'),
    /** Accuracy of a feature that holds only the position, on this grid and on the paper's. */
    positionOnly: overFolds(baselines.position.ordered),
    positionOnlyOfPaper: overFolds(full.position.ordered),
  }
}

/** Mean over folds, by task. */
function overFolds(accuracies) {
  return Object.fromEntries(TASKS.map((task) => [task, rounded(mean(accuracies[task]))]))
}

/**
 * Compares maps of the strawberry, [5, rows, cols], with the authors' at the same positions. Their files have one row
 * `y,x,similarity` for each position in steps of 1 px.
 */
async function berryMaps(network, file, site) {
  const { shape, data } = await readNpy(file)
  const [, rows, cols] = shape
  const publishedOf = (name, short) => {
    const csv = join(site, 'data/csv', `${AUTHORS[name].csv}-berry-${short}-d3.csv`)
    const lines = readFileSync(csv, 'utf8').trim().split('\n').slice(1)
    const full = Math.sqrt(lines.length)
    const map = lines.map((line) => Number(line.split(',')[2]))
    return onGrid(map, { rows, cols, full, step: (full - 1) / (rows - 1) })
  }
  const anchors = ANCHOR_NAMES.map((anchor, i) => {
    const own = [...mapAt(data, { rows, cols }, 0, i)]
    const [published, other] = [network, otherThan(network)].map((name) => publishedOf(name, SHORT[i]))
    return { anchor, ...agreement(own, published, other) }
  })
  return { network, positions: rows * cols, anchors }
}

/** Values of a full map at every `step`-th position. */
function onGrid(map, { rows, cols, full, step }) {
  return Array.from({ length: rows * cols }, (_, i) => map[Math.floor(i / cols) * step * full + (i % cols) * step])
}

/** Compares mean maps over objects with the authors' pictures of them. */
async function figureMaps({ network, size, stride, units }, folder) {
  const [{ unit }] = units
  const { rows, cols, frame } = unit
  const full = frame - size + 1
  const all = []
  for (const { folder, at } of units) all.push({ at, maps: (await readNpy(join(folder, 'similarity.npy'))).data })
  const drawnOf = (name, short) => {
    const set = `${AUTHORS[name].pictures}_${size === 125 ? 'large' : 'small'}_white`
    return drawnValues(join(folder, 'assets/vsi/img', set, `${short}.png`), full)
  }
  const figures = []
  for (const [i, anchor] of ANCHOR_NAMES.entries()) {
    const drawn = [await drawnOf(network, SHORT[i]), await drawnOf(otherThan(network), SHORT[i])]
    const maps = all.map(({ at, maps }) => mapAt(maps, { rows, cols }, at, i))
    const own = Array.from({ length: rows * cols }, (_, position) => mean(maps.map((map) => map[position])))
    const [published, other] = drawn.map((map) => onGrid(map, { rows, cols, full, step: stride }))
    const drawnMean = rounded(mean(drawn[0]))
    figures.push({ network, size, stride, anchor, drawnMean, ...agreement(own, published, other) })
  }
  return figures
}

/** The values of a picture's [side, side] map, from the colours in the middle of its cells, row by row. */
async function drawnValues(file, side) {
  const { data, info } = await sharp(file).removeAlpha().raw().toBuffer({ resolveWithObject: true })
  const middle = (index) => Math.floor(((index + 0.5) * AXES.side) / side)
  return Array.from({ length: side * side }, (_, i) => {
    const [row, col] = [AXES.top + middle(Math.floor(i / side)), AXES.left + middle(i % side)]
    const start = (row * info.width + col) * 3
    return LOW + (HIGH - LOW) * fractionOf(data.subarray(start, start + 3))
  })
}

/** The fraction of the colour scale whose colour is nearest. */
function fractionOf(colour) {
  const distances = COLOURS.map((one) => one.reduce((sum, value, i) => sum + Math.abs(value - colour[i]), 0))
  return (distances.indexOf(Math.min(...distances)) + 0.5) / COLOURS.length
}

/** The network whose published maps are the control. */
function otherThan(network) {
  return Object.keys(AUTHORS).find((name) => name !== network)
}

/**
 * Correlation over positions, both means, and the mean size of the differences. As a control, the correlation with the
 * published map of another network.
 */
function agreement(own, published, other) {
  const differences = own.map((value, i) => Math.abs(value - published[i]))
  return roundedValues({
    correlation: correlation(own, published),
    control: correlation(own, other),
    mean: mean(own),
    published: mean(published),
    difference: mean(differences),
  })
}

function correlation(a, b) {
  const [one, other] = [a, b].map((values) => {
    const { mean: center, std } = meanAndStd(values)
    return values.map((value) => (value - center) / std)
  })
  return mean(one.map((value, i) => value * other[i]))
}

function roundedValues(values) {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, rounded(value)]))
}

function rounded(value) {
  return Number(value.toFixed(5))
}
