import { constantWords, varietyText } from '../../experiments/answers/chance.js'
import { sizeText } from '../../patches/sizes.js'
import { percentText } from '../../plot/numberText.js'
import { cellText } from '../../plot/tables.js'
import { namedWords } from '../../report/findings/answer.js'
import { findingCounts } from '../../report/findings/document.js'
import { meanText } from '../../report/photographs/metricText.js'
import { type RankingSummary, rankText } from '../../report/photographs/ranking.js'
import type { Report } from '../../report/report.js'
import { NO_PAPER, type ResultTable, resultTables } from '../../report/tables/tables.js'
import type { AnsweredNetwork } from '../../results/answers/read.js'
import { constantSentences } from '../../results/answers/variety.js'
import { JUDGED_NAMES } from '../../results/measures/measures.js'
import type { LayerAtSize, MeanRow } from '../../results/measures/rows.js'
import { variantText } from '../../results/measures/variant.js'
import { distinct } from '../../support/lists.js'
import { print, printTable, terminalColumns, wrapped } from './output.js'

/** Prints questions and answers. If the study answers no questions, prints results of feature arithmetic instead. */
export function printReport({ rows, findings, warnings }: Report): void {
  printWarnings(warnings)
  printFindings({ rows, findings })
}

/** Prints what a reader must know before the numbers. */
export function printWarnings(warnings: readonly string[]): void {
  for (const warning of warnings) wrapped(`! ${warning}`, terminalColumns()).forEach(print)
}

function printFindings({ rows, findings }: Pick<Report, 'rows' | 'findings'>): void {
  const exact = rows.filter(({ metric }) => metric === 'arithmetic-exact')
  if (findings.length === 0) {
    printExact(exact)
    return
  }
  if (exact.length > 0) print('results of feature arithmetic are on the page and in tables/')
  const { title, answer, answered, open } = findingCounts(findings)
  const answers = answered.map(({ claim, own }) => `${claim.words.question} ${namedWords(claim, own)}.`)
  const more =
    answered.length === 0
      ? [...answersOfObjects(rows), 'findings.json has the numbers']
      : [...answers, ...answersOfObjects(rows), ...open, 'findings.md has the numbers and the evidence']
  for (const line of [`${title} ${answer}.`, ...more]) wrapped(line, terminalColumns()).forEach(print)
}

/** A line for the answers of each network to objects of each size. */
function answersOfObjects(rows: Report['rows']): readonly string[] {
  return rows.flatMap((row) => {
    if (row.metric !== 'answer-distinct') return []
    const meanOf = (metric: string, variant = '') =>
      rows.find((one) => one.metric === metric && one.variant === variant && isSamePlace(one, row))?.mean
    const [relative, chance] = [meanOf('answer-relative-agreement'), meanOf('answer-chance')]
    const [effective = 0, confidence = null] = [meanOf('answer-effective'), meanOf('answer-probability', 'center')]
    const most = meanOf('answer-constant')
    const variety = { distinct: row.mean, pictures: row.count, effective, confidence }
    const constant = constantWords({ isConstant: most !== undefined, most: most ?? 0, pictures: row.count }, 'object')
    const agreement =
      relative === undefined || chance === undefined
        ? ''
        : `agreement relative to chance ${percentText(100 * relative)} % (chance ${percentText(100 * chance)} %), `
    const place = `${row.model}, ${sizeText([row])}`
    return [
      `${place}: ${agreement}${varietyText(variety, 'object')}${constant === undefined ? '' : `. It ${constant}.`}`,
    ]
  })
}

function isSamePlace(a: LayerAtSize, b: LayerAtSize): boolean {
  return a.model === b.model && a.layer === b.layer && a.size === b.size
}

type PrintedNetwork = Pick<AnsweredNetwork, 'model' | 'frame' | 'facts' | 'measures' | 'varieties'>

