import { counted } from '../../counted.js'
import { ANCHOR_NAMES } from '../../engine/positions.js'
import type { FoldScheme } from '../../experiments/folds.js'
import {
  FEWEST_PAIRS,
  FEWEST_PATCHES,
  type FoldBaselineSummary,
  type MeasureSummary,
  type NullBaselineSummary,
  type SimilaritySummary,
  type Summary,
  type UnsolvedSummary,
} from '../../results/summary.js'
import { signedText } from '../numberText.js'
import { PAPER_FOLDS, type PaperTables } from '../paper.js'
import { ANSWER_COLUMNS, ANSWERS, BY_FOLD, NULL_BASELINE, SEPARABILITY, SIMILARITY, type TableKind } from './kinds.js'

/** A number with its spread over patches (Tables 1 and 2) or over folds (Tables 3 and 4). */
export interface TableValue {
  readonly mean: number
  /** Absent where too few patches were measured for one. */
  readonly std?: number
  /** Of how many patches (null baseline: pairs of patches); not known of the paper's. */
  readonly count?: number
}

/** What was measured and what the paper has; either may be missing. */
export interface TableCell {
  readonly measured?: TableValue
  readonly paper?: TableValue
  /** Whether both are of the same network, protocol and objects, as far as can be told: the paper's ± means something then. */
  readonly isPapers?: boolean
}

export interface TableRow {
  readonly model: string
  readonly layer: string
  /** One a column of the table. */
  readonly cells: readonly TableCell[]
}

/** One of the paper's tables, or one like them, for one patch size. */
export interface ResultTable {
  /** File name without extension. */
  readonly name: string
  readonly title: string
  /** How its numbers are to be read. */
  readonly note: string
  readonly size: number
  /** What tells columns apart, and each column's values of that: `anchor`, or `task` and `cv`. */
  readonly keys: readonly string[]
  readonly columns: readonly (readonly string[])[]
  /** What the number is called in CSV, and what it is taken over. */
  readonly statistic: string
  readonly counted: string
  readonly rows: readonly TableRow[]
}

/** A value and the cell of a table that it belongs to. */
interface Entry {
  readonly model: string
  readonly layer: string
  readonly size: number
  readonly key: readonly string[]
  readonly value: TableValue
}

const PAPER_NOTE = 'Beside it the paper’s value and the difference from it'
const SIGMA_NOTE =
  ', also in σ, as a multiple of the paper’s own ± in that cell, where network, protocol and objects are the paper’s as far as can be told'

/** Whether a network was measured at a size as the paper did. */
export type IsPapers = (model: string, size: number) => boolean

/**
 * One table a patch size, the paper's values beside the measured ones where the paper has them.
 * @param wholePaper also rows of the paper that were not measured, and its two sizes even if none was
 */
export function similarityTables(
  measured: readonly SimilaritySummary[],
  paper: PaperTables['similarity'],
  wholePaper: boolean,
  isPapers: IsPapers,
): readonly ResultTable[] {
  const columns = ANCHOR_NAMES.map((anchor) => [anchor])
  const own = measured.map(({ anchor, mean, std, patches, ...cell }) => ({
    ...cell,
    key: [anchor],
    value: tableValue(mean, std, patches),
  }))
  const published = paper.map(({ anchor, mean, std, ...cell }) => ({ ...cell, key: [anchor], value: { mean, std } }))
  return tables(SIMILARITY, columns, own, { published, wholePaper, isPapers })
}

/**
 * The same of linear separability (Tables 3 and 4), every fold scheme that was measured side by side. What was left out of
 * them is said in their notes.
 * @param wholePaper as for `similarityTables`
 */
