/**
 * Writes the tables, sentences and picture of docs/networks-compared.md from bench/results/networks.json:
 *
 *   npm run build && node docs/make_networks_compared.mjs     # with --check, only report whether they are up to date
 *
 * Intervals of means and of differences are those of Student's t, as in `compare`. Intervals of other statistics are
 * percentiles of 10,000 bootstrap draws of seed 0.
 */
import { axisTicks, LETTER_SIZE, tickElements, uprightTitle } from '../dist/plot/axis.js'
import { mark } from '../dist/plot/marks.js'
import { linearScale } from '../dist/plot/scale.js'
import { line, markup, svg, textElement, tip } from '../dist/plot/svg.js'
import { pairedDifference } from '../dist/results/paired.js'
import { halfWidthOf, mean, meanInterval } from '../dist/support/statistics.js'
import { intervalOf, PICTURE_STYLE, resultsOf, writePage } from './written.mjs'

/** Names, and the total strides of the first and the last map whose equivariance error was measured. */
const NETWORKS = {
  mobilenet_v1_100_224: { title: 'MobileNetV1 1.0, 224 px', strides: [2, 32], family: 0, side: 'right' },
  mobilenet_v1_050_160: { title: 'MobileNetV1 0.5, 160 px', strides: [2, 32], family: 0, side: 'right' },
  mobilenet_v1_025_224: { title: 'MobileNetV1 0.25, 224 px', strides: [2, 32], family: 0, side: 'left' },
  mobilenet_v1_025_128: { title: 'MobileNetV1 0.25, 128 px', strides: [2, 32], family: 0, side: 'right' },
  mobilenet_v2: { title: 'MobileNetV2, torchvision', strides: [2, 32], family: 1, side: 'left' },
  mobilenet_v2_keras: { title: 'MobileNetV2, Keras', strides: [2, 32], family: 1, side: 'below' },
  mobilenet_edgetpu_075: { title: 'EdgeTPU 0.75', strides: [2, 32], family: 2, side: 'left' },
  squeezenet1_0_compressed: { title: 'SqueezeNet 1.0, 227 px', strides: [2, 16], family: 3, side: 'right' },
  squeezenet1_1: { title: 'SqueezeNet 1.1', strides: [2, 16], family: 3, side: 'below' },
}
const EMBEDDED = ['tiny-alexnet', 'tiny-alexnet-aa', 'tiny-alexnet-noflip']
/** Pairs of networks that differ in little, and in what they differ. */
const PAIRS = [
  ['frame (and weights)', 'mobilenet_v1_025_224', 'mobilenet_v1_025_128'],
  ['width (and weights)', 'mobilenet_v1_100_224', 'mobilenet_v1_025_224'],
  ['training', 'mobilenet_v2', 'mobilenet_v2_keras'],
  ['architecture', 'squeezenet1_1', 'mobilenet_v1_025_224'],
  ['version', 'squeezenet1_1', 'squeezenet1_0_compressed'],
  ['anti-aliasing', 'tiny-alexnet-aa', 'tiny-alexnet'],
  ['training without flips', 'tiny-alexnet-noflip', 'tiny-alexnet'],
]

const AGREEMENT = 'crop agreement'
/** A photograph counts as confident if the answer to a protocol's first frame has at least this probability. */
const CONFIDENT = 0.5

const page = new URL('networks-compared.md', import.meta.url)
const picture = new URL('pictures/networks-compared.svg', import.meta.url)
const [results, draws] = ['networks', 'draws'].map(resultsOf)
const found = new Map(results.networks.map((network) => [network.name, network]))
const trained = Object.entries(NETWORKS).map(([name, about]) => ({ ...about, ...found.get(name) }))
/** Networks whose frames have nearly the same size. */
const full = trained.filter(({ frame }) => frame >= 224)
const embedded = EMBEDDED.map((name) => ({ title: name, ...found.get(name) }))

const sections = { crops, protocols, confident, objects, embedded: embeddedTable, differences, sentences }
writePage(page, { 'networks.json': sections }, [[picture, `${markup(scatter())}\n`]], 'make_networks_compared.mjs')

// Tables

