import { InputError } from '../errors.js'
import { withoutControls } from '../messageLine.js'

/**
 * Text that a spreadsheet could run as a formula, unless it is a number; see `csvCell`. The pattern allows leading
 * apostrophes, because otherwise the texts `=x` and `'=x` would give the same cell.
 */
export const FORMULA = /^'*[=@+-]/
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i

/**
 * Makes a CSV cell (RFC 4180). Text that a spreadsheet would run as a formula gets an apostrophe in front. Control
 * characters become question marks, because they could steer a terminal.
 */
export function csvCell(value: string | number): string {
  const text = withoutControls(String(value))
  const isFormula = typeof value === 'string' && FORMULA.test(text) && !NUMBER.test(text)
  const guarded = isFormula ? `'${text}` : text
  return /[",]/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded
}

/** Rows of CSV as text. Cells without a value are empty. */
export function csvText(rows: readonly (readonly (string | number | undefined)[])[]): string {
  return rows.map((cells) => `${cells.map((cell = '') => csvCell(cell)).join(',')}\n`).join('')
}

/**
 * Largest number of characters in a row. A hostile file could otherwise hold millions of cells in one row. The longest
 * path of a photograph has 4,096 bytes, each of which may be a control character.
 */
const LONGEST_ROW = 40_000

/**
 * Reads rows of CSV (RFC 4180), each with the number of the line where it begins, from 1. Empty lines are left out.
 * @param source name of the file, for messages
 * @throws InputError if a quoted cell does not end, or if a row is too long
 */
export function* csvRows(text: string, source: string): Generator<readonly [line: number, cells: readonly string[]]> {
  let row = ''
  let [line, first] = [0, 1]
  let isQuoted = false
  for (const [piece] of text.matchAll(/[^\n]*\n|[^\n]+$/g)) {
    line++
    if (row === '') first = line
    row += piece
    if (row.length > LONGEST_ROW)
      throw new InputError(`${source} line ${first} has more than ${LONGEST_ROW} characters; give a CSV file`)
    // A line with an odd number of quotes begins or ends inside a quoted cell.
    if (piece.split('"').length % 2 === 0) isQuoted = !isQuoted
    if (isQuoted) continue
    const bare = `,${row.replace(/\r?\n$/, '')}`
    const cells = [...bare.matchAll(/,(?:"((?:[^"]|"")*)"(?=,|$)|([^,]*))/g)]
    if (bare !== ',') yield [first, cells.map(([, text, plain = '']) => text?.replaceAll('""', '"') ?? plain)]
    row = ''
  }
  if (isQuoted) throw new InputError(`${source} line ${first} has a quote without end; add the second quote`)
}
