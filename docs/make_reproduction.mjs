/**
 * Writes the tables and sentences of docs/reproduction.md from bench/results/reproduction.json:
 *
 *   npm run build && node docs/make_reproduction.mjs     # with --check, only report whether they are up to date
 */
import { ANCHOR_NAMES } from '../dist/engine/scene/positions.js'
import { TASKS } from '../dist/experiments/classifiers/folds.js'
import { paperRows } from '../dist/report/sections/paper.js'
import { mean, meanAndStd, meanInterval } from '../dist/support/statistics.js'
import { resultsOf, writePage } from './written.mjs'

const TITLES = { mobilenet_v2: 'MobileNetV2', resnet50: 'ResNet-50' }
/** A difference beyond this many standard errors is marked. */
const MARKED = 2

const page = new URL('reproduction.md', import.meta.url)
const results = resultsOf('reproduction')
const { groups, berry } = results
const published = paperRows()
/** Groups that the tables show. */
const shown = {
  similarity: best(groups),
  separability: best(groups.filter(({ accuracy }) => accuracy !== undefined)),
}
const figures = results.figures.filter((one) => shown.similarity.some((group) => isSame(one, group)))
const sections = { sentences, similarity, separability, strides, strawberry, figures: figuresTable }
writePage(page, { 'reproduction.json': sections }, [], 'make_reproduction.mjs')

/**
 * Of each network and size, the group with most objects. Of several, odd strides come first, because with them the object
 * meets every phase of the network's strides, and of these the smallest one.
 */
function best(some) {
  const sorted = some.toSorted(
    (a, b) => b.objects.length - a.objects.length || (b.stride % 2) - (a.stride % 2) || a.stride - b.stride,
  )
  return sorted
    .filter((one, i) => sorted.findIndex((other) => isAlike(one, other)) === i)
    .sort((a, b) => titleOf(a).localeCompare(titleOf(b)) || b.size - a.size)
}

function isAlike(one, other) {
  return one.network === other.network && one.size === other.size
}

function isSame(one, other) {
  return isAlike(one, other) && one.stride === other.stride
}

function titleOf({ network }) {
  return TITLES[network]
}

/** Cells that say what was measured. */
function placeOf(group) {
  return [titleOf(group), `${group.size} px`, `${group.stride} px`]
}

/** The paper's row with this metric and variant. */
function paperOf(group, metric, wanted) {
  const isWanted = ({ variant }) => Object.entries(wanted).every(([key, value]) => variant[key] === value)
  return published.find(
    (row) =>
      row.model === group.network &&
      row.layer === group.layer &&
      row.size === group.size &&
      row.metric === metric &&
      isWanted(row),
  )
}

/**
 * A value of the paper, what was measured, and their difference, also in units of its standard error over objects.
 * @param expected the paper's value for the positions of this study
 */
function comparison(group, name, values, paper, expected) {
  const { mean: measured, standardError } = meanInterval(values)
  const difference = measured - expected
  const errors = Math.abs(difference) / standardError
  return {
    group,
    name,
    values,
    paper,
    expected,
    measured,
    standardError,
    difference,
    errors,
    isMarked: errors > MARKED,
  }
}

/** At coarser strides, the paper's mean is that of its published map at the same positions. */
function similarities() {
  return shown.similarity.flatMap((group) =>
    ANCHOR_NAMES.map((anchor) => {
      const paper = paperOf(group, 'similarity-mean', { anchor })
      const { published } = figures.find((one) => isSame(one, group) && one.anchor === anchor)
      return comparison(group, anchor, group.similarity[anchor], paper, group.stride === 1 ? paper.mean : published)
    }),
  )
}

/** At coarser strides, the accuracy of a feature that holds only the position is another, and so is the paper's. */
function accuracies() {
  return shown.separability.flatMap((group) =>
    TASKS.map((task) => {
      const paper = paperOf(group, 'separability-accuracy', { task })
      const expected = paper.mean + group.positionOnly[task] - group.positionOnlyOfPaper[task]
      return comparison(group, task, group.accuracy[task], paper, expected)
    }),
  )
}

/** The cells from the paper's value to whether the difference is marked. */
function comparedCells({ paper, expected, measured, standardError, difference, errors, isMarked }) {
  return [
    ...[fixed(paper.mean), fixed(expected), `${fixed(measured)} ± ${fixed(standardError)}`],
    ...[signed(difference), errors.toFixed(1), isMarked ? 'yes' : ''],
  ]
}

// Tables

function similarity() {
  const rows = similarities().map((one) => [
    ...[...placeOf(one.group), one.name],
    ...[...comparedCells(one), fixed(one.paper.std), fixed(meanAndStd(one.values).std)],
  ])
  return { head: headOf('anchor', 'σ'), rows }
}

function separability() {
  const rows = accuracies().map((one) => [
    ...[...placeOf(one.group), one.name, ...comparedCells(one)],
    ...[fixed(one.paper.std), fixed(mean(one.group.foldSpread[one.name]))],
  ])
  return { head: headOf('task', 'σ over folds'), rows }
}

function headOf(name, spread) {
  const compared = ['paper', 'paper, these positions', 'measured', 'difference', 'standard errors', 'more than two']
  return ['network', 'size', 'stride', name, ...compared, `${spread}, paper`, `${spread}, measured`]
}

/** Groups in steps of 1 px, each with a coarser one of the same network and size, and their common objects. */
function stridePairs() {
  return groups.flatMap((fine) =>
    groups
      .filter((coarse) => fine.stride === 1 && isAlike(fine, coarse) && coarse.stride > 1)
      .map((coarse) => ({ fine, coarse, objects: fine.objects.filter((name) => coarse.objects.includes(name)) })),
  )
}