function crops() {
  const columns = [
    ['as ResNet-50, middle crop', shareOf('center accuracy')],
    ['mean over 33 crops', shareOf('diagonal mean-accuracy')],
    ['as ResNet-50 in all 33 crops', shareOf('diagonal worst-case-accuracy')],
    ['same answer in all 33 crops', shareOf('diagonal always-same')],
    ['two crops agree (5 draws)', shareOf(AGREEMENT)],
    ['relative to chance', shareOf('crop relative-agreement')],
    ['two crops agree, exact', exactAgreement],
  ]
  return table(columns, trained)
}

function protocols() {
  const columns = [
    ['`crop`: same answer', shareOf('crop agreement')],
    ['`diagonal`: answer changes', shareOf('diagonal change')],
    ['`diagonal`: probability changes by', numberOf('diagonal probability-change')],
    ['`embed`: answer changes', shareOf('embed change')],
    ['`circular`: same answer', shareOf('circular agreement')],
    ['`subpixel`: same answer', shareOf('subpixel agreement')],
    ['`subpixel`: equivariance error', numberOf('subpixel local-equivariance-error')],
  ]
  return table(columns, trained)
}

function confident() {
  const columns = [
    ['`crop`: same answer', confidentShare('crop agreement')],
    ['`diagonal`: answer changes', confidentShare('diagonal change')],
    ['`embed`: answer changes', confidentShare('embed change')],
    ['`circular`: same answer', confidentShare('circular agreement')],
    ['`subpixel`: same answer', confidentShare('subpixel agreement')],
  ]
  return table(columns, trained)
}

function objects() {
  const columns = [
    ['relative similarity, 125 px', (network) => plusMinus(relativeSimilarity(network, 0))],
    ['75 px', (network) => plusMinus(relativeSimilarity(network, 1))],
    ['answer kept, 125 px', (network) => shareText(meanInterval(network.objects[0].kept))],
    ['75 px', (network) => shareText(meanInterval(network.objects[1].kept))],
    ['answer kept, confident', keptByConfident],
    ['grid power', (network) => gridPower(network)],
    ['equivariance error, first map', (network) => plusMinus(equivarianceError(network, 0))],
    ['last map', (network) => plusMinus(equivarianceError(network, 1))],
    ['read-out error, px of 224', (network) => plusMinus(readoutError(network), 2)],
  ]
  return table(columns, trained)
}

function embeddedTable() {
  const columns = [
    ['`crop`: same answer', shareOf('crop agreement')],
    ['`diagonal`: answer changes', shareOf('diagonal change')],
    ['`diagonal`: probability changes by', numberOf('diagonal probability-change')],
    ['`circular`: same answer', shareOf('circular agreement')],
    ['`subpixel`: same answer', shareOf('subpixel agreement')],
    ['`subpixel`: equivariance error', numberOf('subpixel local-equivariance-error')],
  ]
  return table(columns, embedded)
}

/** @param columns title, and the cell of a network */
function table(columns, networks) {
  const head = ['network', ...columns.map(([title]) => title)]
  const rows = networks.map((network) => [network.title, ...columns.map(([, cell]) => cell(network))])
  return { head, rows }
}

function shareOf(measure) {
  return (network) => shareText(meanInterval(valuesOf(network, measure)))
}

/** The exact chance was computed for some of the networks, and for others in draws.json. */
function exactAgreement(one) {
  const measure = 'crop-exact agreement'
  if (measure in one.photographs) return shareOf(measure)(one)
  const known = draws.networks.find(
    ({ name, photographs }) => name === one.name && photographs === results.photographs.length,
  )
  if (known === undefined) return '–'
  const { mean, standardError } = known.exact
  return shareText({ mean, halfWidth: halfWidthOf(standardError, known.photographs) })
}

function numberOf(measure) {
  return (network) => plusMinus(meanInterval(valuesOf(network, measure)))
}

function confidentShare(measure) {
  return (network) => countedShare(confidentValues(network, measure))
}

/** Fewer than five values say too little for a mean. */
function countedShare(values) {
  return values.length < 5 ? `– (${values.length})` : `${shareText(meanInterval(values))} (${values.length})`
}

