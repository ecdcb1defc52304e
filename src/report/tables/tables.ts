import { csvText } from '../../files/csv.js'
import { comparedSizes, PAPER_FRAME, sizeText, sourceSide, squareText } from '../../patches/sizes.js'
import { escapeHtml, fileLinks } from '../../plot/html.js'
import { signedText } from '../../plot/numberText.js'
import { markdownText, type Table, tableHtml, tableMarkdown } from '../../plot/tables.js'
import { MEASURES } from '../../results/measures/measures.js'
import { FEWEST_PATCHES, type LayerAtSize, type MeanRow } from '../../results/measures/rows.js'
import { PHOTOGRAPHS, type TableKind } from '../../results/measures/tableKinds.js'
import { variantText, variantTitle } from '../../results/measures/variant.js'
import { distinct } from '../../support/lists.js'
import { halfWidthOf } from '../../support/statistics.js'
import { counted } from '../../support/text.js'
import type { TextOf } from '../text/displayNames.js'
import { type KeyedTable, latexTable } from './latex.js'

/** The paper's numbers, for comparison with measured numbers. */
export interface PaperComparison {
  readonly rows: readonly MeanRow[]
  /**
   * Whether a network was measured as in the paper. Only then are differences also divided by the paper's standard
   * deviation (the number after ±).
   */
  readonly isPapers: (model: string, size: number) => boolean
}

export interface ResultTable extends KeyedTable {
  readonly kind: TableKind
  /** See `comparedSizes`. */
  readonly size: number
  readonly sizes: string
  /** Contents of the CSV file, with all digits of the numbers. */
  readonly data: {
    readonly head: readonly string[]
    readonly rows: readonly (readonly (string | number | undefined)[])[]
  }
}

export const NO_PAPER: PaperComparison = { rows: [], isPapers: () => false }

const PAPER_NOTE = 'Next to a value are the paper’s value and the difference from it.'
const SIGMA_NOTE =
  ' σ is the difference divided by the paper’s ±. It is given if network, protocol and objects are those of the paper, as far as the results tell.'

/**
 * Makes all tables. Of each kind, the tables for large patches come first. If the paper has a number for a cell, the
 * cell shows both the measured number and the paper's.
 */
export function resultTables(rows: readonly MeanRow[], paper: PaperComparison): readonly ResultTable[] {
  const kinds = new Set(MEASURES.flatMap(({ tables = [] }) => tables.map(({ kind }) => kind)))
  return [...kinds, PHOTOGRAPHS].flatMap((kind) => tablesOf(kind, rows, paper))
}

interface Placed {
  readonly row: MeanRow
  readonly column: readonly string[]
}

function tablesOf(kind: TableKind, all: readonly MeanRow[], paper: PaperComparison): readonly ResultTable[] {
  const measured = placed(kind, all)
  const published = placed(kind, paper.rows)
  // Each network reads squares of a photograph in proportion to its frame.
  const compared =
    kind.of === 'photographs' ? () => sourceSide(PAPER_FRAME) : comparedSizes(measured.map(({ row }) => row))
  return [...new Set(measured.map(({ row }) => compared(row)))]
    .sort((a, b) => b - a)
    .map((size) => {
      const isShown = (row: MeanRow) => compared(row) === size
      return tableOf(kind, size, isShown, { measured, published, all: all.filter(isShown) }, paper)
    })
}

/** Selects the results that this kind of table shows, and finds the table's column for each of them. */
function placed(kind: TableKind, rows: readonly MeanRow[]): readonly Placed[] {
  if (kind === PHOTOGRAPHS) return rows.flatMap(placedOfPhotographs)
  const columns = new Map(
    MEASURES.flatMap(({ name, tables = [] }) =>
      tables.flatMap((table) => (table.kind === kind ? [[name, table.column] as const] : [])),
    ),
  )
  return rows.flatMap((row) => {
    const column = columns.get(row.metric)?.(row.variant)
    return column === undefined ? [] : [{ row, column }]
  })
}

function placedOfPhotographs(row: MeanRow): readonly Placed[] {
  const { protocol, confidence } = row.variant
  return protocol === undefined || confidence !== undefined ? [] : [{ row, column: [protocol, row.metric] }]
}

