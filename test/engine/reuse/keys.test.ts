import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CellStep } from '../../../src/engine/reuse/cellStep.js'
import { CELL_INPUTS, type Pass, passCells } from '../../../src/engine/reuse/cells.js'
import { type Both, both, cellKeys, type Keys } from '../../../src/engine/reuse/keys.js'
import { AXES } from '../../../src/engine/scene/positions.js'
import type { AxisWindow } from '../../../src/onnx/graph/windows.js'
import { randomCases } from '../../support/randomCases.js'

/** A tensor whose values are whole numbers. A number stands for everything that it was made of. */
interface Grid {
  readonly rows: number
  readonly cols: number
  readonly values: readonly number[]
}

interface Placed {
  readonly frameSide: number
  readonly opaque: readonly [number, number]
  readonly isVaried: boolean
}

const FRAME = 7
const PATCH = 3

/** One number for a list of numbers, which another list practically never has. */
function mixed(values: readonly number[]): number {
  return values.reduce((hash, value) => Math.imul((hash ^ value) + 0x9e3779b9, 0x85ebca6b) >>> 7, values.length)
}

function gridOf(rows: number, cols: number, valueAt: (row: number, col: number) => number): Grid {
  const values = Array.from({ length: rows * cols }, (_, at) => valueAt(Math.floor(at / cols), at % cols))
  return { rows, cols, values }
}

function valueIn({ rows, cols, values }: Grid, row: number, col: number): number | undefined {
  return row < 0 || col < 0 || row >= rows || col >= cols ? undefined : values[row * cols + col]
}

/** What a window makes of the cells that it reads; undefined stands for one beyond the border. */
function reduced(step: CellStep, read: readonly (number | undefined)[]): number {
  if (step.kind === 'window' && step.operation.kind === 'maximum')
    return Math.max(...read.filter((value) => value !== undefined))
  return mixed(read.map((value) => value ?? 0))
}

/** The definition of a step, on a whole image. */
function whole(step: CellStep, tensorOf: (name: string) => Grid): Grid {
  if (step.kind === 'mapping') {
    const input = tensorOf(step.input)
    const at = (row: number, col: number) => valueIn(input, step.rows[row] as number, step.cols[col] as number)
    return gridOf(step.rows.length, step.cols.length, (row, col) => at(row, col) as number)
  }
  if (step.kind === 'pointwise') {
    const inputs = step.inputs.map(tensorOf)
    const { rows, cols } = inputs[0] as Grid
    return gridOf(rows, cols, (row, col) => mixed(inputs.map((input) => valueIn(input, row, col) as number)))
  }
  const input = tensorOf(step.input)
  const indices = ({ taps, stride, dilation, before }: AxisWindow, at: number) =>
    Array.from({ length: taps }, (_, tap) => at * stride - before + tap * dilation)
  return gridOf(step.rows.length, step.cols.length, (row, col) => {
    const cols = indices(step.cols, col)
    const read = indices(step.rows, row).flatMap((y) => cols.map((x) => valueIn(input, y, x)))
    return reduced(step, read)
  })
}

/** All tensors of the image whose patch lies at a place. */
function tensorsAt(steps: readonly CellStep[], { opaque, isVaried }: Placed, top: number, left: number) {
  const [begin, end] = opaque
  const isSeen = (index: number) => index >= begin && index < end
  const image = gridOf(FRAME, FRAME, (row, col) => {
    const behind = isVaried ? 100 * row + col : 0
    const seen = isSeen(row - top) && isSeen(col - left)
    return seen ? mixed([row - top, col - left, behind]) : behind
  })
  const tensors = new Map([['image', image]])
  const tensorOf = (name: string) => tensors.get(name) as Grid
  for (const step of steps) tensors.set(step.output, whole(step, tensorOf))
  return tensors
}

