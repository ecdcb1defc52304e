import { latexText, UNICODE_MACRO, withoutBreaks } from '../../plot/latexText.js'
import { PICTURE_LETTERS, textWidth } from '../../plot/letters.js'
import type { Table, TableCell } from '../../plot/tables.js'
import { distinct } from '../../support/lists.js'
import type { TextOf } from '../text/displayNames.js'

/** A table whose columns are named by one key or more, such as fold scheme and task. */
export interface KeyedTable extends Table {
  /** File name without extension. */
  readonly name: string
  readonly note: string
  /** Title in LaTeX; by default `title`. It has no "Table 1" in front, because LaTeX numbers tables itself. */
  readonly caption?: string
  readonly head: readonly string[]
  /** Names of the columns with numbers, one text per key. They are the last columns of `head`. */
  readonly columns: readonly (readonly string[])[]
  /** Names of the keys. */
  readonly keys: readonly string[]
}

/** Width of the text in LaTeX's class article with letters of 10 pt, in pt. */
const COLUMN_WIDTH = 345
/** Space on each side of a table's column, in pt. */
const SEPARATION = 3
/** Size of letters for which widths are computed, in pt. \footnotesize (8 pt) of Computer Modern is no wider. */
const LETTERS = 8.5
/** Most lines with numbers and names of networks in one table, so that it fits a page with its caption. */
const MOST_LINES = 34

/**
 * LaTeX of a floating table with the package booktabs. The name of a network is a line above its rows. If columns have
 * several keys, each value of the last key becomes a row. A table that is wider than a column of text is `table*`, which
 * spans both columns of a page. A table that is longer than a page continues in further tables, between two layers.
 * @param textOf text for the name of a network or layer
 */
export function latexTable(table: KeyedTable, textOf: TextOf): string {
  const { name, title, caption = title, note, head, rows } = table
  const values = table.keys.length > 1 ? distinct(table.columns.map((column) => column.at(-1)!)) : undefined
  const columns = distinct(table.columns.map((column) => (values ? column.slice(0, -1) : column)))
  const names = head.slice(1, head.length - table.columns.length)
  const lead = [...names, ...(values ? table.keys.slice(-1) : [])]
  const linesOf = ([, layer, ...others]: readonly TableCell[]) =>
    (values ?? [undefined]).flatMap((value, i) => {
      const first = [textOf(layer as string), ...others.slice(0, names.length - 1)]
      const key = value === undefined ? [] : [value]
      const places = columns.map((column) =>
        table.columns.findIndex((one) => one.join() === [...column, ...key].join()),
      )
      const cells = places.map((place) => others[names.length - 1 + place] ?? '')
      return withLines([...(i === 0 ? first : first.map(() => '')), ...key, ...cells], lead.length)
    })
  const heads = [...lead, ...columns.map((column) => column.at(-1)!)].map(brokenLines)
  const networks = distinct(rows.map(([network]) => network as string)).flatMap((network) => {
    const layers = rows.filter((row) => row[0] === network).map(linesOf)
    return divided(layers, MOST_LINES - 1, (own) => own.length).map((some) => ({ network, lines: some.flat() }))
  })
  const all = networks.flatMap(({ lines }) => lines)
  const isWide = widthOf(all, heads) > COLUMN_WIDTH
  const environment = isWide ? 'table*' : 'table'
  const tables = divided(networks, MOST_LINES, ({ lines }) => lines.length + 1).map((part, i) => [
    `\\begin{${environment}}[htbp]`,
    `\\centering\\footnotesize\\setlength{\\tabcolsep}{${SEPARATION}pt}\\setlength{\\belowcaptionskip}{4pt}`,
    `\\caption[{${latexText(caption)}}]{${latexText(`${caption}${i === 0 ? `. ${note}` : ' (continued).'}`)}}`,
    `\\label{tab:${name}${i === 0 ? '' : `-${i + 1}`}}`,
    `\\begin{tabular}{@{}${'l'.repeat(lead.length)}${'r'.repeat(columns.length)}@{}}`,
    '\\toprule',
    ...sharedHeads(columns, lead.length),
    line(heads.map(stacked)),
    ...part.flatMap(({ network, lines }) => [
      '\\midrule',
      `\\multicolumn{${heads.length}}{@{}l@{}}{${latexText(textOf(network))}} \\\\`,
      ...lines.map((cells) => line(cells.map(latexText))),
    ]),
    '\\bottomrule',
    '\\end{tabular}',
    `\\end{${environment}}`,
    '',
  ])
  const text = tables.flat().join('\n')
  const wide = isWide ? `% Wider than ${COLUMN_WIDTH} pt. In two columns of text, table* spans both.\n` : ''
  const comment = `% ${withoutBreaks(title)}\n% Needs \\usepackage{booktabs}.\n${wide}`
  return `${comment}${text.includes('\\unicodecharacter') ? `${UNICODE_MACRO}\n` : ''}${text}`
}

