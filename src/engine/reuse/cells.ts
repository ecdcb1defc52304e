import type { CellStep } from './cellStep.js'
import { type AxisSpace, type Both, both, type CellTensor, type Keys, type Source } from './keys.js'

/** Number of cells whose windows are gathered at a time. Each tensor's number of cells is rounded up to a multiple. */
export const CELLS_AT_A_TIME = 128

/** Names of the inputs of the two graphs in `CellGraphs`, apart from the pixels. Index tensors are int32. */
export const CELL_INPUTS = {
  /**
   * Input of the first graph, [cells, taps]: for each cell of the tensor `output`, the indices of the cells to read.
   * The cells belong to the step's input number `input`. The index after that input's last cell stands for zeros.
   */
  gather: (output: string, input: number) => `shiftscope.gather.${input}.${output}`,
  /** Input of the second graph: the distinct cells of a tensor, which are an output of the first graph. */
  cells: (tensor: string) => `shiftscope.cells.${tensor}`,
  /**
   * Input of the second graph, [images, rows * cols]: at each position of a tensor, the index of the distinct cell to
   * copy there.
   */
  frames: (tensor: string) => `shiftscope.frames.${tensor}`,
} as const

/**
 * The distinct cells that a group of positions needs. A cell is a pair of a row key and a column key (see `Keys`).
 * First come all pairs of `seeing` row and column keys; these cells depend on the patch. Then come all pairs of `blank`
 * row and column keys. Both groups are in row-major order.
 */
interface CellSet extends Both<NeededKeys> {
  /** Index of the first cell that does not depend on the patch. */
  readonly base: number
  /** Number of cells, rounded up to a multiple of CELLS_AT_A_TIME. */
  readonly count: number
}

/** The keys that a group of positions needs along an axis. */
interface NeededKeys {
  /** Keys that depend on the patch, in ascending order. */
  readonly seeing: Int32Array
  /** Keys that do not depend on the patch, in ascending order. */
  readonly blank: Int32Array
  /** For each key of the axis, its index in `seeing`; -1 if the key does not depend on the patch. */
  readonly seeingAt: Int32Array
  /** For each key of the axis, the index in `blank` of the key that replaces it in an image without the patch. */
  readonly blankAt: Int32Array
}

/** Positions that are computed together: the indices of their rows and of their columns (see `AxisPlaces`). */
export type Pass = Both<readonly number[]>

/** The distinct rows and the distinct columns of some positions. */
export interface Positions extends Pass {
  readonly count: number
}

/**
 * @param offsets [positions, 2], in pixels
 * @param first the position with index 0 along each axis, in pixels
 */
export function positionsOf(offsets: Int32Array, first: Both<number>): Positions {
  const along = (axis: 0 | 1, from: number) =>
    [...new Set(offsets.filter((_, i) => i % 2 === axis))].map((offset) => offset - from)
  return { rows: along(0, first.rows), cols: along(1, first.cols), count: offsets.length / 2 }
}

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
 * @param positions indices of the positions' rows or columns
 */
export function keysAt({ count, blankOf, views }: AxisSpace, positions: readonly number[]) {
  const isNeeded = new Uint8Array(count)
  for (const { length, keys } of views) {
    // The last row of `keys` is for images without the patch (see `AxisTensor`).
    for (const position of [...positions, keys.length / length - 1]) {
      for (let at = position * length; at < (position + 1) * length; at++) {
        const key = keys[at]!
        isNeeded[key] = 1
        isNeeded[blankOf[key]!] = 1
      }
    }
  }
  const seeing: number[] = []
  const without: number[] = []
  for (let key = 0; key < count; key++) if (isNeeded[key]) (blankOf[key] === key ? without : seeing).push(key)
  return { seeing: Int32Array.from(seeing), blank: Int32Array.from(without) }
}

export interface PassCells {
  /** Row key and column key of each distinct pixel of the images, [pixels, 2]. */
  readonly pixels: Int32Array
  /**
   * For each input of each step, the indices of the cells that the step reads from it, [cells, taps]. An index equal to
   * `CellSet.count` stands for zeros. `CELL_INPUTS.gather` makes the keys of this map.
   */
  readonly gathers: ReadonlyMap<string, { readonly indices: Int32Array; readonly taps: number }>
  /**
   * Fills `into` for an image with the patch at the position with the indices `row` and `col`. For each element of the tensor's map, [rows * cols],
   * `into` gets the index of the distinct cell whose values belong there.
   */
  frame(tensor: string, row: number, col: number, into: Int32Array): void
}