/** All tensors of the cells of a pass, as the first graph computes them. */
function cellTensors(steps: readonly CellStep[], keys: Keys, { isVaried }: Placed, pass: Pass) {
  const cells = passCells(keys, steps, 'image', pass)
  const { pixels, gathers } = cells
  const image = Array.from({ length: pixels.length / 2 }, (_, cell) => {
    const [rowKey, colKey] = [pixels[2 * cell] as number, pixels[2 * cell + 1] as number]
    const { rows, cols } = keys.pixels
    const [row, col] = [rows.ofPatch[rowKey] as number, cols.ofPatch[colKey] as number]
    const behind = isVaried ? 100 * (rows.ofFrame[rowKey] as number) + (cols.ofFrame[colKey] as number) : 0
    return row > 0 && col > 0 ? mixed([row - 1, col - 1, behind]) : behind
  })
  const tensors = new Map([['image', image]])
  for (const step of steps) {
    const names = step.kind === 'pointwise' ? step.inputs : [step.input]
    const inputs = names.map((name) => tensors.get(name) as number[])
    if (step.kind === 'mapping') {
      tensors.set(step.output, inputs[0] as number[])
      continue
    }
    const gathered = names.map((_, i) => gathers.get(CELL_INPUTS.gather(step.output, i)))
    const [first] = gathered
    const count = first === undefined ? (inputs[0] as number[]).length : first.indices.length / first.taps
    const made = Array.from({ length: count }, (_, cell) => {
      const read = inputs.flatMap((input, i) => {
        const source = gathered[i]
        if (source === undefined) return [input[cell]]
        const own = source.indices.subarray(cell * source.taps, (cell + 1) * source.taps)
        // The number of all cells stands for one beyond the border, and nothing else may lie outside of them.
        return [...own].map((index) => (index === input.length ? 0 : (input[index] ?? Number.NaN)))
      })
      return reduced(step, read)
    })
    tensors.set(step.output, made)
  }
  return { cells, tensors }
}

const upTo = (max: number) => fc.integer({ min: 1, max })
const axis = fc.record({ taps: upTo(3), stride: upTo(2), dilation: upTo(2), before: fc.nat(1) })
const kinds = fc.constantFrom('mean', 'maximum', 'mapping', 'pointwise')
const drawnStep = fc.record({ kind: kinds, rows: axis, cols: axis, from: fc.nat(9) })
const drawnSteps = fc.array(drawnStep, { minLength: 1, maxLength: 6 })
type Drawn<A> = A extends fc.Arbitrary<infer T> ? T : never

/** Steps of which each reads one that was made before, or two of the same shape. */
function stepsOf(drawn: Drawn<typeof drawnSteps>): readonly CellStep[] {
  const shapes = new Map([['image', { rows: FRAME, cols: FRAME }]])
  const steps: CellStep[] = []
  const add = (step: CellStep, shape: Both<number>) => {
    steps.push(step)
    shapes.set(step.output, shape)
  }
  for (const [node, { kind, from, ...axes }] of drawn.entries()) {
    const base = { node, output: `tensor${node}` }
    const names = [...shapes.keys()]
    const input = names[Math.max(0, names.length - 1 - (from % 3))] as string
    const shape = shapes.get(input) as Both<number>
    const windowOf = (size: number, { taps, stride, dilation, before }: Drawn<typeof axis>): AxisWindow => {
      // A maximum of a window that is all border does not exist.
      const own = taps === 1 || size < dilation ? 0 : before
      const length = Math.floor((size + 2 * own - (taps - 1) * dilation - 1) / stride) + 1
      return { taps, stride, dilation, before: own, length }
    }
    const windows = both((one) => windowOf(shape[one], axes[one]))
    const mirrored = (size: number, before: number) =>
      Array.from({ length: size + before }, (_, i) => Math.min(size - 1, Math.abs(i - before)))
    if (kind === 'pointwise') {
      const alike = names.filter((name) => AXES.every((one) => shapes.get(name)?.[one] === shape[one]))
      const inputs = [...new Set([input, alike[from % alike.length] as string])]
      add({ ...base, kind, inputs }, shape)
    } else if (kind === 'mapping') {
      const maps = both((one) => mirrored(shape[one], axes[one].before))
      const own = both((one) => maps[one].length)
      add({ ...base, kind, input, ...maps }, own)
    } else if (windows.rows.length > 0 && windows.cols.length > 0) {
      const own = both((one) => windows[one].length)
      add({ ...base, kind: 'window', input, ...windows, operation: { kind } }, own)
    }
  }
  return steps
}

const scenes = fc.record({
  frameSide: fc.constant(FRAME),
  opaque: fc.constantFrom<readonly [number, number]>([0, PATCH], [1, PATCH], [0, 2], [0, 0]),
  isVaried: fc.boolean(),
})
const POSITIONS = FRAME - PATCH + 1

function keysOf(steps: readonly CellStep[], placed: Placed, count = POSITIONS): Keys {
  const places = both(() => ({ ...placed, positions: { first: 0, count } }))
  return cellKeys({ steps }, 'image', places)
}