/** Divides a list into parts of at most `most` lines, unless a single entry has more. */
function divided<T>(list: readonly T[], most: number, linesIn: (one: T) => number): readonly (readonly T[])[] {
  const parts: T[][] = []
  let count = 0
  for (const one of list) {
    count += linesIn(one)
    if (parts.length === 0 || count > most) {
      parts.push([])
      count = linesIn(one)
    }
    parts.at(-1)?.push(one)
  }
  return parts
}

function line(cells: readonly string[]): string {
  return `${cells.join(' & ')} \\\\`
}

/** A row as lines of LaTeX's table: the numbers, and below them the paper's and the differences from them. */
function withLines(row: readonly TableCell[], lead: number): readonly (readonly string[])[] {
  const lines = (cell: TableCell) => (typeof cell === 'string' ? [cell] : [cell.text, ...(cell.below ?? [])])
  const count = Math.max(...row.map((cell) => lines(cell).length))
  return ['', 'paper', 'difference']
    .slice(0, count)
    .map((name, i) => row.map((cell, c) => lines(cell)[i]?.replace(/^paper /, '') ?? (c === lead - 1 ? name : '')))
}

/** A heading above the columns that share all keys but the last one. */
function sharedHeads(columns: readonly (readonly string[])[], lead: number): readonly string[] {
  const heads = columns.map((column) => column.slice(0, -1).join(', '))
  if (heads.every((words) => words === '')) return []
  const starts = heads.flatMap((words, i) => (words === heads[i - 1] ? [] : [i]))
  const spans = starts.map((start, i) => ({ words: heads[start]!, start, end: starts[i + 1] ?? heads.length }))
  return [
    line([
      ...Array<string>(lead).fill(''),
      ...spans.map(({ words, start, end }) => `\\multicolumn{${end - start}}{c}{${stacked(brokenLines(words))}}`),
    ]),
    spans.map(({ start, end }) => `\\cmidrule(lr){${lead + start + 1}-${lead + end}}`).join(''),
  ]
}

function stacked(lines: readonly string[]): string {
  const texts = lines.map(latexText)
  return texts.length === 1 ? texts[0]! : `\\shortstack[r]{${texts.join('\\\\')}}`
}

/** Lines of at most 14 characters, unless a word is longer. */
function brokenLines(words: string): readonly string[] {
  return words.match(/\S.{0,13}(?=\s|$)|\S+/g) ?? ['']
}

/** Width of a table, in pt. */
function widthOf(lines: readonly (readonly string[])[], heads: readonly (readonly string[])[]): number {
  const widths = heads.map((words, i) =>
    Math.max(...[...words, ...lines.map((cells) => cells[i] ?? '')].map(textWidth)),
  )
  const letters = widths.reduce((sum, width) => sum + width, 0)
  return (letters * LETTERS) / PICTURE_LETTERS + 2 * SEPARATION * (widths.length - 1)
}
