/**
 * Writes the tables of the folds in docs/findings.md, and README's picture, from bench/results/folds.json:
 *
 *   npm run build && node docs/make_findings.mjs     # with --check, only report whether they are up to date
 */

import { TASKS } from '../dist/experiments/classifiers/folds.js'
import { LETTER_SIZE } from '../dist/plot/axis.js'
import { arranged, paragraph } from '../dist/plot/savedFigure.js'
import { markup, svg, tip } from '../dist/plot/svg.js'
import { BANDS, foldChart } from '../dist/report/charts/folds.js'
import { paperRows } from '../dist/report/sections/paper.js'
import { pairedDifference } from '../dist/results/paired.js'
import { mean, meanInterval } from '../dist/support/statistics.js'
import { intervalOf, PICTURE_STYLE, resultsOf, writePage } from './written.mjs'

const page = new URL('findings.md', import.meta.url)
const picture = new URL('pictures/folds.svg', import.meta.url)
const { rows, position } = resultsOf('folds')
const pairs = resultsOf('authorsMaps')
const photographs = resultsOf('photographs').networks

/** One layer of each network: the class scores, or the features before them if a ReLU follows the scores. */
const NETWORKS = [
  ['mobilenet_v2', 'fc', 'MobileNetV2'],
  ['resnet50', 'logits', 'ResNet-50'],
  ['squeezenet1_1', '/features/features.12/Concat_output_0', 'SqueezeNet 1.1'],
  ['mobilenet_v1_100_224', 'scores', 'MobileNetV1'],
]
const SCHEMES = Object.keys(BANDS)

/** Titles of the networks with a frame of 224 or 227 px. */
const TITLES = {
  mobilenet_edgetpu_075: 'EdgeTPU 0.75',
  mobilenet_v1_025_224: 'MobileNetV1 0.25',
  mobilenet_v1_100_224: 'MobileNetV1 1.0',
  mobilenet_v2: 'MobileNetV2, torchvision',
  mobilenet_v2_keras: 'MobileNetV2, Keras',
  resnet50: 'ResNet-50',
  squeezenet1_0_compressed: 'SqueezeNet 1.0',
  squeezenet1_1: 'SqueezeNet 1.1',
}
/** An answer is sure if its probability at the start of the path is at least this. */
const SURE = 0.5
const isSure = (confidence) => confidence >= SURE
const isUnsure = (confidence) => confidence < SURE

writePage(
  page,
  { 'folds.json': { accuracies, bands }, 'authorsMaps.json': { maps }, 'photographs.json': { steps, pooled } },
  [[picture, `${markup(figure())}\n`]],
  'make_findings.mjs',
)

function objectsOf([network, layer], size, stride) {
  return rows.filter(
    (row) => row.network === network && row.layer === layer && row.size === size && row.stride === stride,
  )
}

function positionAt(size, stride) {
  return position[`${size} ${stride}`].folds
}

/** Mean accuracies at steps of 4 px. */
function accuracies() {
  const tasks = [...TASKS].reverse()
  const columns = SCHEMES.flatMap((scheme) => tasks.map((task) => ({ scheme, task })))
  return {
    head: ['network, objects', ...columns.map(({ scheme, task }) => `${task}, folds hold out ${BANDS[scheme]}`)],
    rows: [125, 75].flatMap((size) => [
      [
        `position only, ${size} px`,
        ...columns.map(({ scheme, task }) => mean(positionAt(size, 4)[scheme][task]).toFixed(3)),
      ],
      ...NETWORKS.map((network) => [
        `${network[2]}, ${size} px`,
        ...columns.map(({ scheme, task }) => {
          const means = objectsOf(network, size, 4).map(({ folds }) => mean(folds[scheme][task]))
          return plusMinus(meanInterval(means))
        }),
      ]),
    ]),
  }
}

/** Top-bottom minus left-right, with folds that lie in the same way to the border. */
function bands() {
  const difference = (objects, topBottom, leftRight) =>
    plusMinus(
      pairedDifference(
        objects.map(({ folds }) => 100 * (mean(folds[topBottom]['top-bottom']) - mean(folds[leftRight]['left-right']))),
      ),
      1,
    )
  return {
    head: ['network, objects', 'bands across the border', 'bands along the border'],
    rows: NETWORKS.flatMap((network) =>
      [125, 75].map((size) => {
        const objects = objectsOf(network, size, 4)
        return [
          `${network[2]}, ${size} px`,
          difference(objects, 'transposed', 'ordered'),
          difference(objects, 'ordered', 'transposed'),
        ]
      }),
    ),
  }
}

