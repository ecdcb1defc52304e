import { withoutControls } from '../support/text.js'

/**
 * Texts that a spreadsheet would read as a formula. Leading apostrophes count too, so that two names never give the
 * same cell.
 */
const FORMULA = /^'*[=@+-]/
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i

/**
 * A cell by RFC 4180: quoted if it holds a comma or a quote. A name that a spreadsheet would read as a formula gets an
 * apostrophe in front. Each character that could steer a terminal becomes a question mark. Numbers stay as they are.
 */
export function csvCell(value: string | number): string {
  const text = withoutControls(String(value))
  const isFormula = typeof value === 'string' && FORMULA.test(text) && !NUMBER.test(text)
  const guarded = isFormula ? `'${text}` : text
  return /[",]/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded
}
