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
import { markdown, PICTURE_STYLE, pageWith, resultsOf, writeAll } from './written.mjs'

const page = new URL('findings.md', import.meta.url)
const picture = new URL('pictures/folds.svg', import.meta.url)
const { rows, position } = resultsOf('folds')
const pairs = resultsOf('authorsMaps')

/** One layer of each network: the class scores, or the features before them if a ReLU follows the scores. */
const NETWORKS = [
  ['mobilenet_v2', 'fc', 'MobileNetV2'],
  ['resnet50', 'logits', 'ResNet-50'],
  ['squeezenet1_1', '/features/features.12/Concat_output_0', 'SqueezeNet 1.1'],
  ['mobilenet_v1_100_224', 'scores', 'MobileNetV1'],
]
const SCHEMES = Object.keys(BANDS)

writeAll(
  [
    [page, pageWith(page, { folds: { accuracies, bands }, authorsMaps: { maps } })],
    [picture, `${markup(figure())}\n`],
  ],
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
  return markdown(
    ['network, objects', ...columns.map(({ scheme, task }) => `${task}, folds hold out ${BANDS[scheme]}`)],
    [125, 75].flatMap((size) => [
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
  )
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
  return markdown(
    ['network, objects', 'bands across the border', 'bands along the border'],
    NETWORKS.flatMap((network) =>
      [125, 75].map((size) => {
        const objects = objectsOf(network, size, 4)
        return [
          `${network[2]}, ${size} px`,
          difference(objects, 'transposed', 'ordered'),
          difference(objects, 'ordered', 'transposed'),
        ]
      }),
    ),
  )
}

/** The authors' maps, each anti-aliased network divided by the plain one. */
function maps() {
  const names = { alexnet: 'AlexNet', vgg16: 'VGG-16', resnet50: 'ResNet-50', mobilev2: 'MobileNetV2' }
  const range = (values, text) => [...new Set([Math.min(...values), Math.max(...values)].map(text))].join(' to ')
  const percent = (value) => `${Math.round(100 * value)} %`
  const signed = (value) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`
  const power = ({ power: of }) => of[8] + of[16]
  return markdown(
    [
      'network',
      'pairs of maps',
      'grid power, share of the plain network’s',
      'step, share of the plain network’s',
      'change of mean similarity',
    ],
    Object.entries(names).map(([network, title]) => {
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
  )
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
