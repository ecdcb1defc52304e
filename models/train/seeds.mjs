// Measures the embedded networks, and those trained from other seeds, with the study of `npm start`. Jaggedness needs
// every position; it is measured with five large patches. Prints the table of docs/findings-embedded.md.
//   node seeds.mjs SEED SEED…       after export.py --seed SEED --into work/seedSEED

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))
const main = join(here, '../../dist/cli/main.js')
const variants = { 'tiny-alexnet': 'base', 'tiny-alexnet-aa': 'aa', 'tiny-alexnet-noflip': 'noflip' }
const shippedSeed = 1
const coarse = { stride: 4, words: [] }
const fine = {
  stride: 1,
  words: ['--sizes', '125', '--patches', 'car,dog,orange,clock,zebra', '--experiments', 'similarity'],
}
/** Columns of the table: heading, study, the rows of metrics.csv whose mean it shows, and number of digits. */
const measures = [
  ['jaggedness', fine, ({ metric }) => metric === 'jaggedness', 5],
  ['coverage at 0.95', coarse, ({ metric, variant }) => metric === 'coverage' && variant.endsWith('>=0.95'), 3],
  ['direction bias', coarse, ({ metric }) => metric === 'direction-bias', 4],
  ['mean similarity', coarse, ({ metric }) => metric === 'similarity-mean', 4],
]
const seeds = process.argv.slice(2).map(Number)
if (seeds.length === 0 || !seeds.every(Number.isInteger)) {
  console.error('usage: node seeds.mjs SEED SEED…')
  process.exit(2)
}

const folderOf = (seed) => join(here, 'work', `seed${seed}`)
const resultsOf = (seed, { stride }) => join(folderOf(seed), `stride-${stride}`)
const trainings = csv(join(here, 'networks.log.csv'))

for (const seed of [shippedSeed, ...seeds]) {
  const files = Object.keys(variants).map((id) => (seed === shippedSeed ? id : join(folderOf(seed), `${id}.onnx`)))
  for (const { stride, words } of [coarse, fine]) {
    const out = resultsOf(seed, { stride })
    const models = ['--models', files.join(','), '--layers', 'fc6,fc7,fc8']
    const options = [...models, '--stride', `${stride}`, ...words, '--out', out]
    execFileSync(process.execPath, [main, 'reproduce', ...options], { stdio: ['ignore', 'ignore', 'inherit'] })
  }
}
printTable()

/** Prints a row per network and layer, for patches of 125 px: the embedded network's number, then those of the seeds. */
function printTable() {
  const all = [shippedSeed, ...seeds]
  const metrics = new Map(
    [coarse, fine].map((study) => [study, all.map((seed) => csv(join(resultsOf(seed, study), 'metrics.csv')))]),
  )
  const layers = [...new Set(metrics.get(fine)[0].map(({ layer }) => layer))]
  const percent = (share) => (100 * Number(share)).toFixed(1)
  console.log(`| network | samples | top-1 white, mixed, % | layer | ${measures.map(([name]) => name).join(' | ')} |`)
  console.log(`|${'---|'.repeat(4 + measures.length)}`)
  for (const [id, variant] of Object.entries(variants)) {
    const rows = all.map((seed) => lastRow(seed, variant))
    const samples = together(rows.map((row) => Number(row.samples).toLocaleString('en-US')))
    const top1 = together(
      rows.map((row) => `${percent(row.white_top1)}, ${percent(row.mixed_top1)}`),
      '; ',
    )
    for (const layer of layers) {
      const cells = measures.map(([, study, wanted, digits]) =>
        together(
          metrics.get(study).map((own) => {
            const values = own.filter(
              (row) => row.model === id && row.layer === layer && row.size === '125' && wanted(row),
            )
            if (values.length === 0) throw new Error(`metrics.csv has no values for ${id} ${layer}`)
            return (values.reduce((sum, { value }) => sum + Number(value), 0) / values.length).toFixed(digits)
          }),
        ),
      )
      console.log(`| ${[id, samples, top1, layer, ...cells].join(' | ')} |`)
    }
  }
}

function together([shipped, ...others], separator = ', ') {
  return `${shipped} (${others.join(separator)})`
}

function lastRow(seed, variant) {
  return trainings.filter((row) => row.seed === `${seed}` && row.variant === variant).at(-1)
}

/** Rows of a table without quoted cells, by column. */
function csv(path) {
  const [head, ...rows] = readFileSync(path, 'utf8').trim().split('\n')
  const columns = head.split(',')
  return rows.map((row) => Object.fromEntries(row.split(',').map((cell, i) => [columns[i], cell])))
}
