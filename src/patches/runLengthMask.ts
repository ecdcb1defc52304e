/** Which pixels belong to an object: 0 or 1, column-major [cols, rows], as COCO stores masks. */
export interface Mask {
  readonly rows: number
  readonly cols: number
  readonly columns: Uint8Array
}

/**
 * The mask of COCO's run lengths: pixels column by column, runs of 0 and 1 in turn, 0 first.
 * @param counts the lengths, or COCO's compressed string of them
 * @throws Error if they are damaged or do not cover the mask exactly
 */
export function runLengthMask(counts: readonly number[] | string, rows: number, cols: number): Mask {
  const columns = new Uint8Array(rows * cols)
  const runs = typeof counts === 'string' ? runsOfString(counts) : counts
  let at = 0
  for (const [i, run] of runs.entries()) {
    if (!Number.isInteger(run) || run < 0 || at + run > columns.length) {
      throw new Error(`run ${i} of its mask has the length ${run}`)
    }
    if (i % 2 === 1) columns.fill(1, at, at + run)
    at += run
  }
  if (at !== columns.length) throw new Error(`its mask covers ${at} of ${columns.length} pixels`)
  return { rows, cols, columns }
}

/** Each character holds five bits of a number, lowest first, and whether more follow; from 48 upwards. */
const FIRST_CHARACTER = 48
const LAST_CHARACTER = 111

/**
 * Run lengths of COCO's compressed string. From the fourth on, a number is the difference from the run length two
 * before it.
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
        throw new Error(
          at > text.length ? 'the text of its mask is cut short' : `character ${at} of its mask is no code`,
        )
      }
      value += (code & 31) * weight
      weight *= 32
    } while (code & 32 && weight < 2 ** 40)
    if (code & 16) value -= weight
    runs.push(runs.length > 2 ? value + (runs[runs.length - 2] as number) : value)
  }
  return runs
}
