// Compares the classifiers' accuracy on degenerate grids with that of scikit-learn's SVC solved to 1e-8. These grids have
// zeros, rectangles of equal features, duplicates, constants, clusters, integers, dead units or columns of other scales.
//
//   [PYTHON=/usr/bin/python3] node bench/degenerate_grids.mjs [--grids 2000] [--seed 1] [--tolerance 1e-6]
//     [--only NUMBER,…] [--no-peer]
//
// A fold is wrong if its accuracy is more than 0.2 points outside the range that scikit-learn's decision values allow.
// A sample whose value is within 1e-5 of 0 may be in either class: if its features are zero, only the intercept is
// left, which may be 0 up to rounding. Folds that scikit-learn did not solve, or solved with a higher objective, are
// counted separately. The exit status is 1 if a fold is wrong.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { assignFolds, FOLDS, TASKS, taskClasses, trainingLabels } from '../dist/experiments/folds.js'
import { randomNumbers } from '../dist/experiments/randomNumbers.js'
import { separabilityByScheme } from '../dist/experiments/separability.js'
import { trainSvm } from '../dist/native.js'

const { values: options } = parseArgs({
  options: {
    grids: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
    tolerance: { type: 'string' },
    only: { type: 'string' },
    peer: { type: 'boolean', default: true },
  },
  allowNegative: true,
})

/** Kinds of grids. Each returns the feature at (row, col) as a function of its index. */
const KINDS = {
  zeros: (g) => (g.inside ? g.vector(0) : () => 0),
  duplicates: (g) => g.vector(g.whole(g.palette)),
  constants: (g) => (d) => (d === 0 ? g.inside : 1),
  clusters: (g) => {
    const [centre, noise] = [g.vector(Number(g.inside)), g.random() < 0.5 ? 0 : 0.01]
    return (d) => centre(d) + noise * g.random()
  },
  integers: (g) => () => g.whole(3) - 1,
  dead: (g) => {
    const centre = g.vector(0)
    return (d) => Math.max(0, centre(d) * (g.row - g.rows / 2) * 0.1 + g.random() - 0.9)
  },
  scaled: (g) => (d) => (g.random() - 0.5 + (d % 2 ? g.row / g.rows : g.col / g.cols)) * 10 ** ((d % 3) - 1),
}

function makeGrid(kind, random) {
  const whole = (below) => Math.floor(random() * below)
  const [rows, cols, dims] = [10 + whole(27), 10 + whole(27), 1 + whole(24)]
  const palette = 1 + whole(6)
  const vectors = Array.from({ length: palette + 2 }, () => Array.from({ length: dims }, () => 0.1 + 0.9 * random()))
  const [top, left] = [whole(rows), whole(cols)]
  const [bottom, right] = [top + whole(rows - top) + 1, left + whole(cols - left) + 1]
  const matrix = new Float32Array(rows * cols * dims)
  for (let i = 0; i < rows * cols; i++) {
    const [row, col] = [Math.floor(i / cols), i % cols]
    const inside = row >= top && row < bottom && col >= left && col < right
    const vector = (n) => (d) => vectors[n][d]
    const feature = KINDS[kind]({ row, col, rows, cols, inside, palette, vector, random, whole })
    for (let d = 0; d < dims; d++) matrix[i * dims + d] = feature(d)
  }
  return { layer: kind, rows, cols, dims, matrix, stride: 1 }
}

/**
 * Grids that once gave wrong accuracies: zeros with a rectangle of 16 values from 0.1 to 1, and equal rows.
 */
function fixedGrids() {
  const rectangles = [
    [10, 35, 0, 24],
    [0, 20, 10, 34],
    [5, 30, 5, 20],
    [18, 36, 0, 35],
    [0, 9, 3, 33],
  ]
  const grids = rectangles.map(([top, bottom, left, right]) => {
    const matrix = Float32Array.from({ length: 36 * 35 * 16 }, (_, i) => {
      const [row, col, d] = [Math.floor(i / 16 / 35), Math.floor(i / 16) % 35, i % 16]
      return row >= top && row < bottom && col >= left && col < right ? 0.1 + (0.9 * d) / 15 : 0
    })
    return { layer: 'rectangle', rows: 36, cols: 35, dims: 16, matrix, stride: 1 }
  })
  const equal = new Float32Array(25 * 20 * 8).fill(0.5)
  equal[equal.length - 1] = 0.75
  return [...grids, { layer: 'equal rows', rows: 25, cols: 20, dims: 8, matrix: equal, stride: 1 }]
}

