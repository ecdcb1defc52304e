import { escapeHtml } from '../plot/html.js'
import { decimalText } from '../plot/numberText.js'
import { markdownText, tableMarkdown } from '../plot/tables.js'
import { counted, firstOf } from '../support/text.js'
import { CONFIDENT_ROWS } from './folder.js'
import type { CheckedLimit, ComparedKind, ComparedMetric, ComparedNetworks, Comparison } from './result.js'

/** A number of a measure with four decimals, or with two digits if it is so small that few would be left. */
function valueText(value: number): string {
  const isSmall = value !== 0 && Math.abs(value) < 0.001
  return isSmall ? value.toPrecision(2).replaceAll('-', '−') : decimalText(value, 4)
}

/** Headings of `metricCells`. */
export const MEASURE_HEAD = ['before', 'after', 'difference ± std error', '95 % interval', 'sign p'] as const

/** The numbers of a measure as texts. */
export function metricCells({ before, after, difference, standardError, interval, signTest }: ComparedMetric) {
  const error = standardError === null ? '' : ` ± ${valueText(standardError)}`
  return [
    valueText(before),
    valueText(after),
    `${difference > 0 ? '+' : ''}${valueText(difference)}${error}`,
    interval.map(valueText).join('…'),
    signTest.p.toFixed(3),
  ]
}

/** One line that says whether a limit holds, after a mark. */
export function limitText({ networks: [before, after], measure, limit, worse, isExceeded }: CheckedLimit): string {
  const change = worse > 0 ? `${valueText(worse)} worse` : worse < 0 ? `${valueText(-worse)} better` : 'unchanged'
  const networks = before === after ? after : `${after} (before: ${before})`
  return `${isExceeded ? '✗' : '✓'} ${networks}, ${measure}: ${change}, limit ${limit}`
}

/** Says by how much measures exceed their limits, and of which network if the limits concern several. */
export function exceededText(limits: readonly CheckedLimit[]): string {
  const areSeveral = limits.some(({ networks: [, after] }) => after !== limits[0]?.networks[1])
  const texts = limits
    .filter(({ isExceeded }) => isExceeded)
    .map(({ networks: [, after], measure, worse, limit }) => {
      const what = areSeveral ? `${after}, ${measure}` : measure
      return `${what} by ${valueText(worse)} (limit ${limit})`
    })
  return `became worse by more than the limit: ${firstOf(texts).join('; ')}`
}

const PAIRS: Readonly<Record<ComparedKind, readonly [one: string, more: string]>> = {
  objects: ['pair of units', 'pairs of units'],
  photographs: ['pair of photographs', 'pairs of photographs'],
}

/** Says how many units or photographs were compared, and how many have no partner. */
export function pairsText({ kind, pairs, unpaired }: ComparedNetworks): string {
  const alone = (['before', 'after'] as const).flatMap((side) =>
    unpaired[side].length > 0 ? [`, ${unpaired[side].length} only ${side}`] : [],
  )
  return `${counted(pairs, ...PAIRS[kind])}${alone.join('')}`
}

/** GitHub refuses comments of more than 65,536 characters. */
const MOST_CHARACTERS = 60_000

/** Markdown for a pull request: limits, a short table of each pair of networks, and folded details. */
export function comparisonMarkdown(comparison: Comparison): string {
  const { networks, limits, notes } = comparison
  const list = (lines: readonly string[]) => lines.map((line) => `- ${markdownText(line)}`).join('\n')
  const parts = [
    '### Shift invariance before and after',
    ...(limits.length > 0 ? [list(limits.map(limitText))] : []),
    ...networks.flatMap((compared) => [
      `**${markdownText(networksText(compared))}**: ${pairsText(compared)}`,
      measuresTable(compared.measures.filter(({ name, isHeadline }) => isHeadline && !name.startsWith(CONFIDENT_ROWS))),
    ]),
    ...(notes.length > 0 ? [list(notes)] : []),
  ]
  let text = parts.join('\n\n')
  for (const compared of networks) {
    const details = detailsOf(compared, MOST_CHARACTERS - text.length)
    if (details !== undefined) text += `\n\n${details}`
  }
  return `${text}\n`
}

export function networksText({ before, after }: ComparedNetworks): string {
  return before === after ? after : `${before} (before) and ${after} (after)`
}

function measuresTable(measures: readonly ComparedMetric[]): string {
  return tableMarkdown({
    head: ['measure', 'better', 'pairs', ...MEASURE_HEAD, 'result'],
    rows: measures.map((row) => [row.name, row.better, String(row.count), ...metricCells(row), resultText(row)]),
  })
}

function resultText({ outcome }: ComparedMetric): string {
  return outcome === 'neither' ? 'open' : outcome
}

/** The table of all measures, or of the first ones if it would be longer than `most` characters. */
function detailsOf(compared: ComparedNetworks, most: number): string | undefined {
  const { measures } = compared
  for (let count = measures.length; count > 0; count = Math.floor(count / 2)) {
    const shown = count < measures.length ? `the first ${count} of ${measures.length} measures` : 'all measures'
    const summary = `<summary>${escapeHtml(networksText(compared))}: ${pairsText(compared)}, ${shown}</summary>`
    const details = `<details>${summary}\n\n${measuresTable(measures.slice(0, count))}\n\n</details>`
    if (details.length <= most) return details
  }
  return undefined
}
