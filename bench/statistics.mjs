/**
 * Shows by simulation how often the statistics of comparisons are right:
 *
 *     node bench/statistics.mjs [--draws N] [--json]
 *
 * The real values are those of bench/results/networks.json: measures of several networks on 59 photographs. Generated
 * populations have a thousand values. A sample is drawn from a population with replacement. Equal networks are two
 * networks whose values change sides at random, photograph by photograph.
 */
import { readFileSync } from 'node:fs'
import { FEWEST_PAIRS, judged, lossP, neededPairs, pairedDifference } from '../dist/results/paired.js'
import { randomNumbers } from '../dist/support/randomNumbers.js'
import { mean } from '../dist/support/statistics.js'
import { runScript, wholeNumber } from './script.mjs'

const COUNTS = [10, 30, 60, 1000]
const LEVEL = 0.05
const LIMITS = [0.02, 0.06, 0.1]
/** The loss that 60 photographs must show, and how many there are. */
const [LOSS, PHOTOGRAPHS] = [0.09, 60]
/** Two real networks, and the measures of which one comparison judges one each. */
const PAIR = ['mobilenet_v2_keras', 'mobilenet_v1_050_160']
const HEADLINES = [
  'center accuracy',
  'crop agreement',
  'diagonal change',
  'embed change',
  'circular agreement',
  'subpixel agreement',
]

const options = { draws: { type: 'string', default: '10000' }, json: { type: 'boolean', default: false } }

await runScript({ options }, async ({ values: { draws, json } }) => {
  const random = randomNumbers(0)
  const setting = { random, draws: wholeNumber(draws) }
  const networks = measuredNetworks()
  const populations = [...realPopulations(networks), ...madePopulations(random)]
  const found = {
    coverage: populations.map((population) => coverageOf(population, setting)),
    equalNetworks: families(networks).map((family) => verdictsOf(family, setting)),
    falseFailures: populations.flatMap((population) => LIMITS.map((limit) => failuresAt(limit, population, setting))),
    power: populations.map((population) => powerOf(population, setting)),
  }
  console.log(json ? JSON.stringify(found) : markdown(found))
})

/** The networks that measured all headlines. */
function measuredNetworks() {
  const { results } = JSON.parse(readFileSync(new URL('results/networks.json', import.meta.url), 'utf8'))
  return results.networks.filter(({ photographs = {} }) => HEADLINES.every((measure) => measure in photographs))
}

/** Differences of two real networks in three measures: a binary one, one of few values and a rate of change. */
function realPopulations(networks) {
  const [one, other] = PAIR.map((name) => networks.find((network) => network.name === name).photographs)
  return HEADLINES.slice(0, 3).map((measure) => ({
    name: `real, ${measure}`,
    values: one[measure].map((value, i) => value - other[measure][i]),
    ...(measure === 'center accuracy' && { size: 1 }),
  }))
}

function madePopulations(random) {
  const made = (name, next, size) => ({ name: `made, ${name}`, values: Array.from({ length: 1000 }, next), size })
  const sign = () => (random() < 0.5 ? -1 : 1)
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  return [
    made('binary, 20 % differ', () => (random() < 0.2 ? sign() : 0), 1),
    made('binary, 3 % differ', () => (random() < 0.03 ? sign() : 0), 1),
    made('shares, 80 % equal', () => (random() < 0.2 ? (sign() * Math.ceil(5 * random())) / 5 : 0)),
    made('skewed', () => 0.05 * (-Math.log(1 - random()) - 1)),
    made('heavy tails', () => (0.1 * normal()) / Math.sqrt((normal() ** 2 + normal() ** 2 + normal() ** 2) / 3)),
  ]
}

function coverageOf({ name, values, size }, { random, draws }) {
  const share = (count, isSwapped) => {
    const center = isSwapped ? 0 : mean(values)
    return shareOf(draws, () => {
      const sample = sampleOf(values, count, random)
      const [low, high] = pairedDifference(isSwapped ? swapped(sample, random) : sample, size).interval
      return low <= center + 1e-12 && center - 1e-12 <= high
    })
  }
  return {
    name,
    asMeasured: COUNTS.map((count) => share(count, false)),
    swapped: COUNTS.map((count) => share(count, true)),
  }
}

/** What `compare` judges together (the headlines of two networks), and the page (all pairs of networks in one measure). */
function families(networks) {
  const values = (measure) => networks.map(({ photographs }) => photographs[measure])
  const isBinary = (all) => all.flat().every((value) => value === 0 || value === 1)
  const pairs = [
    ['compare, six headlines of two networks', PAIR.map((name) => networks.findIndex((one) => one.name === name))],
    ['compare, six headlines of two others', [0, networks.length - 1]],
  ].map(([name, chosen]) => ({
    name,
    measures: HEADLINES.map((measure) => chosen.map((at) => values(measure)[at])).map((all) => ({
      values: all,
      size: isBinary(all) ? 1 : undefined,
    })),
  }))
  const pages = [5, networks.length].flatMap((count) =>
    HEADLINES.slice(0, 3).map((measure) => ({
      name: `page, all pairs of ${count} networks, ${measure}`,
      measures: [{ values: values(measure).slice(0, count), size: isBinary(values(measure)) ? 1 : undefined }],
    })),
  )
  return [...pairs, ...pages]
}

