import type { CellStep } from './cellStep.js'
import { CELL_INPUTS, CELLS_AT_A_TIME } from './cellWindowNodes.js'
import { type AxisSpace, type Both, both, type Keys, type Source } from './keys.js'

/**
 * The distinct cells that a group of positions needs. A cell is a pair of a row key and a column key (see `Keys`).
 * First come all pairs of `seeing` row and column keys; these cells depend on the patch. Then come all pairs of `blank`
 * row and column keys. Both groups are in row-major order.
 */
interface CellSet {
  readonly seeing: Both<Int32Array>
  readonly blank: Both<Int32Array>
  /** Number of cells, rounded up to a multiple of CELLS_AT_A_TIME. */
  readonly count: number
}

/** Positions that are computed together: their rows and their columns. */
export type Pass = Both<readonly number[]>

/** Two numbers of keys: `seeing` counts those that depend on the patch, and `blank` counts those that do not. */
export interface AxisCount {
  readonly seeing: number
  readonly blank: number
}

export function cellCount(rows: AxisCount, cols: AxisCount): number {
  return rows.seeing * cols.seeing + rows.blank * cols.blank
}

/**
 * Lists the keys that some positions need along an axis, in ascending order.
 * @param times rows or columns of the positions
 */
export function keysOfTimes({ count, blank, views }: AxisSpace, times: readonly number[]) {
  const isNeeded = new Uint8Array(count)
  for (const { length, keys } of views) {
    for (const time of [...times, keys.length / length - 1]) {
      for (let at = time * length; at < (time + 1) * length; at++) {
        const key = keys[at] as number
        isNeeded[key] = 1
        isNeeded[blank[key] as number] = 1
      }
    }
  }
  const seeing: number[] = []
  const without: number[] = []
  for (let key = 0; key < count; key++) if (isNeeded[key]) (blank[key] === key ? without : seeing).push(key)
  return { seeing: Int32Array.from(seeing), blank: Int32Array.from(without) }
}

/** For each key of an axis, its indices in the two lists of a `CellSet`. */
interface Lookup {
  /** Index in `CellSet.seeing`; -1 if the key does not depend on the patch. */
  readonly seeing: Int32Array
  /** Index in `CellSet.blank` of the key that replaces this key in an image without the patch. */
  readonly blank: Int32Array
}

interface PassIndices {
  /** Row key and column key of each distinct pixel of the images, [pixels, 2]. */
  readonly pixels: Int32Array
  /**
   * For each input of each step, the indices of the cells that the step reads from it, [cells, taps]. An index equal to
   * `CellSet.count` stands for zeros. `CELL_INPUTS.gather` makes the keys of this map.
   */
  readonly gathers: ReadonlyMap<string, { readonly indices: Int32Array; readonly taps: number }>
}

export interface PassCells {
  readonly indices: PassIndices
  /**
   * Fills `into` for an image with the patch at `row` and `col`. For each element of the tensor's map, [rows * cols],
   * `into` gets the index of the distinct cell whose values belong there.
   */
  frame(tensor: string, row: number, col: number, into: Int32Array): void
}