export function separabilityTables(
  { separability: measured, foldBaselines, notConverged = [] }: Measured,
  paper: PaperTables['separability'],
  wholePaper: boolean,
  isPapers: IsPapers,
): readonly ResultTable[] {
  const schemes = new Set([...(wholePaper ? [PAPER_FOLDS] : []), ...measured.map(({ cv }) => cv)])
  const columns = [...schemes].flatMap((cv) => [
    ['left-right', cv],
    ['top-bottom', cv],
  ])
  const own: readonly Entry[] = [
    ...measured.map(({ task, cv, accuracy, std, patches, model, layer, size }) => ({
      ...{ model, layer, size, key: [task, cv] },
      value: tableValue(accuracy, std, patches),
    })),
    ...foldBaselines.map((baseline) => ({
      ...baselineRow(baseline),
      key: [baseline.task, baseline.cv],
      value: { mean: baseline.accuracy },
    })),
  ]
  const published = paper.map(({ task, accuracy, std, ...cell }) => ({
    ...cell,
    key: [task, PAPER_FOLDS],
    value: { mean: accuracy, std },
  }))
  return tables(SEPARABILITY, columns, own, { published, wholePaper, isPapers }).map((table) => ({
    ...table,
    note: [table.note, ...unsolvedNote(notConverged.filter(({ size }) => size === table.size))].join(' '),
  }))
}

type Measured = Pick<Summary, 'separability' | 'foldBaselines' | 'notConverged'>

/** The row of a table that shows what the folds alone do. */
export function baselineRow({ feature, period, size, rows, cols }: FoldBaselineSummary): Omit<Entry, 'key' | 'value'> {
  const layer = `${period === null ? '' : `${period} px, `}${rows}×${cols}`
  return { model: `${feature} only`, layer, size }
}

/** Accuracies fold by fold, of the schemes whose folds are bands of rows or columns. */
export function foldTables({ separability, foldBaselines }: Measured): readonly ResultTable[] {
  const inBands = ({ cv }: { readonly cv: string }) => BAND_SCHEMES.some((scheme) => scheme === cv)
  const entries = (row: Omit<Entry, 'key' | 'value'>, cell: { task: string; cv: string; folds: readonly number[] }) =>
    cell.folds.map((mean, fold) => ({ ...row, key: [cell.cv, cell.task, String(fold + 1)], value: { mean } }))
  const own = [
    ...separability.filter(inBands).flatMap((cell) => {
      const { model, layer, size } = cell
      return entries({ model, layer, size }, cell)
    }),
    ...foldBaselines.filter(inBands).flatMap((cell) => entries(baselineRow(cell), cell)),
  ]
  const columns = new Map(own.map(({ key }) => [columnTitle(key), key]))
  return tables(BY_FOLD, [...columns.values()], own)
}

/** Their folds are bands of whole rows, or of whole columns. */
const BAND_SCHEMES: readonly FoldScheme[] = ['ordered', 'transposed']

function unsolvedNote(unsolved: readonly UnsolvedSummary[]): readonly string[] {
  if (unsolved.length === 0) return []
  const places = unsolved.map(
    ({ model, layer, task, cv, patches }) =>
      `${model} ${layer} ${columnTitle([task, cv])} (${counted(patches, 'patch', 'patches')})`,
  )
  return [`Left out, since a classifier did not converge: ${places.join('; ')}.`]
}

/** The null baseline, one table a patch size; a column only where there are such pairs. */
export function nullBaselineTables(measured: readonly NullBaselineSummary[]): readonly ResultTable[] {
  const present = (['same', 'different'] as const).filter((classes) =>
    measured.some((cell) => cell.classes === classes),
  )
  const own = measured.map(({ classes, mean, std, pairs, ...cell }) => ({
    ...cell,
    key: [`${classes} class`],
    value: tableValue(mean, std, pairs, FEWEST_PAIRS),
  }))
  return tables(
    NULL_BASELINE,
    present.map((classes) => [`${classes} class`]),
    own,
  )
}

/** What the networks answer, one table a patch size, a row for each layer of known classes. */
export function answerTables(measured: readonly MeasureSummary[]): readonly ResultTable[] {
  const own = measured.flatMap(({ metric, variant, mean, std, patches, model, layer, size }) => {
    const column = ANSWER_COLUMNS[`${metric} ${variant}`]
    const value = tableValue(mean, std, patches)
    return column === undefined ? [] : [{ model, layer, size, key: [column], value }]
  })
  const present = Object.values(ANSWER_COLUMNS).filter((column) => own.some(({ key }) => key[0] === column))
  return tables(
    ANSWERS,
    present.map((column) => [column]),
    own,
  )
}

/** A number with its deviation, if that is of enough patches. */
function tableValue(mean: number, std: number, count: number, fewest = FEWEST_PATCHES): TableValue {
  return count < fewest ? { mean, count } : { mean, std, count }
}

