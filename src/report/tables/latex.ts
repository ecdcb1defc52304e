import { signedText } from '../numberText.js'
import { latexText, UNICODE_MACRO } from './latexText.js'
import { columnTitle, differenceOf, type ResultTable, type TableCell, type TableRow, type TableValue } from './model.js'
import { oneLine } from './oneLine.js'

/** Columns of numbers and lines of a table that fit the width and height of a page. */
const MOST_COLUMNS = 5
const MOST_LINES = 45

/** Part of a table that fits a page. */
interface TablePart {
  /** What all of its columns have in common: "ordered". */
  readonly shared: readonly string[]
  readonly heads: readonly string[]
  readonly rows: readonly TableRow[]
}

/**
 * Floating tables with caption and label by booktabs, as many as make each fit a page: one for each group of columns that
 * differ in one thing alone (the tasks of one fold scheme), shrunk where names are wider than the column of text. Below a
 * measured row are the paper's values and the differences from them, where there are any.
 */
export function tableLatex(table: ResultTable): string {
  const parts = partsOf(table)
  const floats = parts.map((part, i) => floatOf(table, part, i, parts.length)).join('\n')
  return [
    '% Needs \\usepackage{booktabs} and \\usepackage{graphicx} in the preamble.',
    `% ${oneLine(table.title)}`,
    `% ${oneLine(table.note)}`,
    ...(floats.includes('\\unicodecharacter') ? [UNICODE_MACRO] : []),
    floats,
  ].join('\n')
}

function floatOf(
  { name, title, note }: ResultTable,
  { shared, heads, rows }: TablePart,
  index: number,
  count: number,
): string {
  // LaTeX numbers tables by itself.
  const [, number, own = title] = /^(Table \d+): (.*)$/.exec(title) ?? []
  const what = [own, ...(shared.length > 0 ? [columnTitle(shared)] : [])].join('; ')
  const origin = number === undefined ? '' : ` (${number} of the paper)`
  const place = count === 1 ? '' : `, part ${index + 1} of ${count}`
  const label = count === 1 ? name : `${name}-${index + 1}`
  const short = latexText(`${what}${place}`)
  return [
    '\\begin{table}[htbp]',
    '\\centering\\footnotesize\\setlength{\\tabcolsep}{3pt}',
    `\\caption[{${short}}]{${latexText(`${what}${origin}${place}. ${note}`)}}`,
    `\\label{tab:${label}}\\smallskip`,
    '\\resizebox{\\ifdim\\width>\\columnwidth\\columnwidth\\else\\width\\fi}{!}{%',
    `\\begin{tabular}{@{}ll${'r'.repeat(heads.length)}@{}}`,
    '\\toprule',
    line(['model', 'layer', ...heads.map((head) => `\\multicolumn{1}{c}{${latexText(head)}}`)]),
    '\\midrule',
    ...rows.flatMap((row, i) => rowLines(row, rows[i - 1])),
    '\\bottomrule',
    '\\end{tabular}}',
    '\\end{table}',
    '',
  ].join('\n')
}

/** A network's name stands at the first of its rows, which has a little room above. */
function rowLines({ model, layer, cells }: TableRow, previous: TableRow | undefined): readonly string[] {
  const isFirst = previous?.model !== model
  return [
    ...(isFirst && previous !== undefined ? ['\\addlinespace'] : []),
    line([isFirst ? latexText(model) : '', latexText(layer), ...cells.map(({ measured }) => valueText(measured))]),
    ...(cells.some(({ paper }) => paper)
      ? [
          line(['', '\\quad paper', ...cells.map(({ paper }) => valueText(paper))]),
          line(['', '\\quad difference', ...cells.map(differenceText)]),
        ]
      : []),
  ]
}

function line(cells: readonly string[]): string {
  return `${cells.join(' & ')} \\\\`
}

function valueText(value: TableValue | undefined): string {
  if (value === undefined) return '--'
  const deviation = value.std === undefined ? '' : `\\,{\\scriptstyle\\pm${value.std.toFixed(3)}}`
  return `$${value.mean.toFixed(3)}${deviation}$`
}

function differenceText(cell: TableCell): string {
  const difference = differenceOf(cell)
  if (difference === undefined) return '--'
  const { value, sigmas } = difference
  const inSigmas = sigmas === undefined ? '' : `\\,{\\scriptstyle(${signed(sigmas, 1)}\\sigma)}`
  return `$${signed(value, 3)}${inSigmas}$`
}

function signed(value: number, digits: number): string {
  return signedText(value, digits).replace('−', '-')
}

/** Columns that differ in one key alone, in pieces of a page's width; of each as many rows as a page is high. */
function partsOf({ keys, columns, rows }: ResultTable): readonly TablePart[] {
  const varying = keys.findIndex((_, key) => columns.some((column) => column[key] !== columns[0]?.[key]))
  const sharedOf = (column: readonly string[]) => column.filter((_, key) => key !== varying)
  const groups = [...new Set(columns.map((column) => JSON.stringify(sharedOf(column))))].flatMap((shared) =>
    pieces(
      columns.flatMap((column, i) => (JSON.stringify(sharedOf(column)) === shared ? [i] : [])),
      MOST_COLUMNS,
    ),
  )
  const linesOf = rows.some(({ cells }) => cells.some(({ paper }) => paper)) ? 3 : 1
  return groups.flatMap((indices) => {
    const first = columns[indices[0] as number] as readonly string[]
    const heads = indices.map((i) => columns[i]?.[Math.max(0, varying)] ?? '')
    const own = rows.map((row) => ({ ...row, cells: indices.map((i) => row.cells[i] ?? {}) }))
    const shared = varying < 0 ? first.slice(1) : sharedOf(first)
    return pieces(own, Math.floor(MOST_LINES / linesOf)).map((part) => ({ shared, heads, rows: part }))
  })
}

function pieces<T>(all: readonly T[], most: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(all.length / most) }, (_, i) => all.slice(i * most, (i + 1) * most))
}