/** @param image name of the network's input */
export function passCells(keys: Keys, steps: readonly CellStep[], image: string, pass: Pass): PassCells {
  const used = [image, ...steps.map(({ output }) => output)]
  const spaces = new Set(used.map((name) => keys.tensors.get(name)?.space as number))
  const sets: CellSet[] = []
  const lookups: Both<Lookup>[] = []
  for (const space of spaces) {
    const along = both((axis) => keysOfTimes((keys.spaces[space] as Both<AxisSpace>)[axis], pass[axis]))
    const { rows, cols } = along
    const exact = rows.seeing.length * cols.seeing.length + rows.blank.length * cols.blank.length
    const count = Math.ceil(exact / CELLS_AT_A_TIME) * CELLS_AT_A_TIME
    sets[space] = {
      seeing: { rows: rows.seeing, cols: cols.seeing },
      blank: { rows: rows.blank, cols: cols.blank },
      count,
    }
    lookups[space] = both((axis) => lookup((keys.spaces[space] as Both<AxisSpace>)[axis], along[axis]))
  }
  const gathers = new Map<string, { indices: Int32Array; taps: number }>()
  for (const { output } of steps) {
    const space = keys.tensors.get(output)?.space as number
    for (const [i, source] of (keys.sources.get(output) ?? []).entries()) {
      if (source === null) continue
      const from = keys.tensors.get(source.input)?.space as number
      gathers.set(
        CELL_INPUTS.gather(output, i),
        gather(source, keys, space, sets[space] as CellSet, sets[from] as CellSet, lookups[from] as Both<Lookup>),
      )
    }
  }
  return {
    indices: { pixels: pairs(sets[0] as CellSet), gathers },
    frame: (name, row, col, into) => {
      const tensor = keys.tensors.get(name) as NonNullable<ReturnType<Keys['tensors']['get']>>
      const set = sets[tensor.space] as CellSet
      const { rows, cols } = lookups[tensor.space] as Both<Lookup>
      const base = set.seeing.rows.length * set.seeing.cols.length
      let at = 0
      for (let i = 0; i < tensor.rows.length; i++) {
        const rowKey = tensor.rows.keys[row * tensor.rows.length + i] as number
        const seeing = (rows.seeing[rowKey] as number) * set.seeing.cols.length
        const blank = base + (rows.blank[rowKey] as number) * set.blank.cols.length
        for (let j = 0; j < tensor.cols.length; j++) {
          const colKey = tensor.cols.keys[col * tensor.cols.length + j] as number
          const within = cols.seeing[colKey] as number
          into[at++] = seeing >= 0 && within >= 0 ? seeing + within : blank + (cols.blank[colKey] as number)
        }
      }
    },
  }
}

function lookup({ blank, count }: AxisSpace, needed: { seeing: Int32Array; blank: Int32Array }): Lookup {
  const own = new Int32Array(count).fill(-1)
  for (const [at, key] of needed.seeing.entries()) own[key] = at
  const without = new Int32Array(count).fill(-1)
  for (const [at, key] of needed.blank.entries()) without[key] = at
  for (let key = 0; key < count; key++) without[key] = without[blank[key] as number] as number
  return { seeing: own, blank: without }
}

function pairs({ seeing, blank, count }: CellSet): Int32Array {
  const result = new Int32Array(2 * count)
  let at = 0
  for (const { rows, cols } of [seeing, blank]) {
    for (const row of rows) {
      for (const col of cols) {
        result[at++] = row
        result[at++] = col
      }
    }
  }
  return result
}

function gather({ taps }: Source, keys: Keys, space: number, to: CellSet, from: CellSet, { rows, cols }: Both<Lookup>) {
  const own = keys.spaces[space] as Both<AxisSpace>
  const counts = both((axis) => taps[axis].length / own[axis].count)
  const each = counts.rows * counts.cols
  const indices = new Int32Array(to.count * each)
  const width = from.seeing.cols.length
  const blankWidth = from.blank.cols.length
  const base = from.seeing.rows.length * width
  let at = 0
  for (const part of [to.seeing, to.blank]) {
    for (const row of part.rows) {
      for (const col of part.cols) {
        for (let dy = 0; dy < counts.rows; dy++) {
          const rowKey = taps.rows[row * counts.rows + dy] as number
          const seeing = rowKey < 0 ? -1 : (rows.seeing[rowKey] as number)
          const begin = seeing < 0 ? -1 : seeing * width
          const blank = rowKey < 0 ? -1 : base + (rows.blank[rowKey] as number) * blankWidth
          for (let dx = 0; dx < counts.cols; dx++) {
            const colKey = taps.cols[col * counts.cols + dx] as number
            if (rowKey < 0 || colKey < 0) indices[at++] = from.count
            else {
              const within = cols.seeing[colKey] as number
              indices[at++] = begin >= 0 && within >= 0 ? begin + within : blank + (cols.blank[colKey] as number)
            }
          }
        }
      }
    }
  }
  return { indices, taps: each }
}
