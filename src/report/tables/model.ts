import { counted } from '../../counted.js'
import { ANCHOR_NAMES } from '../../engine/positions.js'
import type {
  MeasureSummary,
  NullBaselineSummary,
  SimilaritySummary,
  Summary,
  UnsolvedSummary,
} from '../../results/summary.js'
import { signedText } from '../numberText.js'
import { PAPER_FOLDS, type PaperTables } from '../paper.js'

/** A number with its spread over patches (Tables 1 and 2) or over folds (Tables 3 and 4). */
export interface TableValue {
  readonly mean: number
  readonly std: number
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

/** What the tables of one experiment have in common. */
interface TableKind {
  readonly numbers: Readonly<Record<number, number>>
  readonly stem: string
  readonly title: string
  readonly note: string
  readonly keys: readonly string[]
  readonly statistic: string
  readonly counted: string
}

const SIMILARITY: TableKind = {
  numbers: { 125: 1, 75: 2 },
  stem: 'similarity',
  title: 'Mean cosine similarity to each anchor',
  note: 'Mean ± standard deviation over patches of each patch’s mean similarity.',
  keys: ['anchor'],
  statistic: 'mean',
  counted: 'patches',
}

const SEPARABILITY: TableKind = {
  numbers: { 125: 3, 75: 4 },
  stem: 'separability',
  title: 'Accuracy of linear classifiers of the object’s half',
  note: 'Mean over patches of the mean accuracy over five folds ± the mean of its standard deviation over folds. The columns differ in how positions are dealt to the folds; the paper’s are ordered.',
  keys: ['task', 'cv'],
  statistic: 'accuracy',
  counted: 'patches',
}

const NULL_BASELINE: TableKind = {
  numbers: {},
  stem: 'null-baseline',
  title: 'Mean cosine similarity between different objects at the same place',
  note: 'Null baseline: mean ± standard deviation over all pairs of patches and all anchors. A similarity of one object at two places means little where different objects at one place are as similar.',
  keys: ['objects'],
  statistic: 'mean',
  counted: 'pairs',
}

const ANSWERS: TableKind = {
  numbers: {},
  stem: 'answers',
  title: 'What the network answers',
  note: 'Mean ± standard deviation over patches. The answer is the strongest class with the object at the center, right or wrong: the share of positions at which it is the strongest, its probability at the center, and how far that falls at most.',
  keys: ['measure'],
  statistic: 'mean',
  counted: 'patches',
}

/** Columns of the table of answers, by the metrics that they show. */
const ANSWER_COLUMNS: Readonly<Record<string, string>> = {
  'answer-kept': 'positions that keep the answer',
  'answer-probability': 'probability at the center',
  'answer-fall': 'largest fall of it',
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
    value: { mean, std, count: patches },
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
  { separability: measured, notConverged = [] }: Pick<Summary, 'separability' | 'notConverged'>,
  paper: PaperTables['separability'],
  wholePaper: boolean,
  isPapers: IsPapers,
): readonly ResultTable[] {
  const schemes = new Set([...(wholePaper ? [PAPER_FOLDS] : []), ...measured.map(({ cv }) => cv)])
  const columns = [...schemes].flatMap((cv) => [
    ['left-right', cv],
    ['top-bottom', cv],
  ])
  const own = measured.map(({ task, cv, accuracy, std, patches, model, layer, size }) => ({
    model,
    layer,
    size,
    key: [task, cv],
    value: { mean: accuracy, std, count: patches },
  }))
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
    value: { mean, std, count: pairs },
  }))
  return tables(
    NULL_BASELINE,
    present.map((classes) => [`${classes} class`]),
    own,
  )
}

/** What the networks answer, one table a patch size, a row for each layer of known classes. */
export function answerTables(measured: readonly MeasureSummary[]): readonly ResultTable[] {
  const own = measured.flatMap(({ metric, mean, std, patches, model, layer, size }) => {
    const column = ANSWER_COLUMNS[metric]
    const value = { mean, std, count: patches }
    return column === undefined ? [] : [{ model, layer, size, key: [column], value }]
  })
  return tables(
    ANSWERS,
    Object.values(ANSWER_COLUMNS).map((column) => [column]),
    own,
  )
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
  return paper.std === 0 || !isPapers ? { value } : { value, sigmas: value / paper.std }
}

/** What was measured, "0.934 ± 0.026", and "paper 0.931 ± 0.029, +0.003 (+0.1 σ)" where the paper has the cell. */
export function cellParts(cell: TableCell): { own: string; paper?: string } {
  const { measured, paper } = cell
  const own = measured ? `${measured.mean.toFixed(3)} ± ${measured.std.toFixed(3)}` : '–'
  if (paper === undefined) return { own }
  const published = `paper ${paper.mean.toFixed(3)} ± ${paper.std.toFixed(3)}`
  const difference = differenceOf(cell)
  if (difference === undefined) return { own, paper: published }
  const { value, sigmas } = difference
  const inSigmas = sigmas === undefined ? '' : ` (${signedText(sigmas, 1)} σ)`
  return { own, paper: `${published}, ${signedText(value, 3)}${inSigmas}` }
}