/** Mean over the common objects at the coarse stride minus that at the fine one. */
function changeOf({ fine, coarse, objects }, valuesOf) {
  const [a, b] = [fine, coarse].map((group) => {
    const values = valuesOf(group)
    return mean(objects.map((name) => values[group.objects.indexOf(name)]))
  })
  return b - a
}

function strides() {
  const head = ['network', 'size', 'strides', 'objects', 'similarity, largest change of five anchors']
  const more = TASKS.flatMap((task) => [`${task}, change`, `${task}, position only`])
  const rows = stridePairs().map((pair) => {
    const { fine, coarse, objects } = pair
    const changes = ANCHOR_NAMES.map((anchor) => changeOf(pair, (group) => group.similarity[anchor]))
    const hasAccuracies = [fine, coarse].every(({ accuracy }) => accuracy !== undefined)
    const cells = TASKS.flatMap((task) =>
      hasAccuracies
        ? [
            signed(changeOf(pair, (group) => group.accuracy[task])),
            signed(coarse.positionOnly[task] - fine.positionOnly[task]),
          ]
        : ['–', '–'],
    )
    const [title, size] = placeOf(fine)
    return [title, size, `${coarse.stride} − ${fine.stride} px`, objects.length, signed(largest(changes)), ...cells]
  })
  return { head: [...head, ...more], rows }
}

function strawberry() {
  const head = ['network', 'positions', 'anchor', 'correlation', 'control', 'mean, authors', 'mean, measured']
  const rows = berry.flatMap((one) =>
    one.anchors.map(({ anchor, correlation, control, mean, published }) => [
      ...[titleOf(one), one.positions.toLocaleString('en'), anchor],
      ...[correlation, control].map((value) => value.toFixed(2)),
      ...[published, mean].map(fixed),
    ]),
  )
  return { head, rows }
}

function figuresTable() {
  const head = ['figure', 'network', 'size', 'stride', 'correlation', 'control', 'mean size of differences']
  const rows = shown.similarity.map((group) => {
    const own = figures.filter((one) => isSame(one, group))
    const range = (key, digits) => rangeOf(own.map((one) => one[key].toFixed(digits)))
    return [
      group.size === 125 ? '3' : '4',
      ...placeOf(group),
      ...[range('correlation', 2), range('control', 2), range('difference', 3)],
    ]
  })
  return { head, rows }
}

// Sentences

function sentences() {
  const ofTask = (task) => accuracies().filter(({ name }) => name === task)
  const decoded = figures.map((one) => {
    const paper = paperOf({ ...one, layer: 'fc' }, 'similarity-mean', { anchor: one.anchor })
    return Math.abs(one.drawnMean - paper.mean)
  })
  const all = [
    `**Similarity.** ${countText(similarities(), 'means')} ${countByPaper(similarities())} The largest difference is ${largestOf(similarities())}.`,
    `**Left-right.** ${countText(ofTask('left-right'), 'accuracies')} The largest difference is ${largestOf(ofTask('left-right'))}.`,
    `**Top-bottom.** ${countText(ofTask('top-bottom'), 'accuracies')} The largest difference is ${largestOf(ofTask('top-bottom'))}.`,
    `**Strawberry.** Our maps of MobileNetV2 correlate with the authors’ at ${berryRange('mobilenet_v2', 'correlation')}, and with their maps of ResNet-50 at ${berryRange('mobilenet_v2', 'control')}. Our maps of ResNet-50 correlate with theirs at ${berryRange('resnet50', 'correlation')}, and with their maps of MobileNetV2 at ${berryRange('resnet50', 'control')}.`,
    `**Figures 3 and 4.** Our ${figures.length} mean maps correlate with the authors’ at ${rangeOf(figures.map(({ correlation }) => correlation.toFixed(2)))}, but nearly as well with those of the other network (${rangeOf(figures.map(({ control }) => control.toFixed(2)))}). We read their values from colours; the means of the ${figures.length} pictures then differ from Tables 1 and 2 by at most ${fixed(Math.max(...decoded))}.`,
  ]
  return all.map((text) => `- ${text}`).join('\n')
}

function countText(comparisons, what) {
  const marked = comparisons.filter(({ isMarked }) => isMarked).length
  return `${marked} of ${comparisons.length} ${what} lie more than two standard errors from the paper’s.`
}

/** Counts differences in units of the paper's own spread: that of a mean of as many of its objects as we have. */
function countByPaper(comparisons) {
  const beyond = comparisons.filter(
    ({ difference, paper, values }) => Math.abs(difference) > (MARKED * paper.std) / Math.sqrt(values.length),
  )
  return `If our objects varied as much as the paper’s (σ, paper), ${beyond.length} would.`
}

function largestOf(comparisons) {
  const { group, name, difference, errors } = comparisons.toSorted(
    (a, b) => Math.abs(b.difference) - Math.abs(a.difference),
  )[0]
  return `${signed(difference)}, ${errors.toFixed(1)} standard errors (${titleOf(group)}, ${group.size} px, ${name})`
}

function berryRange(name, key) {
  const { anchors } = berry.find(({ network }) => network === name)
  return rangeOf(anchors.map((one) => one[key].toFixed(2)))
}

/** The smallest and the largest of some texts of numbers. */
function rangeOf(texts) {
  const sorted = texts.toSorted((a, b) => a - b)
  return `${sorted[0]}–${sorted.at(-1)}`
}

function largest(values) {
  return values.toSorted((a, b) => Math.abs(b) - Math.abs(a))[0]
}

function fixed(value) {
  return value.toFixed(3)
}

function signed(value) {
  const text = fixed(value)
  return Number(text) > 0 ? `+${text}` : text.replace('-', Number(text) === 0 ? '' : '−')
}