/** The authors' maps, each anti-aliased network divided by the plain one. */
function maps() {
  const names = { alexnet: 'AlexNet', vgg16: 'VGG-16', resnet50: 'ResNet-50', mobilev2: 'MobileNetV2' }
  const range = (values, text) => [...new Set([Math.min(...values), Math.max(...values)].map(text))].join(' to ')
  const percent = (value) => `${Math.round(100 * value)} %`
  const signed = (value) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`
  const power = ({ power: of }) => of[8] + of[16]
  return {
    head: [
      'network',
      'pairs of maps',
      'grid power, share of the plain network’s',
      'step, share of the plain network’s',
      'change of mean similarity',
    ],
    rows: Object.entries(names).map(([network, title]) => {
      const own = pairs.filter((pair) => pair.network === network)
      const ratios = (of) => own.map(({ plain, antiAliased }) => of(antiAliased) / of(plain))
      return [
        title,
        own.length,
        range(ratios(power), percent),
        range(
          ratios(({ step }) => step),
          percent,
        ),
        range(
          own.map(({ plain, antiAliased }) => antiAliased.similarity - plain.similarity),
          signed,
        ),
      ]
    }),
  }
}

/** Values of a measure in % of the sure, the unsure or all photographs of a network. */
function valuesOf({ photographs: values }, measure, isCounted = () => true) {
  return values[measure].flatMap((value, i) => (isCounted(values['diagonal confidence'][i]) ? [100 * value] : []))
}

/** Steps of 1 px that change the answer, and agreement of two crops relative to chance. */
function steps() {
  const counted = (values) => `${plusMinus(meanInterval(values), 1)} (${values.length})`
  return {
    head: ['network', 'all steps', 'sure at the start', 'unsure at the start', 'two crops agree, relative to chance'],
    rows: photographs
      .filter(({ name }) => TITLES[name] !== undefined)
      .map((network) => [
        TITLES[network.name],
        counted(valuesOf(network, 'diagonal change')),
        counted(valuesOf(network, 'diagonal change', isSure)),
        counted(valuesOf(network, 'diagonal change', isUnsure)),
        plusMinus(meanInterval(valuesOf(network, 'crop relative-agreement')), 1),
      ]),
  }
}

/** Share of steps that change the answer in all networks together. Photographs are drawn for its interval. */
function pooled() {
  const networks = photographs.filter(({ name }) => TITLES[name] !== undefined)
  const count = networks[0].photographs['diagonal change'].length
  const share = (isCounted) => {
    const at = (chosen) => {
      const values = networks.flatMap(({ photographs: of }) =>
        chosen.filter((i) => isCounted(of['diagonal confidence'][i])).map((i) => of['diagonal change'][i]),
      )
      return mean(values)
    }
    const every = Array.from({ length: count }, (_, i) => i)
    const [value, low, high] = [at(every), ...intervalOf(count, at)].map((one) => (100 * one).toFixed(1))
    return `${value} % [${low}, ${high}]`
  }
  return `A step of 1 px changes ${share(() => true)} of all answers: ${share(isSure)} if the network was sure at the start of the path, and ${share(isUnsure)} if it was not (${networks.length} networks, ${count} photographs; 95 % intervals over photographs).`
}

function plusMinus({ mean: value, halfWidth }, digits = 3) {
  return `${value.toFixed(digits).replace('-', '−')} ± ${halfWidth.toFixed(digits)}`
}

/** The accuracies on the paper's grid: objects of 125 px, each position. */
function figure() {
  const isThere = (network) => objectsOf(network, 125, 1).length > 0
  const series = (objects) =>
    Object.fromEntries(
      SCHEMES.map((scheme) => [
        scheme,
        Object.fromEntries(
          TASKS.map((task) => [
            task,
            [0, 1, 2, 3, 4].map((fold) => mean(objects.map(({ folds }) => folds[scheme][task][fold]))),
          ]),
        ),
      ]),
    )
  const measured = NETWORKS.filter(isThere)
  const counts = measured.map((network) => `${network[2]} ${objectsOf(network, 125, 1).length}`)
  const paperOf = (task) => paperRows().filter(({ variant }) => variant.task === task)
  const { drawing } = foldChart({
    name: 'Accuracy in each fold',
    position: { name: 'position only (no network)', accuracies: positionAt(125, 1) },
    networks: measured.map((network) => ({ name: network[2], accuracies: series(objectsOf(network, 125, 1)) })),
    paper: Object.fromEntries(TASKS.map((task) => [task, paperOf(task).map((row) => row.mean)])),
  })
  const soft = { fill: 'var(--soft)' }
  const all = arranged('down', 12, [
    paragraph('Top and bottom look harder to separate because of the test folds', drawing.width, {
      'font-size': 18,
      'font-weight': 600,
    }),
    paragraph(
      'Accuracy in each of the five test folds. Orange: the positions that a fold holds out. Dashed: the border to be found.',
      drawing.width,
      soft,
    ),
    drawing,
    paragraph(
      'Where a held-out band touches the border (folds 1 and 5), the classifier has no training positions beside the border. It then draws its border in the middle of the gap, and half of the band is wrong. Turn the folds, and left and right suffer instead.',
      drawing.width,
    ),
    paragraph(
      `Objects of 125 px at each of 100×100 positions. Number of objects: ${counts.join(', ')}. Linear SVM, C = 1. These are not the paper’s weights.`,
      drawing.width,
      soft,
    ),
  ])
  const margin = 20
  const [width, height] = [all.width + 2 * margin, all.height + 2 * margin]
  return svg(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      role: 'img',
      'font-family': 'Helvetica, Arial, sans-serif',
      'font-size': `${LETTER_SIZE}px`,
    },
    tip(
      'Accuracy in each test fold, for four networks, for a feature that holds only the position, and in the paper. With folds of rows, top-bottom drops to 75 % in folds 1 and 5. With folds of columns, left-right does.',
    ),
    svg('style', {}, PICTURE_STYLE),
    svg('rect', { x: 0, y: 0, width, height, fill: 'var(--ground)' }),
    svg('g', { transform: `translate(${margin} ${margin})` }, ...all.elements),
  )
}
