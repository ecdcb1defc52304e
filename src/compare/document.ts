import { escapeHtml } from '../plot/html.js'
import { decimalText, pText } from '../plot/numberText.js'
import { markdownText, tableMarkdown } from '../plot/tables.js'
import { latexTable } from '../report/tables/latex.js'
import { FEWEST_PAIRS } from '../results/paired.js'
import { distinct } from '../support/lists.js'
import { counted, firstOf } from '../support/text.js'
import type {
  CheckedLimit,
  ComparedKind,
  ComparedMetric,
  ComparedNetworks,
  ComparedOutcome,
  Comparison,
  LimitOutcome,
  Unpaired,
} from './result.js'

/** A number of a measure with three decimals, or with two digits if it is so small that few would be left. */
function valueText(value: number): string {
  // What rounding leaves of 0 is no number to show.
  if (Math.abs(value) < 1e-12) return decimalText(0, 3)
  return Math.abs(value) < 0.001 ? value.toPrecision(2).replaceAll('-', '−') : decimalText(value, 3)
}

function rangeText([low, high]: readonly [low: number, high: number]): string {
  return `${valueText(low)} to ${valueText(high)}`
}

const NUMBER_HEAD = ['before', 'after', 'difference', '95 % interval'] as const

function numberCells({ before, after, difference, interval }: ComparedMetric): readonly string[] {
  return [
    valueText(before),
    valueText(after),
    `${difference > 0 ? '+' : ''}${valueText(difference)}`,
    interval === null ? '' : interval.map(valueText).join('…'),
  ]
}

/** Headings of `terminalCells`. */
export const TERMINAL_HEAD = [...NUMBER_HEAD, ''] as const

const MARKS: Readonly<Record<ComparedOutcome, string>> = {
  better: '✓',
  worse: '✗',
  unchanged: '=',
  open: '?',
  few: '?',
}

/** The numbers of a measure, and its verdict with the p value. All headline measures of photographs fit 80 columns. */
export function terminalCells(row: ComparedMetric): readonly string[] {
  const { outcome, p } = row
  const words = outcome === 'unchanged' ? 'unchanged' : outcome === 'few' ? 'too few' : p === null ? '' : pText(p)
  return [...numberCells(row), outcome === null ? '' : `${MARKS[outcome]} ${words}`]
}

const RESULTS: Readonly<Record<ComparedOutcome, string>> = {
  better: '✓ better',
  worse: '✗ worse',
  unchanged: '= unchanged',
  open: '? open',
  few: `? too few pairs`,
}

/** The headline measures. The one that decides comes first. */
export function headlines({ measures }: ComparedNetworks): readonly ComparedMetric[] {
  return measures.filter(({ isHeadline }) => isHeadline)
}

/** Says in one line which measures get a verdict. */
export function familyText(compared: ComparedNetworks): string {
  const names = headlines(compared).map(({ name }) => name)
  if (names.length === 0) return 'No measure gets a verdict'
  const holm = names.length > 1 ? ` (p by Holm’s method for ${names.length} measures)` : ''
  return `Verdict on ${firstOf(names).join(', ')}${holm}; other measures have none`
}

const LIMIT_MARKS: Readonly<Record<CheckedLimit['outcome'], string>> = { passed: '✓', failed: '✗', undecided: '?' }

/** For each limit, one line that says what became of it, after a mark. */
export function limitTexts(limits: readonly CheckedLimit[]): readonly string[] {
  return limits.map((limit) => `${LIMIT_MARKS[limit.outcome]} ${limitWords(limit, limits)}`)
}

/** What became of one of the limits, in words. If the limits concern several networks, they name the network. */
export function limitWords(limit: CheckedLimit, limits: readonly CheckedLimit[]): string {
  const { networks, measure, reason } = limit
  const areSeveral = limits.some((other) => other.networks.join() !== networks.join())
  const numbers = limit.change === null ? [] : [`${changeText(limit)}, ${ruleText(limit)}`]
  const parts = [...numbers, ...(reason === null ? undecidedTexts(limit) : [reason])]
  return `${areSeveral ? `${networks.at(-1)}, ` : ''}${measure}: ${parts.join('; ')}`
}

/** The difference and its 90 % interval, such as `0.133 worse (90 % interval 0.094 to 0.172)`. */
function changeText({ rule, change, interval }: CheckedLimit): string {
  if (change === null || change === 0) return 'unchanged'
  const [more, less] = rule === 'equivalent' ? ['higher', 'lower'] : ['worse', 'better']
  const isMore = change > 0
  const ends = interval && (isMore ? interval : ([-interval[1], -interval[0]] as const))
  return `${valueText(Math.abs(change))} ${isMore ? more : less}${ends === null ? '' : ` (90 % interval ${rangeText(ends)})`}`
}

function ruleText({ rule, limit, outcome, reason }: CheckedLimit): string {
  const what = `${rule === 'equivalent' ? 'margin' : 'limit'} ${limit}`
  return outcome === 'failed' && reason === null ? `more than the ${what}` : what
}

const NOUNS: Readonly<Record<ComparedKind, string>> = { objects: 'object', photographs: 'photograph' }

