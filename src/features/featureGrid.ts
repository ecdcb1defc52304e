import { type Anchor, anchorPositions } from '../engine/positions.js'
import type { DescribedGrid } from './extractFile.js'

/** Stride, and positions along an axis at stride 1. */
export interface Stride {
  readonly stride: number
  readonly side: number
}

/** What a description says, if it fits the array. */
export function strideOf(description: DescribedGrid | undefined, rows: number, cols: number): Stride | undefined {
  if (description === undefined || description.rows !== rows || description.cols !== cols) return undefined
  const { stride, size, frame } = description
  const side = frame - size + 1
  const positions = Math.ceil(side / stride)
  return rows === positions && cols === positions ? { stride, side } : undefined
}

/** Of each anchor the position that is nearest to its place on the stride-1 grid; rows and columns are those of the array. */
export function nearestAnchors(rows: number, cols: number, stride: Stride | undefined): readonly Anchor[] {
  if (stride === undefined) {
    const vertical = anchorPositions(rows)
    return anchorPositions(cols).map(({ name, col }, i) => {
      const row = (vertical[i] as (typeof vertical)[number]).row
      return { name, row, col, index: row * cols + col }
    })
  }
  const nearest = (place: number, count: number) => Math.min(count - 1, Math.round(place / stride.stride))
  return anchorPositions(stride.side).map(({ name, row, col }) => {
    const at = { row: nearest(row, rows), col: nearest(col, cols) }
    return { name, ...at, index: at.row * cols + at.col }
  })
}