function shareText({ mean, halfWidth }) {
  return `${(100 * mean).toFixed(1)} ± ${(100 * halfWidth).toFixed(1)} %`
}

function plusMinus({ mean, halfWidth }, digits = 3) {
  return `${mean.toFixed(digits)} ± ${halfWidth.toFixed(digits)}`
}

function differences() {
  const measures = [
    ['as ResNet-50, 33 crops', 'diagonal mean-accuracy'],
    ['two crops agree', AGREEMENT],
    ['`diagonal`: answer changes', 'diagonal change'],
    ['`embed`: answer changes', 'embed change'],
    ['`subpixel`: same answer', 'subpixel agreement'],
  ]
  const head = ['differ in', 'networks', ...measures.map(([title]) => title)]
  const rows = PAIRS.map(([what, ...names]) => {
    const [one, other] = names.map((name) => network(name))
    const cells = measures.map(([, measure]) =>
      measure in one.photographs ? pointsText(difference(one, other, measure)) : '–',
    )
    return [what, `${one.title} − ${other.title}`, ...cells]
  })
  return { head, rows }
}

function network(name) {
  return [...trained, ...embedded].find((one) => one.name === name)
}

/** A difference of shares in percentage points, with its interval. */
function pointsText({ mean, interval }) {
  const [low, high] = interval
  return `${points(mean)} [${points(low)}, ${points(high)}]`
}

function points(share) {
  const text = (100 * share).toFixed(1)
  return Number(text) > 0 ? `+${text}` : text.replace('-', '−')
}

// Numbers of photographs

function valuesOf({ name, photographs }, measure) {
  const values = photographs[measure]
  if (values === undefined) throw new Error(`${name} has no ${measure}`)
  return values
}

function confidentValues(network, measure) {
  const probabilities = valuesOf(network, `${measure.split(' ')[0]} confidence`)
  return valuesOf(network, measure).filter((_, i) => probabilities[i] >= CONFIDENT)
}

// Numbers of objects

function relativeSimilarity({ objects }, at) {
  const { similarity, null: others, others: counts } = objects[at]
  const baseline = nullOf(others, counts)
  return meanInterval(similarity.map((value) => (value - baseline) / (1 - baseline)))
}

/** Mean over all pairs of objects of different classes. */
function nullOf(others, counts) {
  return mean(others.map((value, i) => value * counts[i])) / mean(counts)
}

/** Of both sizes together, because few objects are confident. */
function keptByConfident({ objects }) {
  return countedShare(objects.flatMap(({ kept, probability }) => kept.filter((_, i) => probability[i] >= CONFIDENT)))
}

/** Geometric mean over objects, in millionths, and the factor to both ends of its interval. */
function gridPower(one) {
  const { mean, halfWidth } = meanInterval(relativePowers(one).map((power) => Math.log(1e6 * power)))
  return `${Math.exp(mean).toFixed(0)} ×÷ ${Math.exp(halfWidth).toFixed(2)}`
}

/** Power of the grid pattern in the maps of relative similarity at 125 px, for each object. */
function relativePowers({ objects: [{ gridPower: powers, null: others, others: counts }] }) {
  return powers.map((power) => power / (1 - nullOf(others, counts)) ** 2)
}

/** Error after a move of half a cell, where subsampling does the most harm. */
function equivarianceError({ objects, strides }, at) {
  const { errors } = objects.find((one) => one.errors !== undefined)
  return meanInterval(errors[at][strides[at] / 2])
}

function readoutError({ frame, objects: [{ readout }] }) {
  return meanInterval(readout.map((error) => (error * 224) / frame))
}

// Comparisons

/** Mean difference over photographs, and its interval. */
function difference(one, other, measure) {
  const [a, b] = [one, other].map((network) => valuesOf(network, measure))
  const differences = a.map((value, i) => value - b[i])
  return pairedDifference(differences)
}

function meanAt(values, chosen) {
  return chosen.reduce((sum, i) => sum + values[i], 0) / chosen.length
}

// Sentences