/** Share of families of equal networks with any verdict. Of each photograph, networks change places in all measures. */
function verdictsOf({ name, measures }, { random, draws }) {
  const [{ values }] = measures
  const ofFamily = (photographs) => {
    const places = photographs.map(() =>
      shuffled(
        values.map((_, i) => i),
        random,
      ),
    )
    return measures.flatMap(({ values: all, size }) => {
      const networks = all.map((_, i) => photographs.map((photograph, at) => all[places[at][i]][photograph]))
      return networks.flatMap((one, i) =>
        networks.slice(i + 1).map((other) =>
          pairedDifference(
            one.map((value, at) => value - other[at]),
            size,
          ),
        ),
      )
    })
  }
  const shares = COUNTS.map((count) => {
    const times = Math.ceil(
      (draws * 60) / Math.max(60, count) / Math.max(1, (values.length * (values.length - 1)) / 20),
    )
    return shareOf(times, () => {
      const photographs = Array.from({ length: count }, () => Math.floor(random() * values[0].length))
      return judged(ofFamily(photographs)).some(({ verdict }) => verdict === 'higher' || verdict === 'lower')
    })
  })
  return { name, shares }
}

/** Share of gates that fail although the loss is exactly at the limit. */
function failuresAt(limit, population, { random, draws }) {
  const shares = COUNTS.map((count) =>
    shareOf(draws, () => lossP(withLoss(population, limit, count, random), limit, 'higher') < LEVEL),
  )
  return { name: population.name, limit, shares }
}

/** How often a loss of nine points is found with 60 photographs, and with the number that a first sample says. */
function powerOf(population, { random, draws }) {
  const isFound = (count) => () => {
    const { mean: difference, p } = withLoss(population, LOSS, count, random)
    return p < LEVEL && difference < 0
  }
  const isFailed = () => lossP(withLoss(population, LOSS, PHOTOGRAPHS, random), 0, 'higher') < LEVEL
  const needed = neededPairs(withLoss(population, LOSS, 100_000, random), LOSS)
  return {
    name: population.name,
    verdict: shareOf(draws, isFound(PHOTOGRAPHS)),
    gate: shareOf(draws, isFailed),
    needed,
    ofNeeded: shareOf(draws, isFound(needed)),
  }
}

/**
 * A sample of the differences of a network that is worse by `loss` on average. Measures move as a whole. Binary ones
 * keep the share of photographs that differ, if it is large enough for the loss.
 */
function withLoss({ values, size }, loss, count, random) {
  if (size === undefined) {
    const shift = -loss - mean(values)
    return pairedDifference(sampleOf(values, count, random).map((value) => value + shift))
  }
  const differing = Math.max(loss, mean(values.map(Math.abs)))
  const lower = (differing + loss) / 2
  const next = () => {
    const at = random()
    return at < lower ? -1 : at < differing ? 1 : 0
  }
  return pairedDifference(Array.from({ length: count }, next), size)
}

function sampleOf(values, count, random) {
  return Array.from({ length: count }, () => values[Math.floor(random() * values.length)])
}

function swapped(values, random) {
  return values.map((value) => (random() < 0.5 ? value : -value))
}

function shuffled(values, random) {
  const order = [...values]
  for (let i = order.length - 1; i > 0; i--) {
    const at = Math.floor(random() * (i + 1))
    ;[order[i], order[at]] = [order[at], order[i]]
  }
  return order
}

function shareOf(times, isSo) {
  let count = 0
  for (let i = 0; i < times; i++) if (isSo()) count++
  return count / times
}

function markdown({ coverage, equalNetworks, falseFailures, power }) {
  const heads = COUNTS.map((count) => `n = ${count.toLocaleString('en')}`)
  const numbers = (shares) => shares.map((share) => share.toFixed(3))
  return [
    table(
      `Share of 95 % intervals that contain the true difference (at least ${FEWEST_PAIRS} pairs)`,
      ['population', ...heads, ...heads.map((head) => `${head}, sides swapped`)],
      coverage.map(({ name, asMeasured, swapped }) => [name, ...numbers([...asMeasured, ...swapped])]),
    ),
    table(
      'Share of comparisons of equal networks with any verdict',
      ['family', ...heads],
      equalNetworks.map(({ name, shares }) => [name, ...numbers(shares)]),
    ),
    table(
      'Share of gates that fail at a true loss that equals the limit',
      ['population', 'limit', ...heads],
      falseFailures.map(({ name, limit, shares }) => [name, limit, ...numbers(shares)]),
    ),
    table(
      `Power at a loss of ${100 * LOSS} points`,
      [
        'population',
        `verdict, ${PHOTOGRAPHS} pairs`,
        `gate of 0, ${PHOTOGRAPHS} pairs`,
        'needed pairs',
        'power with them',
      ],
      power.map(({ name, verdict, gate, needed, ofNeeded }) => [
        name,
        ...numbers([verdict, gate]),
        needed,
        ofNeeded.toFixed(3),
      ]),
    ),
  ].join('\n\n')
}

function table(title, head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`
  return [`**${title}**`, '', line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