/** @param image name of the network's input */
export function passCells(keys: Keys, steps: readonly CellStep[], image: string, pass: Pass): PassCells {
  const tensorOf = (name: string) => keys.tensors.get(name)!
  const sets: CellSet[] = []
  for (const name of [image, ...steps.map(({ output }) => output)]) {
    const { space } = tensorOf(name)
    sets[space] ??= cellSet(keys.spaces[space]!, pass)
  }
  const setOf = ({ space }: CellTensor) => sets[space]!
  const gathers = new Map<string, { indices: Int32Array; taps: number }>()
  for (const { output } of steps) {
    for (const [i, source] of (keys.sources.get(output) ?? []).entries()) {
      if (source === null) continue
      const gathered = gather(source, setOf(tensorOf(output)), setOf(tensorOf(source.input)))
      gathers.set(CELL_INPUTS.gather(output, i), gathered)
    }
  }
  return {
    pixels: pairs(setOf(tensorOf(image))),
    gathers,
    frame: (name, row, col, into) => {
      const tensor = tensorOf(name)
      const { rows, cols, base } = setOf(tensor)
      const [width, blankWidth] = [cols.seeing.length, cols.blank.length]
      let at = 0
      for (let i = 0; i < tensor.rows.length; i++) {
        const rowKey = tensor.rows.keys[row * tensor.rows.length + i]!
        const seeingBegin = rows.seeingAt[rowKey]! * width
        const blankBegin = base + rows.blankAt[rowKey]! * blankWidth
        for (let j = 0; j < tensor.cols.length; j++) {
          const colKey = tensor.cols.keys[col * tensor.cols.length + j]!
          const within = cols.seeingAt[colKey]!
          into[at++] = seeingBegin >= 0 && within >= 0 ? seeingBegin + within : blankBegin + cols.blankAt[colKey]!
        }
      }
    },
  }
}

function cellSet(space: Both<AxisSpace>, pass: Pass): CellSet {
  const { rows, cols } = both((axis) => neededKeys(space[axis], pass[axis]))
  const base = rows.seeing.length * cols.seeing.length
  const exact = base + rows.blank.length * cols.blank.length
  return { rows, cols, base, count: Math.ceil(exact / CELLS_AT_A_TIME) * CELLS_AT_A_TIME }
}

function neededKeys(space: AxisSpace, positions: readonly number[]): NeededKeys {
  const { seeing, blank } = keysAt(space, positions)
  const seeingAt = new Int32Array(space.count).fill(-1)
  for (const [at, key] of seeing.entries()) seeingAt[key] = at
  const blankAt = new Int32Array(space.count).fill(-1)
  for (const [at, key] of blank.entries()) blankAt[key] = at
  for (let key = 0; key < space.count; key++) blankAt[key] = blankAt[space.blankOf[key]!]!
  return { seeing, blank, seeingAt, blankAt }
}

function pairs({ rows, cols, count }: CellSet): Int32Array {
  const result = new Int32Array(2 * count)
  let at = 0
  for (const part of ['seeing', 'blank'] as const) {
    for (const row of rows[part]) {
      for (const col of cols[part]) {
        result[at++] = row
        result[at++] = col
      }
    }
  }
  return result
}

/** Its inner loop visits every tap of every cell, so it looks up columns only once, and rows outside this loop. */
function gather({ taps }: Source, to: CellSet, { rows, cols, base, count }: CellSet) {
  const counts = both((axis) => taps[axis].length / to[axis].seeingAt.length)
  const each = counts.rows * counts.cols
  const indices = new Int32Array(to.count * each)
  const [width, blankWidth] = [cols.seeing.length, cols.blank.length]
  let rowBegin = 0
  for (const part of ['seeing', 'blank'] as const) {
    const { seeingAt, blankAt } = tapsAt(taps.cols, counts.cols, to.cols[part], cols)
    for (const row of to.rows[part]) {
      for (let dy = 0; dy < counts.rows; dy++) {
        const rowKey = taps.rows[row * counts.rows + dy]!
        const isInside = rowKey >= 0
        const seeingBegin = isInside ? rows.seeingAt[rowKey]! * width : -1
        const blankBegin = isInside ? base + rows.blankAt[rowKey]! * blankWidth : 0
        let tap = 0
        for (let at = rowBegin + dy * counts.cols; tap < blankAt.length; at += each) {
          for (let dx = 0; dx < counts.cols; dx++, tap++) {
            const within = seeingAt[tap]!
            const behind = blankAt[tap]!
            if (!isInside || behind < 0) indices[at + dx] = count
            else indices[at + dx] = seeingBegin >= 0 && within >= 0 ? seeingBegin + within : blankBegin + behind
          }
        }
      }
      rowBegin += to.cols[part].length * each
    }
  }
  return { indices, taps: each }
}

/** For each tap of some output columns, its `seeingAt` and `blankAt` in the input; -1 beyond the border. */
function tapsAt(taps: Int32Array, each: number, outputs: Int32Array, { seeingAt, blankAt }: NeededKeys) {
  const keyAt = (at: number) => taps[outputs[Math.floor(at / each)]! * each + (at % each)]!
  const lookUp = (found: Int32Array) =>
    Int32Array.from({ length: outputs.length * each }, (_, at) => (keyAt(at) < 0 ? -1 : found[keyAt(at)]!))
  return { seeingAt: lookUp(seeingAt), blankAt: lookUp(blankAt) }
}