/** What the paper has of a kind of table; nothing of most. */
interface PublishedEntries {
  readonly published: readonly Entry[]
  readonly wholePaper: boolean
  readonly isPapers: IsPapers
}

const NOTHING_PUBLISHED: PublishedEntries = { published: [], wholePaper: false, isPapers: () => false }

function tables(
  kind: TableKind,
  columns: readonly (readonly string[])[],
  measured: readonly Entry[],
  { published, wholePaper, isPapers } = NOTHING_PUBLISHED,
): readonly ResultTable[] {
  const listed = [...(wholePaper ? published : []), ...measured]
  const own = byCell(measured)
  const papers = byCell(published)
  return [...new Set(listed.map(({ size }) => size))]
    .sort((a, b) => b - a)
    .map((size) => {
      const names = new Map(
        listed
          .filter((entry) => entry.size === size)
          .map(({ model, layer }) => [JSON.stringify([model, layer]), { model, layer }]),
      )
      const rows = [...names.values()].map(({ model, layer }) => {
        const cells = columns.map((key) => {
          const cell = cellKey({ model, layer, size, key })
          return cellOf(own.get(cell), papers.get(cell), isPapers(model, size))
        })
        return { model, layer, cells }
      })
      const { keys, statistic, counted } = kind
      const hasSigmas = rows.some(({ cells }) => cells.some((cell) => differenceOf(cell)?.sigmas !== undefined))
      const notes = [kind.note, ...(hasPaper(rows) ? [`${PAPER_NOTE}${hasSigmas ? SIGMA_NOTE : ''}.`] : [])]
      const note = notes.join(' ')
      return { ...tableTitle(kind, size), note, size, keys, columns, statistic, counted, rows }
    })
}

/** Whether the paper published at least one figure of these rows. */
function hasPaper(rows: readonly TableRow[]): boolean {
  return rows.some(({ cells }) => cells.some(({ paper }) => paper))
}

function cellKey({ model, layer, size, key }: Omit<Entry, 'value'>): string {
  return JSON.stringify([model, layer, size, ...key])
}

function byCell(entries: readonly Entry[]): ReadonlyMap<string, TableValue> {
  return new Map(entries.map((entry) => [cellKey(entry), entry.value]))
}

function cellOf(measured: TableValue | undefined, paper: TableValue | undefined, isPapers: boolean): TableCell {
  return { ...(measured && { measured }), ...(paper && { paper, isPapers }) }
}

function tableTitle({ numbers, stem, title }: TableKind, size: number): { name: string; title: string } {
  const number = numbers[size]
  const whole = `${title}, patches of ${size}×${size}`
  if (number === undefined) return { name: `${stem}-${size}`, title: whole }
  return { name: `table-${number}-${stem}-${size}`, title: `Table ${number}: ${whole}` }
}

/** A column's heading: "center", "left-right, ordered". */
export function columnTitle(key: readonly string[]): string {
  return key.join(', ')
}

/**
 * What was measured less the paper's value; `sigmas` is that over the paper's standard deviation, if that is not zero and of the
 * same protocol and objects.
 */
export function differenceOf({ measured, paper, isPapers }: TableCell): { value: number; sigmas?: number } | undefined {
  if (measured === undefined || paper === undefined) return undefined
  const value = measured.mean - paper.mean
  return !paper.std || !isPapers ? { value } : { value, sigmas: value / paper.std }
}

/** "0.934 ± 0.026". */
function valueText({ mean, std }: TableValue): string {
  return `${mean.toFixed(3)}${std === undefined ? '' : ` ± ${std.toFixed(3)}`}`
}

/** What was measured, "0.934 ± 0.026", and "paper 0.931 ± 0.029, +0.003 (+0.1 σ)" where the paper has the cell. */
export function cellParts(cell: TableCell): { own: string; paper?: string } {
  const { measured, paper } = cell
  const own = measured ? valueText(measured) : '–'
  if (paper === undefined) return { own }
  const published = `paper ${valueText(paper)}`
  const difference = differenceOf(cell)
  if (difference === undefined) return { own, paper: published }
  const { value, sigmas } = difference
  const inSigmas = sigmas === undefined ? '' : ` (${signedText(sigmas, 1)} σ)`
  return { own, paper: `${published}, ${signedText(value, 3)}${inSigmas}` }
}
