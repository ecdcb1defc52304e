import { withoutControls } from '../support/text.js'

/** Texts that a spreadsheet takes for a formula. Apostrophes before it belong to it, so that two names never become one. */
const FORMULA = /^'*[=@+-]/
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i

/**
 * A cell by RFC 4180: quoted if it holds a comma or a quote. A name that a spreadsheet would take for a formula gets an
 * apostrophe before it, and a question mark for each character that could steer a terminal; numbers stay as they are.
 */
export function csvCell(value: string | number): string {
  const text = withoutControls(String(value))
  const isFormula = typeof value === 'string' && FORMULA.test(text) && !NUMBER.test(text)
  const guarded = isFormula ? `'${text}` : text
  return /[",]/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded
}