async function objectiveOf(grid, task, fold) {
  const classes = taskClasses(task, grid)
  const labels = trainingLabels([{ classes, folds: assignFolds('ordered', classes, grid, 0) }])
  const { matrix: features, dims } = grid
  const sizes = { rows: classes.length, dims, problems: FOLDS }
  const { solutions } = await trainSvm({ features, labels, ...sizes, C: 1 })
  return solutions[fold].primal
}

function openPeer() {
  const script = fileURLToPath(new URL('peers/degenerate_grids.py', import.meta.url))
  const peer = spawn(process.env.PYTHON ?? 'python3', [script], { stdio: ['pipe', 'pipe', 'inherit'] })
  let [text, waiting] = ['', []]
  peer.stdout.setEncoding('utf8').on('data', (chunk) => {
    const lines = (text + chunk).split('\n')
    text = lines.pop()
    for (const line of lines) waiting.shift()(JSON.parse(line))
  })
  return {
    ask: async ({ rows, cols, dims, matrix }) => {
      const header = Int32Array.of(rows, cols, dims)
      for (const part of [header, matrix]) {
        if (!peer.stdin.write(Buffer.from(part.buffer))) await once(peer.stdin, 'drain')
      }
      return new Promise((resolve) => waiting.push(resolve))
    },
    close: () => peer.stdin.end(),
  }
}

const random = randomNumbers(Number(options.seed))
const kinds = Object.keys(KINDS)
const grids = [
  ...fixedGrids(),
  ...Array.from({ length: Number(options.grids) }, (_, i) => makeGrid(kinds[i % kinds.length], random)),
]
const only = options.only?.split(',').map(Number)
const tolerance = options.tolerance === undefined ? {} : { tolerance: Number(options.tolerance) }
const peer = options.peer ? openPeer() : undefined
const totals = {
  grids: 0,
  constant: 0,
  folds: 0,
  notConverged: 0,
  wrong: 0,
  peerNotConverged: 0,
  peerWorse: 0,
  slowest: 0,
}
for (const [index, grid] of grids.entries()) {
  if (only !== undefined && !only.includes(index)) continue
  const start = performance.now()
  const [result] = await separabilityByScheme(grid, ['ordered'], { threads: 2, ...tolerance }).catch((error) => {
    if (!/the features are equal at all positions/.test(error.message)) throw error
    return []
  })
  const seconds = (performance.now() - start) / 1000
  totals.slowest = Math.max(totals.slowest, seconds)
  if (seconds > 2)
    console.log(`grid ${index} ${grid.layer} ${grid.rows}x${grid.cols}x${grid.dims}: ${seconds.toFixed(1)} s`)
  totals.grids++
  if (result === undefined) {
    totals.constant++
    continue
  }
  const expected = await peer?.ask(grid)
  for (const task of TASKS) {
    const { folds, gaps, notConverged } = result[task]
    for (const [fold, accuracy] of folds.entries()) {
      totals.folds++
      const where = `grid ${index} ${grid.layer} ${grid.rows}x${grid.cols}x${grid.dims} ${task} fold ${fold}`
      if (notConverged.includes(fold)) {
        totals.notConverged++
        console.log(`${where}: not converged, gap ${gaps[fold].toExponential(1)}`)
        continue
      }
      const reference = expected?.[task][fold]
      if (reference === undefined) continue
      if (!reference.converged) {
        totals.peerNotConverged++
        continue
      }
      if (accuracy >= reference.least - 0.002 && accuracy <= reference.most + 0.002) continue
      const objective = await objectiveOf(grid, task, fold)
      const above = reference.objective / objective - 1
      if (above > 1e-11) totals.peerWorse++
      else totals.wrong++
      const range = `${reference.least.toFixed(4)} to ${reference.most.toFixed(4)}`
      console.log(
        `${where}: accuracy ${accuracy.toFixed(4)}, scikit-learn ${range}, its objective ${above.toExponential(1)} above`,
      )
    }
  }
}
peer?.close()
console.log(JSON.stringify(totals))
process.exitCode = totals.wrong > 0 ? 1 : 0
