import type { Position } from '../../engine/positions.js'
import { decimalText, signedText } from '../../plot/numberText.js'
import { MAP_DECIMALS } from '../mapCoding.js'

/**
 * A cosine as text, with all decimals that the maps keep.
 * @param error largest possible error. If it is not 0, the text begins with ≈ and has only three decimals.
 */
export function cosineText(value: number, error = 0): string {
  return error === 0 ? decimalText(value, MAP_DECIMALS) : `≈ ${decimalText(value, 3)}`
}

export function probabilityText(value: number): string {
  return decimalText(value, 2)
}

/** @param error largest possible error of the difference, shown as in `cosineText` */
export function differenceText(value: number, error = 0): string {
  return error === 0 ? signedText(value, MAP_DECIMALS) : `≈ ${signedText(value, 3)}`
}

/** A share as a percentage. The text is 0 % or 100 % only if the share is exactly 0 or 1. */
export function shareText(part: number, whole: number): string {
  if (part === 0 || part === whole) return part === 0 ? '0 %' : '100 %'
  const percent = (100 * part) / whole
  if (percent < 0.1) return '< 0.1 %'
  if (percent > 99.9) return '> 99.9 %'
  return `${percent.toFixed(percent < 10 || percent > 90 ? 1 : 0)} %`
}

export function positionText({ row, col }: Position): string {
  return `row ${decimalText(row, 0)}, column ${decimalText(col, 0)}`
}

/** Says how far `to` is from `from`, such as `6 px down, 2 px left`; empty if they are equal. */
export function wayText(from: Position, to: Position): string {
  const [down, right] = [to.row - from.row, to.col - from.col]
  const parts = [
    ...(down === 0 ? [] : [`${Math.abs(down)} px ${down > 0 ? 'down' : 'up'}`]),
    ...(right === 0 ? [] : [`${Math.abs(right)} px ${right > 0 ? 'right' : 'left'}`]),
  ]
  return parts.join(', ')
}

/** The name of a class for a sentence: its first synonym, in words, such as `fire truck` for `fire-truck`. */
export function classText(name: string): string {
  const [first = ''] = name.split(',')
  return first.includes(' ') ? first : first.replaceAll('-', ' ')
}

/**
 * Puts invisible Unicode marks around a name, so that a right-to-left name does not reorder the rest of the sentence.
 */
export function isolated(name: string): string {
  return `\u2068${name}\u2069`
}