function tableOf(
  kind: TableKind,
  size: number,
  isShown: (row: MeanRow) => boolean,
  from: Readonly<Record<'measured' | 'published', readonly Placed[]>> & { readonly all: readonly MeanRow[] },
  { isPapers }: PaperComparison,
): ResultTable {
  const columns = inOrder(kind, distinct(from.measured.map(({ column }) => column)))
  const [own, papers] = [from.measured, from.published].map((some) => byCell(some.filter(({ row }) => isShown(row))))
  const spreads = spreadsOf(kind, from.all)
  const lines = distinct(from.measured.flatMap(({ row }) => (isShown(row) ? [lineOf(row)] : [])))
  const sizes = squareText(lines)
  const hasSizes = new Set(lines.map((line) => line.size)).size > 1
  const rows = lines.map((line) => ({
    line,
    cells: columns.map((column) => {
      const key = JSON.stringify([line, column])
      const row = own?.get(key)
      return cellOf(row && shownValue(kind, row, spreads), papers?.get(key), isPapers(line.model, line.size))
    }),
  }))
  const cells = rows.flatMap((row) => row.cells)
  const hasSigmas = cells.some(({ sigmas }) => sigmas !== undefined)
  const notes = [
    kind.note,
    ...(cells.some(({ paper }) => paper) ? [`${PAPER_NOTE}${hasSigmas ? SIGMA_NOTE : ''}`] : []),
    ...unsolvedNote(from.all.filter((row) => row.metric === kind.leftOut)),
  ]
  const { keys, statistic, counted: what } = kind
  const headOf = (column: readonly string[]) => kind.head?.(column) ?? column.join(', ')
  return {
    kind,
    size,
    sizes,
    ...nameOf(kind, size, sizes),
    note: notes.join(' '),
    head: ['network', 'layer', ...(hasSizes ? ['size'] : []), ...columns.map(headOf)],
    columns: columns.map((column) => (column.length > 1 ? column : [headOf(column)])),
    keys: keys.map((key) => (key === 'cv' ? 'folds' : key)),
    rows: rows.map(({ line, cells }) => [
      ...[line.model, line.layer, ...(hasSizes ? [sizeText([line], lines)] : [])],
      ...cells.map(cellText),
    ]),
    data: {
      head: [
        ...['model', 'layer', 'size', ...keys, statistic, kind.spread === 'interval' ? 'half_interval' : 'std', what],
        ...[`paper_${statistic}`, 'paper_std', 'difference', 'difference_sigmas'],
      ],
      rows: rows.flatMap(({ line, cells }) =>
        cells.map(({ measured, paper, difference, sigmas }, i) => [
          ...[line.model, line.layer, line.size, ...(columns[i] ?? [])],
          ...[measured?.mean, measured?.std, measured?.count, paper?.mean, paper?.std, difference, sigmas],
        ]),
      ),
    },
  }
}

function inOrder({ order }: TableKind, columns: readonly (readonly string[])[]): readonly (readonly string[])[] {
  if (order === undefined) return columns
  return columns.toSorted(([a = ''], [b = '']) => order.indexOf(a) - order.indexOf(b))
}

/** What a line of the table shows: one layer of a network, with objects of one size. */
function lineOf({ model, layer, size, frame }: MeanRow): LayerAtSize {
  return { model, layer, size, ...(frame !== undefined && { frame }) }
}

function byCell(rows: readonly Placed[]): ReadonlyMap<string, MeanRow> {
  return new Map(rows.map(({ row, column }) => [JSON.stringify([lineOf(row), column]), row]))
}

interface Value {
  readonly mean: number
  readonly std?: number | undefined
  readonly count?: number | undefined
  /** Most digits after the point. */
  readonly digits?: number
  /** Each counted value is 0 or 1. Its standard deviation only repeats the mean, so that texts leave it out. */
  readonly isShare?: boolean
}

function shownValue({ spread }: TableKind, row: MeanRow, spreads: ReadonlyMap<string, number>): Value {
  const { mean, std, count } = row
  if (spread === 'none' || count === 0) return { mean }
  if (spread === 'interval') {
    const half = count < 2 ? null : halfWidthOf(std / Math.sqrt(count - 1), count)
    return { mean, ...(half !== null && { std: half }), count, digits: 5 }
  }
  if (spread === 'standard error') return { mean, std: std / Math.sqrt(count), count }
  if ('fewest' in spread)
    return { mean, ...(count >= spread.fewest && { std }), count, isShare: row.metric === 'answer-right' }
  return { mean, ...(count >= FEWEST_PATCHES && { std: spreads.get(placeOf(row)) }), count }
}

/**
 * Numbers after ±, by network, layer and variant, if they come from another metric than the numbers before ±.
 * Otherwise, the map is empty.
 */
function spreadsOf({ spread }: TableKind, rows: readonly MeanRow[]): ReadonlyMap<string, number> {
  if (typeof spread === 'string' || !('metric' in spread)) return new Map()
  const own = rows.filter((row) => row.metric === spread.metric)
  return new Map(own.map((row) => [placeOf(row), row.mean]))
}

