import { PICTURE_LETTERS, textWidth } from '../../plot/letters.js'
import { distinct } from '../distinct.js'
import { latexText, UNICODE_MACRO, withoutBreaks } from './latexText.js'
import type { Table, TableCell } from './render.js'

/** A table whose columns are named by one key or more, such as fold scheme and task. */
export interface KeyedTable extends Table {
  /** Names of the columns with numbers, one text per key. They are the last columns of `head`. */
  readonly columns: readonly (readonly string[])[]
  /** Names of the keys. */
  readonly keys: readonly string[]
}

/** Width of the text in LaTeX's class article with letters of 10 pt, in pt. */
const COLUMN_WIDTH = 345

/** Space on each side of a table's column, in pt. */
const SEPARATION = 3

/** Size of letters for which widths are computed, in pt. The size \footnotesize (8 pt) of Computer Modern is no wider. */
const LETTERS = 8.5

/** A line of a heading is broken before it becomes longer than this number of characters. */
const LONGEST_LINE = 14

/** The parts of a table between its rules. All lines have as many cells as there are columns. */
interface Layout {
  /** Names of the first columns, which are aligned to the left: layer, size and the last key, if it has become one. */
  readonly lead: readonly string[]
  readonly columns: readonly (readonly string[])[]
  readonly groups: readonly { readonly network: string; readonly lines: readonly (readonly string[])[] }[]
}

/**
 * LaTeX of a floating table with the package booktabs. The name of a network is a line above its rows. If the table
 * would be wider than a column of text, the columns of the last key become rows. If this is still too wide, the table
 * is `table*`, which spans both columns of a page.
 * @param textOf text for the name of a network or layer
 */
export function latexTable(table: KeyedTable, textOf: (name: string) => string): string {
  const { name = '', title, caption = title, note = '' } = table
  const flat = flatLayout(table, textOf)
  const hasKeys = table.keys.length > 1
  const layout = hasKeys && widthOf(flat) > COLUMN_WIDTH ? longLayout(table, flat) : flat
  const { lead, columns, groups } = layout
  const isWide = widthOf(layout) > COLUMN_WIDTH
  const environment = isWide ? 'table*' : 'table'
  const count = lead.length + columns.length
  const text = [
    `\\begin{${environment}}[htbp]`,
    `\\centering\\footnotesize\\setlength{\\tabcolsep}{${SEPARATION}pt}`,
    `\\caption[{${latexText(caption)}}]{${latexText(`${caption}. ${note}`)}}`,
    `\\label{tab:${name}}`,
    `\\begin{tabular}{@{}${'l'.repeat(lead.length)}${'r'.repeat(columns.length)}@{}}`,
    '\\toprule',
    ...headLines(layout),
    ...groups.flatMap(({ network, lines }) => [
      '\\midrule',
      `\\multicolumn{${count}}{@{}l@{}}{${latexText(network)}} \\\\`,
      ...lines.map((cells) => line(cells.map(latexText))),
    ]),
    '\\bottomrule',
    '\\end{tabular}',
    `\\end{${environment}}`,
    '',
  ].join('\n')
  const wide = isWide ? `% Wider than ${COLUMN_WIDTH} pt: in two columns of text, table* spans both.\n` : ''
  const comment = `% ${withoutBreaks(title)}\n% Needs \\usepackage{booktabs}.\n${wide}`
  return `${comment}${text.includes('\\unicodecharacter') ? `${UNICODE_MACRO}\n` : ''}${text}`
}

function line(cells: readonly string[]): string {
  return `${cells.join(' & ')} \\\\`
}

function flatLayout({ head, columns, rows }: KeyedTable, textOf: (name: string) => string): Layout {
  const lead = head.slice(1, head.length - columns.length)
  const networks = distinct(rows.map(([network]) => network as string))
  const groups = networks.map((network) => ({
    network: textOf(network),
    lines: rows
      .filter((row) => row[0] === network)
      .flatMap(([, layer, ...cells]) => withLines([textOf(layer as string), ...cells], lead.length)),
  }))
  return { lead, columns, groups }
}