function undecidedTexts({ outcome, limit, interval, kind, count, neededPairs }: CheckedLimit): readonly string[] {
  if (outcome !== 'undecided' || interval === null) return []
  const half = valueText((interval[1] - interval[0]) / 2)
  const all = counted(count, NOUNS[kind])
  const isMore = neededPairs !== null && neededPairs > count
  const rest =
    limit === 0
      ? 'which neither shows nor excludes a loss'
      : isMore
        ? `about ${neededPairs} would decide`
        : 'which does not decide'
  return [`${all} tell it to ± ${half}, ${rest}`]
}

const LIMIT_FAILURES: readonly LimitOutcome[] = ['failed', 'undecided']

/** Says which limits failed, of all limits. Undecided ones are among them if they must not be. */
export function failureText(failed: readonly CheckedLimit[], limits: readonly CheckedLimit[]): string {
  const words = failed.map((limit) => limitWords(limit, limits))
  const outcomes = LIMIT_FAILURES.filter((one) => failed.some(({ outcome }) => outcome === one))
  return `${failed.length} of ${counted(limits.length, 'limit')} ${outcomes.join(' or ')}: ${firstOf(words).join(' | ')}`
}

const PAIRS: Readonly<Record<ComparedKind, readonly [one: string, more: string]>> = {
  objects: ['pair of units', 'pairs of units'],
  photographs: ['pair of photographs', 'pairs of photographs'],
}

/** Says how many units or photographs were compared, and which have no partner. */
export function pairsText({ kind, pairs, unpaired }: ComparedNetworks): string {
  const alone = (['before', 'after'] as const).flatMap((side) => {
    const names = unpaired[side].map((one) => aloneText(one, side === 'before' ? 'after' : 'before'))
    return names.length > 0 ? [`; only ${side}: ${firstOf(names).join(', ')}`] : []
  })
  return `${counted(pairs, ...PAIRS[kind])}${alone.join('')}`
}

function aloneText({ name, size, skipped }: Unpaired, other: string): string {
  const of = size === undefined ? '' : ` at ${size} px`
  return `${name}${of}${skipped === undefined ? '' : ` (skipped ${other}: ${skipped})`}`
}

/** GitHub refuses comments of more than 65,536 characters. */
const MOST_CHARACTERS = 60_000

/** Markdown for a pull request: limits, a short table of each pair of networks, and folded details. */
export function comparisonMarkdown(comparison: Comparison): string {
  const { networks, limits, notes } = comparison
  const list = (lines: readonly string[]) => lines.map((line) => `- ${markdownText(line)}`).join('\n')
  const parts = [
    '### Shift invariance before and after',
    ...(limits.length > 0 ? [list(limitTexts(limits))] : []),
    ...networks.flatMap((compared) => [
      `**${markdownText(networksText(compared))}**: ${markdownText(pairsText(compared))}`,
      ...(headlines(compared).length > 0 ? [measuresTable(headlines(compared))] : []),
      markdownText(`${familyText(compared)}.`),
      ...compared.constant.map(markdownText),
      ...(compared.sentence === null ? [] : [`> ${markdownText(compared.sentence)}`]),
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

export function networksText({ before, after }: Pick<ComparedNetworks, 'before' | 'after'>): string {
  return before === after ? after : `${before} (before) and ${after} (after)`
}

function measuresTable(measures: readonly ComparedMetric[]): string {
  return tableMarkdown({
    head: ['measure', 'better', 'pairs', ...NUMBER_HEAD, 'result'],
    rows: measures.map((row) => [row.name, row.better, String(row.count), ...numberCells(row), resultText(row)]),
  })
}

function resultText({ outcome, p }: ComparedMetric): string {
  const hasP = p !== null && outcome !== 'unchanged'
  return outcome === null ? '' : `${RESULTS[outcome]}${hasP ? `, ${pText(p)}` : ''}`
}

/** The table of all measures, or of the first ones if it would be longer than `most` characters. */
function detailsOf(compared: ComparedNetworks, most: number): string | undefined {
  const { measures } = compared
  for (let count = measures.length; count > 0; count = Math.floor(count / 2)) {
    const shown = count < measures.length ? `the first ${count} of ${measures.length} measures` : 'all measures'
    const summary = `<summary>${escapeHtml(networksText(compared))}: ${shown}</summary>`
    const details = `<details>${summary}\n\n${measuresTable(measures.slice(0, count))}\n\n</details>`
    if (details.length <= most) return details
  }
  return undefined
}

/** LaTeX of a table with the headline measures. Its caption has the sentences. */
export function comparisonLatex({ networks }: Comparison): string {
  const columns = [...NUMBER_HEAD, 'p value']
  const rows = networks.flatMap((compared) =>
    headlines(compared).map((row) => [
      ...[networksText(compared), row.name, ...numberCells(row).map((cell) => cell.replace('…', ' to '))],
      row.p === null ? '–' : pText(row.p).replace(/^p (= )?/, ''),
    ]),
  )
  const sentences = networks.flatMap(({ sentence, constant }) => [
    ...(sentence === null ? [] : [sentence]),
    ...constant,
  ])
  const p = `P values are adjusted by Holm’s method; fewer than ${FEWEST_PAIRS} pairs have none.`
  const title = `Comparison of ${distinct(networks.map(networksText)).join(', ')}`
  return latexTable(
    {
      ...{ name: 'comparison', title, note: [...sentences, p].join(' '), rows },
      head: ['network', 'measure', ...columns],
      columns: columns.map((column) => [column]),
      keys: ['number'],
    },
    (text) => text,
  )
}
