import type { Position } from '../../engine/scene/positions.js'
import { decimalText } from '../../plot/numberText.js'
import { MAP_DECIMALS } from '../site/mapCoding.js'

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Decimals of a cosine, unless a small difference needs more. */
const FEW_DECIMALS = 3

/** The fewest decimals, three to five, with which values that differ also look different. */
export function decimalsFor(values: readonly number[]): number {
  const texts = (decimals: number) => new Set(values.map((value) => decimalText(value, decimals))).size
  for (let decimals = FEW_DECIMALS; decimals < MAP_DECIMALS; decimals++) {
    if (texts(decimals) === texts(MAP_DECIMALS)) return decimals
  }
  return MAP_DECIMALS
}

/** @param error largest possible error. If it is not 0, the text begins with ≈ and has only three decimals. */
export function cosineText(value: number, decimals: number, error = 0): string {
  return error === 0 ? decimalText(value, decimals) : `≈ ${decimalText(value, FEW_DECIMALS)}`
}

export function probabilityText(value: number): string {
  return decimalText(value, 2)
}

/** A share as a percentage. The text is 0 % or 100 % only if the share is exactly 0 or 1. */
export function shareText(part: number, whole: number): string {
  if (part === 0 || part === whole) return part === 0 ? '0 %' : '100 %'
  const percent = (100 * part) / whole
  if (percent < 0.1) return '< 0.1 %'
  if (percent > 99.9) return '> 99.9 %'
  return `${percent.toFixed(percent < 10 || percent > 90 ? 1 : 0)} %`
}

/** The chance that two positions, drawn at random, get the same answer. */
export function agreementText(agreement: number): string {
  return `agreement ${shareText(agreement, 1)} for this object`
}

/** Says at how many of a map's positions something holds. A share of a single position would promise too much. */
export function positionsText(part: number, whole: number): string {
  if (whole === 1) return part === 1 ? 'its only position' : 'no position'
  return `${shareText(part, whole)} of positions`
}

export function positionText({ row, col }: Position): string {
  return `row ${decimalText(row, 0)}, column ${decimalText(col, 0)}`
}

/** Says how far the object moves, such as `6 px down, 2 px left`; empty if it does not. */
export function wayText(from: Position, to: Position): string {
  const along = (pixels: number, ahead: string, back: string) =>
    pixels === 0 ? [] : [`${Math.abs(pixels)} px ${pixels > 0 ? ahead : back}`]
  return [...along(to.row - from.row, 'down', 'up'), ...along(to.col - from.col, 'right', 'left')].join(', ')
}

/** The name of a class in words, such as `fire truck` for `fire-truck`. */
export function classWords(name: string): string {
  return name.includes(' ') ? name : name.replaceAll('-', ' ')
}

/**
 * Puts invisible Unicode marks around a name, so that a right-to-left name does not reorder the rest of the sentence.
 */
export function isolated(name: string): string {
  return `\u2068${name}\u2069`
}