function placeOf(row: MeanRow): string {
  return JSON.stringify([lineOf(row), variantText(row.variant)])
}

interface Cell {
  readonly measured?: Value | undefined
  readonly paper?: Value | undefined
  /** Measured number minus published number. */
  readonly difference?: number
  /** The difference divided by the paper's standard deviation, if the study was made like the paper's. */
  readonly sigmas?: number
}

function cellOf(measured: Value | undefined, paper: Value | undefined, isPapers: boolean): Cell {
  if (measured === undefined || paper === undefined) return { measured, paper }
  const difference = measured.mean - paper.mean
  return { measured, paper, difference, ...(isPapers && paper.std && { sigmas: difference / paper.std }) }
}

/** Text of a cell: "0.934 ± 0.026" and, below it, "paper 0.931 ± 0.029, +0.003 (+0.1 σ)". */
function cellText({ measured, paper, difference, sigmas }: Cell): Table['rows'][number][number] {
  const text = measured === undefined ? '–' : valueText(measured)
  if (paper === undefined) return text
  const inSigmas = sigmas === undefined ? '' : ` (${signedText(sigmas, 1)} σ)`
  const apart = difference === undefined ? [] : [`${signedText(difference, 3)}${inSigmas}`]
  return { text, below: [`paper ${valueText(paper)}`, ...apart] }
}

/** A mean with as many decimals as its ± needs for two significant digits, from one to three by default. */
function valueText({ mean, std, isShare, digits: most = 3 }: Value): string {
  if (std === undefined || isShare) return mean.toFixed(3)
  const digits = std === 0 ? 3 : [1, 0.1, 0.01, 0.001].slice(0, most - 1).filter((least) => std < least).length + 1
  return `${mean.toFixed(digits)} ± ${std.toFixed(digits)}`
}

function nameOf(kind: TableKind, size: number, sizes: string) {
  const { numbers, stem, title } = kind
  const number = numbers?.[size]
  const whole = `${title}, ${kind.of === 'photographs' ? 'photographs' : 'objects'} of ${sizes}`
  if (number === undefined) return { name: `${stem}-${size}`, title: whole }
  const caption = `${whole} (as Table ${number} of Lee et al., 2020)`
  return { name: `table-${number}-${stem}-${size}`, title: `Table ${number}: ${whole}`, caption }
}

/** Text below a table. It names the layers for which some objects are missing from the averages. */
function unsolvedNote(rows: readonly MeanRow[]): readonly string[] {
  if (rows.length === 0) return []
  const places = rows.map(
    ({ model, layer, variant, count }) => `${model} ${layer} ${variantTitle(variant)} (${counted(count, 'object')})`,
  )
  return [`Left out because a classifier did not converge: ${places.join('; ')}.`]
}

/**
 * Contents of the file for a table. In Markdown, they include the table's title and note.
 * @param textOf text for the name of a network or layer in LaTeX
 */
export function tableFile(table: ResultTable, format: 'md' | 'csv' | 'tex', textOf: TextOf): string {
  if (format === 'csv') return csvText([table.data.head, ...table.data.rows])
  if (format === 'tex') return latexTable(table, textOf)
  return `# ${markdownText(table.title)}\n\n${tableMarkdown(table)}\n\n${markdownText(table.note)}\n`
}

/** Whether a table is about objects, photographs or feature arithmetic. */
export function isAbout(what: 'objects' | NonNullable<TableKind['of']>): (table: ResultTable) => boolean {
  return ({ kind: { of = 'objects' } }) => of === what
}

/** HTML of the tables for the page: one block per kind of table, with a tab for each patch size. */
export function tablesHtml(tables: readonly ResultTable[]): string {
  const kinds = [...new Set(tables.map(({ kind }) => kind))]
  return kinds
    .map((kind) => {
      const own = tables.filter((table) => table.kind === kind)
      return `<fieldset class="tabs"><legend><h3>${escapeHtml(kind.title)}</h3></legend>\n${own.map(tabHtml).join('\n')}</fieldset>`
    })
    .join('\n')
}

function tabHtml(table: ResultTable, i: number): string {
  const { kind, size, sizes, name, note } = table
  const number = kind.numbers?.[size]
  const label = `${sizes}${number === undefined ? '' : ` (Table ${number} of the paper)`}`
  return `<label><input type="radio" name="size-of-${kind.stem}"${i === 0 ? ' checked' : ''}>${label}</label>
<div><p class="soft">${escapeHtml(note)}</p>
${tableHtml(table)}
<p class="soft">${fileLinks(`tables/${encodeURIComponent(name)}`, ['csv', 'md', 'tex'])}</p></div>`
}
