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
