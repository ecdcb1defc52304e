import { withoutControls } from '../support/text.js'

/**
 * Text that a spreadsheet could run as a formula, unless it is a number; see `csvCell`. The pattern allows leading
 * apostrophes, because otherwise the texts `=x` and `'=x` would give the same cell.
 */
const FORMULA = /^'*[=@+-]/
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

/** Matches one cell and the separator behind it: a comma, the end of a line, or the end of the text. */
const CELL = /("(?:[^"]|"")*"|[^",\r\n]*)(,|\r?\n|$)/y

/**
 * Reads the cells of a CSV file (RFC 4180), row by row. Empty lines are left out.
 * @throws SyntaxError that names the line if a quote is in the wrong place
 */
export function parseCsv(text: string): readonly (readonly string[])[] {
  const rows: string[][] = [[]]
  for (let at = 0; at < text.length; ) {
    CELL.lastIndex = at
    const [whole, cell, separator] = CELL.exec(text) ?? []
    if (whole === undefined || cell === undefined)
      throw new SyntaxError(`line ${text.slice(0, at).split('\n').length} has a quote in the wrong place`)
    rows.at(-1)?.push(cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell)
    if (separator !== ',') rows.push([])
    else if (at + whole.length === text.length) rows.at(-1)?.push('')
    at += whole.length
  }
  return rows.filter((row) => row.length > 1 || (row[0] ?? '') !== '')
}
