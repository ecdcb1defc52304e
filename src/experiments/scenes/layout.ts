import { UsageError } from '../../errors.js'
import type { Patch } from '../../patches/patch.js'

/** An object in a scene: the name of its patch, and the row and column of its top-left pixel in the frame. */
export interface PlacedObject {
  readonly patch: string
  /** Side of the square patch in pixels. */
  readonly size: number
  readonly row: number
  readonly col: number
}

/** Pixels of a frame: 8-bit RGB, row-major [rows, cols, 3]. */
export type RgbPixels = Uint8Array

export const BLANK = 'blank'

/**
 * Parses a scene such as `orange@0,149 dog:100@20,30`: terms `patch@row,col` or `patch:size@row,col`, separated by
 * spaces or `+`. The first term is drawn first. `blank` is the scene without objects.
 * @param size side in pixels of objects whose term has no size
 */
export function parseLayout(text: string, size: number): readonly PlacedObject[] {
  if (text.trim() === BLANK) return []
  const term = /(?<patch>[^@\s+][^@]*?)(?::(?<size>\d{1,5}))?@(?<row>-?\d{1,5}),(?<col>-?\d{1,5})(?=[\s+]|$)/y
  const separator = /[\s+]*/y
  const objects: PlacedObject[] = []
  let at = skip(separator, text, 0)
  do {
    term.lastIndex = at
    const groups = term.exec(text)?.groups as (Record<'patch' | 'row' | 'col', string> & { size?: string }) | undefined
    if (groups === undefined) {
      throw new UsageError(
        `"${text.slice(at, at + 60)}" is not an object at a position; write object@row,col or object:size@row,col, such as orange@0,149 dog:100@20,30`,
      )
    }
    objects.push({
      patch: groups.patch,
      size: groups.size === undefined ? size : Number(groups.size),
      row: Number(groups.row) + 0,
      col: Number(groups.col) + 0,
    })
    at = skip(separator, text, term.lastIndex)
  } while (at < text.length)
  return objects
}

function skip(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at
  return at + (pattern.exec(text)?.[0].length ?? 0)
}

export function layoutText(objects: readonly PlacedObject[]): string {
  if (objects.length === 0) return BLANK
  return objects.map(({ patch, size, row, col }) => `${patch}:${size}@${row},${col}`).join(' ')
}

export function checkInFrame({ patch, size, row, col }: PlacedObject, frameSide: number): void {
  const limit = frameSide - size
  if (row >= 0 && col >= 0 && row <= limit && col <= limit) return
  const remedy = limit < 0 ? 'choose a smaller size' : `choose a row and a column from 0 to ${limit}`
  throw new UsageError(
    `${patch} of ${size}×${size} at row ${row}, col ${col} does not fit into the frame of ${frameSide}×${frameSide}; ${remedy}`,
  )
}

/**
 * @param pixels RGB, [side, side, 3]; changed in place
 * @param blend hard: takes the patch's pixels where alpha ≥ 128; soft: mixes by alpha and rounds to 8 bits
 */
export function drawObject(
  pixels: RgbPixels,
  side: number,
  { rgba, size }: Patch,
  { row, col }: Pick<PlacedObject, 'row' | 'col'>,
  blend: 'hard' | 'soft',
): void {
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const source = (y * size + x) * 4
      const target = ((row + y) * side + col + x) * 3
      const alpha = rgba[source + 3]!
      if (blend === 'hard') {
        if (alpha >= 128) pixels.set(rgba.subarray(source, source + 3), target)
        continue
      }
      for (let channel = 0; channel < 3; channel++) {
        const behind = pixels[target + channel]!
        const value = rgba[source + channel]!
        pixels[target + channel] = Math.round((value * alpha + behind * (255 - alpha)) / 255)
      }
    }
  }
}