function sentences() {
  const [wide, thin, small] = ['100_224', '025_224', '025_128'].map((name) => network(`mobilenet_v1_${name}`))
  const [torchvision, keras] = ['mobilenet_v2', 'mobilenet_v2_keras'].map(network)
  const squeezed = network('squeezenet1_1')
  const pairs = trained.flatMap((one, i) => trained.slice(i + 1).map((other) => difference(one, other, AGREEMENT)))
  const clear = pairs.filter(({ interval: [low, high] }) => low > 0 || high < 0).length
  const accuracy = 'diagonal mean-accuracy'
  const [plainPair, antialiased] = ['tiny-alexnet', 'tiny-alexnet-aa'].map(network)
  const readoutErrors = ({ frame, objects: [{ readout }] }) => readout.map((error) => error / frame)
  const all = [
    `**Steps.** In the ${full.length} networks with a frame of 224 or 227 px, a step of 1 px changes ${inPercent(pooled('diagonal change'))} of the answers. If the network is confident at the start of the path, it changes ${inPercent(pooled('diagonal change', true))}.`,
    `**Worst case.** The same networks give ResNet-50's answer in ${inPercent(pooled(accuracy))} of the crops along the diagonal, and in *all* of these crops for ${inPercent(pooled('diagonal worst-case-accuracy'))} of the photographs.`,
    `**Two frames.** MobileNetV1 0.25 gives two crops the same answer more often with a frame of 224 px (float32) than with 128 px (8-bit weights), by ${inPoints(difference(thin, small, AGREEMENT))}.`,
    `**Two widths.** MobileNetV1 1.0 gives ResNet-50's answer more often than MobileNetV1 0.25 with the same frame, by ${inPoints(difference(wide, thin, accuracy))}. Their agreement differs by ${inPoints(difference(wide, thin, AGREEMENT))}.`,
    `**SqueezeNet 1.1 and MobileNetV1 0.25.** SqueezeNet changes its answer at fewer steps, by ${inPoints(difference(thin, squeezed, 'diagonal change'))}. They differ in architecture, stride and training, so this says nothing about the cause.`,
    `**Objects.** The two SqueezeNets have ${plain(strideRatio(relativePowers))} times the grid power and ${plain(strideRatio(readoutErrors))} times the read-out error of the five other networks with a frame of 224 px. Their stride is 16 instead of 32 px, but they also differ in architecture.`,
    `**Two MobileNetV2.** After a shift by a fraction of a pixel, the one of Keras keeps its answer more often than that of torchvision, by ${inPoints(difference(keras, torchvision, 'subpixel agreement'))}. This is the largest of five differences; the intervals of the other four contain 0.`,
    `**Anti-aliasing.** We have one pair, trained on emoji. The anti-aliased network changes its answer at fewer steps, by ${inPoints(difference(plainPair, antialiased, 'diagonal change'))}, and two crops agree more often, by ${inPoints(difference(antialiased, plainPair, AGREEMENT))}.`,
    `**Resolution of this page.** Of the ${pairs.length} pairs of networks, ${clear} have an interval of the difference in agreement that excludes 0, and about two would by chance.`,
  ]
  return all.map((text, i) => `${i + 1}. ${text}`).join('\n')
}

/**
 * Mean of a measure over the networks with full frames and all photographs together, or over the confident ones. In a
 * smaller frame, a step of 1 px is a larger share.
 */
function pooled(measure, isConfident = false) {
  const protocol = measure.split(' ')[0]
  const rows = full.map((one) => ({
    values: valuesOf(one, measure),
    counts: valuesOf(one, `${protocol} confidence`).map((value) => Number(!isConfident || value >= CONFIDENT)),
  }))
  const at = (chosen) => {
    const sums = rows.map(({ values, counts }) => chosen.reduce((sum, i) => sum + values[i] * counts[i], 0))
    const weights = rows.map(({ counts }) => chosen.reduce((sum, i) => sum + counts[i], 0))
    return mean(sums) / mean(weights)
  }
  return ofPhotographs(at)
}

/** A statistic of all photographs, and its interval. */
function ofPhotographs(statistic) {
  const every = results.photographs.map((_, i) => i)
  return { mean: statistic(every), interval: intervalOf(every.length, statistic) }
}

/**
 * Geometric mean over objects of 125 px: networks with a stride of 16 px divided by those with 32 px. Networks with
 * smaller frames are left out, because a step of the object is a larger share of them.
 */