/** A row of a table as lines. Its first line has the texts of the cells, and the others what stands below them. */
function withLines(row: readonly TableCell[], lead: number): readonly (readonly string[])[] {
  const cells = row.map((cell) => (typeof cell === 'string' ? [cell] : [cell.text, ...cell.below.split(', ')]))
  const names = ['', 'paper', 'difference']
  return Array.from({ length: Math.max(...cells.map((lines) => lines.length)) }, (_, i) =>
    cells.map((lines, c) => (i > 0 && c === lead - 1 ? (names[i] ?? '') : (lines[i] ?? '').replace(/^paper /, ''))),
  )
}

/** Turns the columns of the last key into rows. */
function longLayout({ keys }: KeyedTable, { lead, columns, groups }: Layout): Layout {
  const last = (column: readonly string[]) => column.at(-1) as string
  const few = distinct(columns.map((column) => column.slice(0, -1)))
  const values = distinct(columns.map(last))
  const longLines = (cells: readonly string[]) => {
    const [names, numbers] = [cells.slice(0, lead.length), cells.slice(lead.length)]
    return values.map((value, i) => [
      ...(i === 0 ? names : names.map(() => '')),
      value,
      ...few.map((column) => numbers[columns.findIndex((one) => one.join() === [...column, value].join())] ?? ''),
    ])
  }
  return {
    lead: [...lead, keys.at(-1) as string],
    columns: few,
    groups: groups.map(({ network, lines }) => ({ network, lines: lines.flatMap(longLines) })),
  }
}

/** One line per key. A name that several neighbouring columns share is written once, above all of them. */
function headLines({ lead, columns }: Layout): readonly string[] {
  const keys = columns[0]?.length ?? 1
  return Array.from({ length: keys }, (_, key) => {
    if (key === keys - 1) return [line([...lead, ...columns.map((column) => column[key] as string)].map(stacked))]
    const starts = columns.flatMap((column, i) =>
      i > 0 && column.slice(0, key + 1).join() === columns[i - 1]?.slice(0, key + 1).join() ? [] : [i],
    )
    const spans = starts.map((start, i) => ({ start, end: starts[i + 1] ?? columns.length }))
    const cells = spans.map(
      ({ start, end }) => `\\multicolumn{${end - start}}{c}{${stacked(columns[start]?.[key] as string, 'c')}}`,
    )
    const rules = spans.map(({ start, end }) => `\\cmidrule(lr){${lead.length + start + 1}-${lead.length + end}}`)
    return [line([...lead.map(() => ''), ...cells]), rules.join('')]
  }).flat()
}

function stacked(words: string, align: unknown): string {
  const lines = brokenLines(words).map(latexText)
  return lines.length === 1 ? (lines[0] as string) : `\\shortstack[${align === 'c' ? 'c' : 'r'}]{${lines.join('\\\\')}}`
}

function brokenLines(words: string): readonly string[] {
  return words.split(' ').reduce<string[]>((lines, word) => {
    const longer = `${lines.at(-1)} ${word}`
    if (lines.length > 0 && longer.length <= LONGEST_LINE) return [...lines.slice(0, -1), longer]
    return [...lines, word]
  }, [])
}

/** Width of a table, in pt. */
function widthOf({ lead, columns, groups }: Layout): number {
  const lines = groups.flatMap((group) => group.lines)
  const heads = [...lead, ...columns.map((column) => column.at(-1) as string)]
  const widths = heads.map((words, i) => {
    const cells = [...brokenLines(words), ...lines.map((cells) => cells[i] ?? '')]
    return (Math.max(...cells.map(textWidth)) * LETTERS) / PICTURE_LETTERS
  })
  return widths.reduce((sum, width) => sum + width, 0) + 2 * SEPARATION * (widths.length - 1)
}
