import { InputError } from '../errors.js'
import { type Mask, polygonMask } from './polygonMask.js'

/**
 * Makes the mask of an annotation from its `segmentation`, by the rules of the COCO API. A segmentation is a list of
 * polygons, a list of boxes, or run lengths (numbers, or COCO's compressed string). If the first polygon has only four
 * numbers, all are boxes: x, y, width, height.
 */
export function cocoMask(segmentation: unknown, rows: number, cols: number): Mask {
  if (Array.isArray(segmentation)) return polygonMask(polygonsOf(segmentation), rows, cols)
  const { size, counts } = (segmentation ?? {}) as { size?: unknown; counts?: unknown }
  if (!isNumbers(size) || !(isNumbers(counts) || typeof counts === 'string')) {
    throw new InputError('its segmentation is neither polygons nor run lengths')
  }
  if (size[0] !== rows || size[1] !== cols) {
    throw new InputError(`its mask has ${size[1]}×${size[0]} pixels, but its image has ${cols}×${rows}`)
  }
  return runLengthMask(counts, rows, cols)
}

function isNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every(Number.isFinite)
}

function polygonsOf(lists: readonly unknown[]): readonly (readonly number[])[] {
  if (!lists.every(isNumbers)) throw new InputError('its segmentation is not a list of lists of numbers')
  const length = lists[0]?.length ?? 0
  if (length < 4) throw new InputError('its segmentation has no polygon')
  if (length > 4) return lists
  if (lists.some((list) => list.length !== 4)) throw new InputError('its segmentation mixes boxes and polygons')
  return lists.map(([x, y, w, h]) => {
    const [left, top, right, bottom] = [x, y, x! + w!, y! + h!] as number[]
    return [left, top, left, bottom, right, bottom, right, top] as number[]
  })
}

/**
 * Makes a mask from COCO's run lengths. They count the pixels column by column. The runs are alternately outside (0)
 * and inside (1) the object, beginning with 0.
 */
export function runLengthMask(counts: readonly number[] | string, rows: number, cols: number): Mask {
  const columns = new Uint8Array(rows * cols)
  const runs = typeof counts === 'string' ? runsOfString(counts) : counts
  let at = 0
  for (const [i, run] of runs.entries()) {
    if (!Number.isInteger(run) || run < 0 || at + run > columns.length) {
      throw new InputError(`its run-length encoded mask is invalid: run ${i} has the length ${run}`)
    }
    if (i % 2 === 1) columns.fill(1, at, at + run)
    at += run
  }
  if (at !== columns.length) throw new InputError(`its run lengths cover only ${at} of ${columns.length} pixels`)
  return { rows, cols, columns }
}

/**
 * Range of character codes in COCO's compressed string. A code minus 48 holds five bits of a number, lowest bits first,
 * and a sixth bit that tells whether more characters follow.
 */
const FIRST_CHARACTER = 48
const LAST_CHARACTER = 111

/**
 * Decodes COCO's compressed string into run lengths. The first three numbers of the string are run lengths themselves.
 * Each later number is the difference from the run length two places before it.
 */
export function runsOfString(text: string): readonly number[] {
  const runs: number[] = []
  for (let at = 0; at < text.length; ) {
    let value = 0
    let weight = 1
    let code: number
    do {
      code = text.charCodeAt(at++) - FIRST_CHARACTER
      if (!(code >= 0 && code <= LAST_CHARACTER - FIRST_CHARACTER)) {
        throw new InputError(
          at > text.length
            ? 'its compressed run lengths are cut short'
            : `character ${at} of its compressed run lengths is invalid`,
        )
      }
      value += (code & 31) * weight
      weight *= 32
    } while (code & 32 && weight < 2 ** 40)
    if (code & 16) value -= weight
    runs.push(runs.length > 2 ? value + runs[runs.length - 2]! : value)
  }
  return runs
}