describe('keys of cells', () => {
  it('put every image together of cells that are computed once', () => {
    const times = fc.subarray([...Array(POSITIONS).keys()], { minLength: 1 })
    fc.assert(
      fc.property(drawnSteps, scenes, fc.record({ rows: times, cols: times }), (drawn, placed, pass) => {
        const steps = stepsOf(drawn)
        const { cells, tensors } = cellTensors(steps, keysOf(steps, placed), placed, pass)
        for (const row of pass.rows) {
          for (const col of pass.cols) {
            for (const [name, { values }] of tensorsAt(steps, placed, row, col)) {
              const frame = new Int32Array(values.length)
              cells.frame(name, row, col, frame)
              expect([...frame].map((cell) => tensors.get(name)?.[cell])).toEqual(values)
            }
          }
        }
      }),
      { numRuns: randomCases(60), seed: 2 },
    )
  })

  const window = (input: string, taps: number, stride: number, before: number, length: number): CellStep => {
    const own = { taps, stride, dilation: 1, before, length }
    const kinds = { kind: 'window', operation: { kind: 'mean' } } as const
    return { node: 0, output: `${input}+`, input, rows: own, cols: own, ...kinds }
  }
  const sum: CellStep = { node: 1, output: 'sum', kind: 'pointwise', inputs: ['image', 'image+'] }
  const placed = { frameSide: 6, opaque: [0, 2], isVaried: false } as const

  it('count the pixels of the patch and one for all of the background', () => {
    const keys = keysOf([window('image', 2, 2, 0, 3)], placed, 2)
    const rows = [...(keys.tensors.get('image')?.rows.keys ?? [])]
    expect(rows.join('')).toBe('012222 201222 222222'.replaceAll(' ', ''))
    expect(keys.pixels.rows).toMatchObject({ ofPatch: [1, 2, 0], ofFrame: [0, 1, 2] })
    expect([...(keys.tensors.get('image+')?.cols.keys ?? [])]).toEqual([0, 1, 1, 2, 3, 1, 1, 1, 1])
    expect([...(keys.spaces[1]?.rows.blankOf ?? [])]).toEqual([1, 1, 1, 1])
    expect([...(keys.sources.get('image+')?.[0]?.taps.rows ?? [])]).toEqual([0, 1, 2, 2, 2, 0, 1, 2])
  })

  it('count the pixels of a patch that is larger than the frame, and one for the background that it hides', () => {
    const places = both(() => ({ ...placed, opaque: [0, 8] as const, positions: { first: -2, count: 3 } }))
    const keys = cellKeys({ steps: [] }, 'image', places)
    const rows = [...(keys.tensors.get('image')?.rows.keys ?? [])]
    expect(rows.join('')).toBe('012345 601234 760123 888888'.replaceAll(' ', ''))
    expect(keys.pixels.rows.ofPatch).toEqual([3, 4, 5, 6, 7, 8, 2, 1, 0])
    expect(keys.first).toEqual({ rows: -2, cols: -2 })
  })

  it('of a step that only reads its own place are those of its input', () => {
    const keys = keysOf([window('image', 1, 1, 0, 6), sum], placed, 2)
    expect(keys.spaces).toHaveLength(1)
    expect([keys.sources.get('image+'), keys.sources.get('sum')]).toEqual([[null], [null, null]])
  })

  it('of a sum are those of the input whose cells tell those of the other', () => {
    const keys = keysOf([window('image', 3, 1, 1, 6), sum], placed, 4)
    expect(keys.spaces).toHaveLength(2)
    expect(keys.tensors.get('sum')).toBe(keys.tensors.get('image+'))
    expect(keys.sources.get('sum')?.[1]).toBeNull()
    // By key of the wide window, in the middle of which the pixel lies.
    const middle = keys.sources.get('image+')?.[0]?.taps.rows.filter((_, at) => at % 3 === 1)
    expect(keys.sources.get('sum')?.[0]?.taps.rows).toEqual(middle)
  })

  it('give a pass as many cells as may differ, in multiples of what is computed at a time', () => {
    // A patch of 2 pixels at 5 places, and the background: one pixel of the patch, or all 5 lines of 3 pixels around it.
    const cellsOf = (times: readonly number[], steps: readonly CellStep[] = []) => {
      const pass = { rows: times, cols: times }
      const { pixels, gathers } = passCells(keysOf(steps, placed, 5), steps, 'image', pass)
      const gather = gathers.get(CELL_INPUTS.gather('image+', 0))
      return [pixels.length / 2, (gather?.indices.length ?? 0) / (gather?.taps ?? 1)]
    }
    expect(cellsOf([0])).toEqual([128, 0])
    expect(cellsOf([0, 4], [window('image', 3, 1, 1, 6)])).toEqual([128, 128])
    const varied = keysOf([], { ...placed, isVaried: true }, 5)
    const everywhere = both(() => [0, 1, 2, 3, 4])
    // 2 pixels at 5 places along both axes, and 6 × 6 of the background.
    const { pixels } = passCells(varied, [], 'image', everywhere)
    expect(pixels).toHaveLength(2 * 256)
    const all = Array.from({ length: 136 }, (_, cell) => `${pixels[2 * cell]} ${pixels[2 * cell + 1]}`)
    expect(new Set(all).size).toBe(136)
    expect([...pixels.subarray(2 * 136)]).toEqual(Array(2 * 120).fill(0))
  })
})
