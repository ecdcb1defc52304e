/**
 * Compares the exact chance that two random crops get the same answer with its estimates from a few draws:
 *
 *     node bench/draws.mjs PHOTOGRAPHS NETWORK.onnx [NETWORK.onnx ...] [--input RECIPE] [--out FOLDER] [--json]
 *
 * Computes the answers to all windows with `consistency`, or finds them in FOLDER, where they are kept. The draws of a
 * seed are those of `consistency --seed`: the same pairs of windows, whose answers are then known. So 1,000 seeds cost
 * nothing.
 */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { PROTOCOLS } from '../dist/experiments/answers/protocols.js'
import { consistency } from '../dist/index.js'
import { sourceSide } from '../dist/patches/sizes.js'
import { readAnsweredNetworks } from '../dist/results/answers/read.js'
import { randomOf } from '../dist/study/answers/pieces.js'
import { meanInterval } from '../dist/support/statistics.js'
import { runScript } from './script.mjs'

const SEEDS = 1000
const DRAWS = [1, 2, 5, 10, 20, 50, 100]
/** A difference of two networks that is to be seen: two points, twice its standard error. */
const DIFFERENCE = 0.02
const options = {
  input: { type: 'string', default: 'imagenet' },
  out: { type: 'string' },
  json: { type: 'boolean', default: false },
}
const CROP = PROTOCOLS.find(({ name }) => name === 'crop')

await runScript({ options, allowPositionals: true }, async ({ values, positionals: [photographs, ...files] }) => {
  const folder = values.out ?? mkdtempSync(join(tmpdir(), 'shiftscope-draws-'))
  const all = []
  for (const file of files) all.push(await answersOf(file, photographs, values.input, folder))
  const networks = all.map((network) => measuredByAll(network, all))
  const sampled = networks.map(({ estimates }) => Array.from({ length: SEEDS }, (_, seed) => estimates(seed)))
  const results = {
    seeds: SEEDS,
    networks: networks.map((network, i) => summary(network, sampled[i])),
    example: chances(networks[0], sampled[0]),
    pairs: networks.flatMap((one, i) =>
      networks.slice(i + 1).map((other, j) => comparison(one, other, sampled[i], sampled[i + 1 + j])),
    ),
  }
  console.log(JSON.stringify(results, null, values.json ? 0 : 2))
})

/** Answers of a network to all windows of the photographs. */
async function answersOf(model, photographs, input, folder) {
  const out = join(folder, basename(model, '.onnx'))
  await consistency({ model, photographs, input, protocols: ['crop'], exact: true, out, report: false })
  const [{ frame, photographs: stored, answersTo }] = await readAnsweredNetworks(out)
  const margin = sourceSide(frame) - frame
  const measured = []
  for (const { name, sha256, values } of stored) {
    const { answers } = await answersTo('crop-exact', sha256)
    measured.push({ name, sha256, exact: values[0], answers: answers.map(({ answer }) => answer) })
  }
  return { name: basename(model, '.onnx'), frame, margin, measured }
}

/** Leaves out photographs that are too small for another network's frame. */
function measuredByAll({ name, frame, margin, measured }, all) {
  const common = measured.filter((one) => all.every((other) => other.measured.some(({ name }) => name === one.name)))
  return {
    name,
    exact: common.map(({ exact }) => exact),
    /** For each photograph, the shares of equal answers in the first pairs of a seed, as many as DRAWS says. */
    estimates: (seed) => common.map(({ sha256, answers }) => drawn(answers, { frame, margin, seed, sha256 })),
  }
}

function drawn(answers, { frame, margin, seed, sha256 }) {
  const setting = { frame, draws: DRAWS.at(-1) }
  const shifts = [...CROP.shifts(setting, randomOf(seed, 'crop', sha256))]
  const found = shifts.map(({ rows, cols }) => answers[rows * margin + cols])
  const shares = []
  let equal = 0
  for (let pair = 0; pair < found.length / 2; pair++) {
    if (found[2 * pair] === found[2 * pair + 1]) equal++
    if (DRAWS.includes(pair + 1)) shares.push(equal / (pair + 1))
  }
  return shares
}

function summary({ name, exact }, sampled) {
  return {
    name,
    photographs: exact.length,
    exact: meanInterval(exact),
    draws: DRAWS.map((draws, at) => {
      const errors = sampled.map((photographs) => photographs.map((shares, i) => shares[at] - exact[i]))
      const means = errors.map((ofSeed) => meanInterval(ofSeed).mean)
      return {
        draws,
        /** Root mean square over seeds of the error of one photograph, and of the mean of all. */
        ofPhotograph: rms(errors.flat()),
        ofMean: rms(means),
        largestOfMean: Math.max(...means.map(Math.abs)),
      }
    }),
  }
}

/** For the figure: the exact chance of each photograph, and the estimates of seed 0. */
function chances({ name, exact }, [ofSeed0]) {
  const [few, many] = [DRAWS.indexOf(5), DRAWS.indexOf(100)]
  return { name, photographs: exact.map((chance, i) => [chance, ofSeed0[i][few], ofSeed0[i][many]]) }
}

/** The number of photographs at which a difference of two points is two standard errors. */
function comparison(one, other, ofOne, ofOther) {
  const needed = (first, second) => ({
    paired: photographsFor(variance(first.map((value, i) => value - second[i]))),
    unpaired: photographsFor(variance(first) + variance(second)),
  })
  const ofSeeds = (at) => {
    const all = ofOne.map((photographs, seed) =>
      needed(
        photographs.map((shares) => shares[at]),
        ofOther[seed].map((shares) => shares[at]),
      ),
    )
    return { paired: meanOf(all, 'paired'), unpaired: meanOf(all, 'unpaired') }
  }
  return {
    networks: [one.name, other.name],
    difference: meanInterval(one.exact.map((value, i) => value - other.exact[i])),
    photographs: {
      exact: needed(one.exact, other.exact),
      draws5: ofSeeds(DRAWS.indexOf(5)),
      draws100: ofSeeds(DRAWS.indexOf(100)),
    },
  }
}

function photographsFor(varianceOfOne) {
  return Math.ceil(varianceOfOne * (2 / DIFFERENCE) ** 2)
}

function meanOf(all, name) {
  return Math.round(meanInterval(all.map((one) => one[name])).mean)
}

function variance(values) {
  return meanInterval(values).standardError ** 2 * values.length
}

function rms(values) {
  return Math.sqrt(meanInterval(values.map((value) => value ** 2)).mean)
}