function strideRatio(valuesOfObjects) {
  const logs = full.map((one) => ({ isFine: one.strides[1] === 16, values: valuesOfObjects(one).map(Math.log) }))
  const statistic = (chosen) => {
    const [fine, coarse] = [true, false].map((wanted) =>
      mean(logs.filter(({ isFine }) => isFine === wanted).map(({ values }) => meanAt(values, chosen))),
    )
    return Math.exp(fine - coarse)
  }
  const every = logs[0].values.map((_, i) => i)
  return { mean: statistic(every), interval: intervalOf(every.length, statistic) }
}

function inPercent(estimate) {
  return estimateText(estimate, (share) => (100 * share).toFixed(1), ' %')
}

function inPoints(estimate) {
  return estimateText(estimate, (share) => (100 * share).toFixed(1), ' points')
}

function plain(estimate) {
  return estimateText(estimate, (value) => value.toFixed(2))
}

/** An estimate with its unit, and its interval in brackets. */
function estimateText({ mean, interval }, format, unit = '') {
  const [value, low, high] = [mean, ...interval].map((one) => format(one).replace('-', '−'))
  return `${value}${unit} [${low}, ${high}]`
}

// Picture

/** Share of ResNet-50's answers below, agreement of crops beside: one labelled dot per network, with standard errors. */
function scatter() {
  const [width, height, left, top, right, bottom] = [680, 440, 56, 14, 16, 48]
  const dots = trained.map((one) => ({
    ...one,
    x: percentAndError(one, 'diagonal mean-accuracy'),
    y: percentAndError(one, AGREEMENT),
  }))
  const [xScale, yScale] = ['x', 'y'].map((axis) =>
    linearScale(dots.flatMap(({ [axis]: { mean, standardError } }) => [mean - standardError, mean + standardError])),
  )
  const toX = (value) => left + xScale.at(value) * (width - left - right)
  const toY = (value) => height - bottom - yScale.at(value) * (height - top - bottom)
  const size = { width, height }
  return svg(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 0 ${width} ${height}`,
      ...size,
      role: 'img',
      'font-family': 'Helvetica, Arial, sans-serif',
      'font-size': `${LETTER_SIZE}px`,
    },
    tip('Agreement of two crops over the share of ResNet-50’s answers, for nine networks. Bars are standard errors.'),
    svg('style', {}, PICTURE_STYLE),
    svg('rect', { x: 0, y: 0, ...size, fill: 'var(--ground)' }),
    textElement((left + width - right) / 2, height - 10, 'ResNet-50’s answer, mean over 33 crops, %', {
      'text-anchor': 'middle',
    }),
    uprightTitle(left - 40, (top + height - bottom) / 2, 'two random crops get the same answer, %'),
    ...tickElements(
      axisTicks(xScale, toX, { side: 'below', from: top, to: height - bottom, numbers: height - bottom + 12 }),
    ),
    ...tickElements(axisTicks(yScale, toY, { side: 'left', from: left, to: width - right, numbers: left - 5 })),
    ...dots.flatMap((dot) => errorBars(dot, toX, toY)),
    ...dots.flatMap(({ title, x, y, family, side }) => [
      mark(family, toX(x.mean), toY(y.mean), 5),
      textElement(toX(x.mean) + (side === 'left' ? -9 : 9), toY(y.mean) + (side === 'below' ? 16 : -7), title, {
        'text-anchor': side === 'left' ? 'end' : 'start',
      }),
    ]),
  )
}

function percentAndError(network, measure) {
  const { mean, standardError } = meanInterval(valuesOf(network, measure))
  return { mean: 100 * mean, standardError: 100 * standardError }
}

function errorBars({ x, y, family }, toX, toY) {
  const colour = `var(--series-${family + 1})`
  return [
    line(toX(x.mean - x.standardError), toY(y.mean), toX(x.mean + x.standardError), toY(y.mean), colour),
    line(toX(x.mean), toY(y.mean - y.standardError), toX(x.mean), toY(y.mean + y.standardError), colour),
  ].map((one) => ({ ...one, attributes: { ...one.attributes, opacity: 0.45 } }))
}
