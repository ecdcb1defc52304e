/**
 * Measures the similarity maps that the paper's authors published for trained networks with and without anti-aliasing:
 *
 *     node bench/authorsMaps.mjs FOLDER [--json]
 *
 * FOLDER has the files NETWORK-LAYER-OBJECT.npy and NETWORK-aa-LAYER-OBJECT.npy, float32 [5 anchors, rows, columns], one
 * position per pixel. They are the columns y, x and value of data/csv in https://github.com/jakehlee/interactive-invariance
 * (MIT licence), one file per anchor there.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { gridSpectrum } from '../dist/experiments/maps/gridSpectrum.js'
import { jaggedness } from '../dist/experiments/maps/mapMeasures.js'
import { readNpy } from '../dist/files/npy.js'
import { mean } from '../dist/support/statistics.js'
import { runScript } from './script.mjs'

const PERIODS = [2, 4, 8, 16]

await runScript(
  { options: { json: { type: 'boolean', default: false } }, allowPositionals: true },
  async ({ values: { json }, positionals: [folder] }) => {
    const names = readdirSync(folder).filter((name) => name.includes('-aa-') && name.endsWith('.npy'))
    const pairs = []
    for (const name of names.toSorted()) pairs.push(await pairOf(folder, name))
    console.log(json ? JSON.stringify(pairs) : pairs.map(line).join('\n'))
  },
)

async function pairOf(folder, name) {
  const [network, layer, object] = name.replace('-aa', '').replace('.npy', '').split('-')
  const [plain, antiAliased] = [name.replace('-aa', ''), name].map((file) => measured(join(folder, file)))
  return { network, layer, object, plain: await plain, antiAliased: await antiAliased }
}

/** Means over the five anchors. */
async function measured(file) {
  const { data, shape } = await readNpy(file)
  const [anchors, rows, cols] = shape
  const maps = Array.from({ length: anchors }, (_, i) => data.subarray(i * rows * cols, (i + 1) * rows * cols))
  const steps = maps.flatMap((map) => Object.values(jaggedness(map, { rows, cols })))
  const spectra = maps.flatMap((map) => gridSpectrum(map, { rows, cols }, 1))
  // Each period has a power along the rows and one along the columns.
  const powerAt = (wanted) => mean(spectra.filter(({ period }) => period === wanted).map(({ power }) => power))
  return {
    rows,
    similarity: rounded(mean(maps.map(mean))),
    step: rounded(mean(steps)),
    power: Object.fromEntries(PERIODS.map((period) => [period, rounded(powerAt(period))])),
  }
}

function rounded(value) {
  return Number(value.toPrecision(6))
}

function line({ network, layer, object, plain, antiAliased }) {
  const coarse = ({ power }) => power[8] + power[16]
  const share = (value, of) => (value / of).toFixed(2)
  return [
    `${network} ${layer} ${object}:`,
    `power at 8 and 16 px × ${share(coarse(antiAliased), coarse(plain))},`,
    `at 2 px × ${share(antiAliased.power[2], plain.power[2])},`,
    `step × ${share(antiAliased.step, plain.step)},`,
    `similarity ${plain.similarity.toFixed(3)} → ${antiAliased.similarity.toFixed(3)}`,
  ].join(' ')
}
