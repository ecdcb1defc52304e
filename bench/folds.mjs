/**
 * Shows what the test folds do to the accuracies of separability. It reads the stored accuracies of studies:
 *
 *     node bench/folds.mjs FOLDER... [--json]
 *
 * Each FOLDER is a results folder of `shiftscope reproduce --experiments separability --cv ordered,transposed`. The tables
 * compare the accuracies of each fold with those of *position only*, a feature that contains only the row and the
 * column, and with the paper's Tables 3 and 4. `--json` prints all accuracies instead.
 */
import { readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { TASKS } from '../dist/experiments/classifiers/folds.js'
import { paperRows } from '../dist/report/sections/paper.js'
import { pairedDifference } from '../dist/results/paired.js'
import { readUnit } from '../dist/results/store/units.js'
import { mean, meanAndStd, meanInterval } from '../dist/support/statistics.js'
import { runScript } from './script.mjs'

const SCHEMES = ['ordered', 'transposed']
/** Two equal bad folds and three perfect ones have this standard deviation divided by 1 minus the accuracy. */
const TWO_BAD_FOLDS = Math.sqrt(6) / 2

await runScript(
  { options: { json: { type: 'boolean', default: false } }, allowPositionals: true },
  async ({ values: { json }, positionals }) => {
    const found = await accuraciesIn(positionals)
    if (json) console.log(JSON.stringify(found))
    else for (const lines of [means, inFolds, prediction, sameBands, ofPaper]) console.log(`${lines(found)}\n`)
  },
)

/** All stored accuracies, [scheme][task][fold], and those of position only on the same grids. */
async function accuraciesIn(folders) {
  const [rows, position] = [[], {}]
  for (const folder of folders.flatMap(unitsOf)) {
    const { inputs, layers, sha256: _, ...grid } = await readUnit(folder)
    const { model: network, patch: object, size, stride } = inputs
    for (const { name: layer, separability, baselines } of layers) {
      const folds = accuracies((scheme, task) => separability[scheme][task].folds)
      rows.push({ network, layer, object, size, stride, folds })
      position[`${size} ${stride}`] ??= {
        side: grid.rows,
        folds: accuracies((scheme, task) => baselines.position[scheme][task]),
      }
    }
  }
  return { rows, position }
}

function unitsOf(folder) {
  return readdirSync(join(folder, 'units'), { recursive: true })
    .filter((path) => basename(path) === 'unit.json')
    .map((path) => dirname(join(folder, 'units', path)))
    .toSorted()
}

function accuracies(foldsOf) {
  return Object.fromEntries(
    SCHEMES.map((scheme) => [
      scheme,
      Object.fromEntries(TASKS.map((task) => [task, foldsOf(scheme, task).map(rounded)])),
    ]),
  )
}

function rounded(value) {
  return value === null ? null : Number(value.toFixed(4))
}

/** Groups of objects that were measured alike. */
function groupsOf({ rows, position }) {
  const nameOf = ({ network, layer, size, stride }) => `${network} ${layer}, ${size} px, every ${stride} px`
  return [...new Set(rows.map(nameOf))].map((name) => {
    const objects = rows.filter((row) => nameOf(row) === name)
    return { name, objects, position: position[`${objects[0].size} ${objects[0].stride}`].folds }
  })
}

function means(found) {
  const cell = (objects, scheme, task) => {
    const { mean: value, halfWidth } = meanInterval(objects.map(({ folds }) => mean(folds[scheme][task])))
    return halfWidth === null ? value.toFixed(3) : `${value.toFixed(3)} ± ${halfWidth.toFixed(3)}`
  }
  const columns = SCHEMES.flatMap((scheme) => TASKS.map((task) => [scheme, task]))
  return table(
    ['mean accuracy', 'objects', ...columns.map((one) => one.join(' '))],
    groupsOf(found).flatMap(({ name, objects, position }) => [
      [name, objects.length, ...columns.map(([scheme, task]) => cell(objects, scheme, task))],
      ['position only', '', ...columns.map(([scheme, task]) => mean(position[scheme][task]).toFixed(3))],
    ]),
  )
}

function inFolds(found) {
  const folds = (values) => values.map((value) => value.toFixed(2)).join(' ')
  const ofObjects = (objects, scheme, task) =>
    folds([0, 1, 2, 3, 4].map((fold) => mean(objects.map((one) => one.folds[scheme][task][fold]))))
  return table(
    ['accuracy of each fold', 'ordered top-bottom', 'transposed left-right'],
    groupsOf(found).flatMap(({ name, objects, position }) => [
      [name, ofObjects(objects, 'ordered', 'top-bottom'), ofObjects(objects, 'transposed', 'left-right')],
      ['position only', folds(position.ordered['top-bottom']), folds(position.transposed['left-right'])],
    ]),
  )
}

/** How well position only predicts the accuracy of each fold: the mean over objects, and each object. */
function prediction(found) {
  const groups = groupsOf(found)
  const pairsOf = ({ objects, position }) =>
    objects.flatMap(({ folds }) =>
      SCHEMES.flatMap((scheme) =>
        TASKS.flatMap((task) => folds[scheme][task].map((value, i) => [value, position[scheme][task][i]])),
      ),
    )
  const row = (name, pairs) => {
    const known = pairs.filter(([value]) => value !== null)
    const [right, wrong] = [true, false].map((isRight) =>
      known.filter(([, position]) => (position === 1) === isRight).map(([value]) => value),
    )
    const text = (values) => {
      const { mean: average, std } = meanAndStd(values)
      return `${average.toFixed(3)} (SD ${std.toFixed(3)}, n = ${values.length})`
    }
    const distance = mean(known.map(([value, position]) => Math.abs(value - position)))
    return [name, known.length, correlation(known).toFixed(2), distance.toFixed(3), text(right), text(wrong)]
  }
  return table(
    ['folds', 'n', 'correlation', 'mean distance', 'where position only is always right', 'where it is not'],
    [...groups.map((group) => row(group.name, pairsOf(group))), row('all', groups.flatMap(pairsOf))],
  )
}

function correlation(pairs) {
  const [a, b] = [0, 1].map((at) => {
    const values = pairs.map((pair) => pair[at])
    const average = mean(values)
    return values.map((value) => value - average)
  })
  const product = (x, y) => x.reduce((sum, value, i) => sum + value * y[i], 0)
  return product(a, b) / Math.sqrt(product(a, a) * product(b, b))
}

/** Top-bottom minus left-right with folds of the same kind: bands across the border, and bands along it. */
function sameBands(found) {
  const difference = (objects, [topBottom, leftRight]) => {
    const values = objects.map(
      ({ folds }) => mean(folds[topBottom]['top-bottom']) - mean(folds[leftRight]['left-right']),
    )
    const { mean: value, halfWidth } = pairedDifference(values)
    return halfWidth === null ? value.toFixed(3) : `${value.toFixed(3)} ± ${halfWidth.toFixed(3)}`
  }
  return table(
    ['top-bottom minus left-right', 'objects', 'bands across the border', 'bands along the border'],
    groupsOf(found).map(({ name, objects }) => [
      name,
      objects.length,
      difference(objects, ['transposed', 'ordered']),
      difference(objects, ['ordered', 'transposed']),
    ]),
  )
}

/** The paper's Tables 3 and 4. With position only, the paper's grids have an accuracy of 0.9 ± 0.1225. */
function ofPaper() {
  const rows = paperRows().filter(({ variant }) => variant.task === 'top-bottom')
  const ratios = rows.map(({ mean: accuracy, std }) => std / (1 - accuracy))
  const most = (values) => Math.max(...values.map(Math.abs)).toFixed(4)
  return [
    `The paper's ${rows.length} top-bottom rows: accuracy at most ${most(rows.map((row) => row.mean - 0.9))} from 0.9,`,
    `standard deviation at most ${most(rows.map((row) => row.std - 0.1225))} from 0.1225.`,
    `Standard deviation / (1 - accuracy): ${Math.min(...ratios).toFixed(3)} to ${Math.max(...ratios).toFixed(3)};`,
    `${ratios.filter((ratio) => Math.abs(ratio / TWO_BAD_FOLDS - 1) < 0.02).length} rows are within 2 % of`,
    `${TWO_BAD_FOLDS.toFixed(4)}, the ratio of two equal bad folds and three perfect ones.`,
  ].join('\n')
}

function table(head, rows) {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}
