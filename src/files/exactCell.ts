import { CONTROLS } from '../messageLine.js'
import { FORMULA } from './csv.js'
import { tryJson } from './json.js'

/**
 * Text for a cell from which `textOfCell` gets it back. Text with control characters becomes a JSON string without them,
 * because `csvCell` would replace them.
 */
export function exactCell(text: string): string {
  if (!text.startsWith('"') && text.search(CONTROLS) === -1) return text
  const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  return JSON.stringify(text).replace(CONTROLS, escaped)
}

/** @returns undefined for a damaged cell */
export function textOfCell(cell: string): string | undefined {
  if (cell.startsWith('"')) {
    const text = tryJson(cell)
    return typeof text === 'string' ? text : undefined
  }
  // Only a formula begins with apostrophes that `csvCell` has added.
  return cell.startsWith("'") && FORMULA.test(cell) ? cell.slice(1) : cell
}