/** Prints the ranks of several networks, then all measures of answers to photographs, and how different the answers are. */
export function printAnswers(networks: readonly PrintedNetwork[], ranking: RankingSummary | undefined): void {
  if (ranking !== undefined) printRanking(networks, ranking)
  for (const { model, measures, varieties } of networks) {
    const main = distinct(measures.map(({ protocol }) => protocol)).map((name) =>
      measures.find(({ protocol }) => protocol === name),
    )
    if (ranking !== undefined) print(model)
    printTable(
      ['protocol', 'measure', 'mean', 'confident', 'photographs'],
      [...main.flatMap((one) => one ?? []), ...measures.filter((one) => !main.includes(one))].map((measure) => [
        ...[measure.protocol, measure.measure, meanText(measure), meanText(measure, measure.confident)],
        `${measure.confident.count} of ${measure.count}`,
      ]),
    )
    const variety = varieties.find(({ protocol }) => protocol !== 'center')
    if (variety !== undefined) printWrapped(`${varietyText(variety, 'photograph')} in ${variety.protocol}`)
    if (ranking !== undefined) print('')
  }
  constantSentences(networks).forEach(printWrapped)
  print('± is half of the 95 % confidence interval.')
}

/** Prints ranks and the first two main measures, then what the data say of the networks. */
function printRanking(networks: readonly PrintedNetwork[], { title, sentences, quote, ranks }: RankingSummary): void {
  const protocols = distinct(networks.flatMap(({ measures }) => measures.map(({ protocol }) => protocol)))
  const shown = protocols.filter((protocol) => protocol !== 'center').slice(0, 2)
  printTable(
    ['network', 'rank', ...shown, 'classes', 'frame'],
    networks.map(({ model, frame, facts, measures }) => {
      const own = ranks.find((one) => one.model === model)
      const values = shown.map((name) => measures.find(({ protocol }) => protocol === name))
      return [
        ...[model, rankText(own && [own.first, own.last]) || '–'],
        ...values.map((measure) => (measure === undefined ? '–' : meanText(measure))),
        ...[facts?.classes ?? '–', `${frame} px`],
      ]
    }),
  )
  for (const line of [`${title}.`, ...sentences, ...(quote === null ? [] : [`To quote: ${quote}`])]) printWrapped(line)
  print('')
}

function printWrapped(line: string): void {
  wrapped(line, terminalColumns()).forEach(print)
}

/** Prints the share of random expressions whose result shows exactly the expected objects, by network and layer. */
function printExact(exact: Report['rows']): void {
  if (exact.length === 0) return
  const origins = ['zero', 'blank'] as const
  const groups = distinct(exact.map(({ model, layer, size }) => ({ model, layer, size })))
  print('Share of random expressions whose decoded result shows exactly the expected objects')
  printTable(
    ['network', 'layer', 'size', ...origins.map((origin) => JUDGED_NAMES[origin])],
    groups.map(({ model, layer, size }) => {
      const own = exact.filter((row) => row.model === model && row.layer === layer && row.size === size)
      const shares = origins.map(
        (origin) =>
          own.find(({ variant }) => variant === variantText({ judged: origin, reference: 'decoded', kind: 'all' }))
            ?.mean,
      )
      return [
        model,
        layer,
        size,
        ...shares.map((share) => (share === undefined ? '–' : `${percentText(100 * share)} %`)),
      ]
    }),
  )
}

export function printTables(rows: readonly MeanRow[]): void {
  for (const table of resultTables(rows, NO_PAPER).filter(({ kind }) => kind.isPrinted)) {
    wrapped(table.title, terminalColumns()).forEach(print)
    printTable(...narrowTable(table))
    print('')
  }
}

/**
 * Makes a table narrow enough for the terminal by turning columns into rows. For example, the two columns `left-right,
 * ordered` and `left-right, shuffled` become one column `left-right` with the rows `ordered` and `shuffled`.
 */
function narrowTable({ kind, head, rows, columns, keys }: ResultTable): [readonly string[], string[][]] {
  const names = head.slice(0, head.length - columns.length)
  const keyed = columns.map((column) => ({ last: column.at(-1)!, others: column.slice(0, -1).join(', ') }))
  const across = distinct(keyed.map(({ others }) => others))
  const lines = rows.flatMap((row) =>
    distinct(keyed.map(({ last }) => last)).map((down) => {
      const own = across.map((one) => keyed.findIndex(({ last, others }) => last === down && others === one))
      const cells = own.map((i) => row[names.length + i] ?? '–')
      return [...row.slice(0, names.length).map(cellText), down, ...cells.map(cellText)]
    }),
  )
  return [[...names, keys.at(-1)!, ...across.map((one) => one || kind.statistic)], lines]
}
