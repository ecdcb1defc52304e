import type { AxisWindow } from '../../onnx/graph/windows.js'
import { AXES, type Axis, type PositionRange } from '../scene/positions.js'
import type { CellStep, CellSteps } from './cellStep.js'

/** Positions of the patch along one axis of the frame. */
export interface AxisPlaces {
  /** Size of the frame along this axis in pixels. */
  readonly frameSide: number
  /** Part of the patch that is not transparent: its first pixel, and the first pixel after it. */
  readonly opaque: readonly [begin: number, end: number]
  /** The positions. At the position with index i, the patch begins at pixel `first` + i of the frame. */
  readonly positions: PositionRange
  /** Whether the background is a picture. If so, images share only those values that do not depend on the patch. */
  readonly isVaried: boolean
}

export type Both<T> = Readonly<Record<Axis, T>>

/**
 * Keys of cells (see `CellSteps`) along rows and along columns. A key is a number that identifies everything a cell
 * depends on along one axis: pixels of the patch, pixels of the background, and the border. If two cells of a tensor
 * have equal keys along both axes, their values are equal. A cell *sees* the patch if it depends on a pixel of the
 * patch that is not transparent.
 */
export interface Keys {
  /**
   * Numberings of keys. Some tensors share one, such as the input and the output of a Relu. The first one is the
   * image's.
   */
  readonly spaces: readonly Both<AxisSpace>[]
  /** The image and the outputs of all steps, by name. */
  readonly tensors: ReadonlyMap<string, CellTensor>
  /**
   * For each step, by the name of its output: the cells that it reads from each of its inputs. Null for an input that
   * has the same keys as the output.
   */
  readonly sources: ReadonlyMap<string, readonly (Source | null)[]>
  /** The pixel that each key of the image stands for. */
  readonly pixels: Both<AxisPixels>
  /** The position with index 0 along each axis, in pixels. */
  readonly first: Both<number>
}

interface AxisPixels {
  /** For each key, the index of the patch's pixel that it stands for, counted from 1; 0 for the background. */
  readonly ofPatch: readonly number[]
  /** For each key, the index of the pixel of the frame that it stands for. */
  readonly ofFrame: readonly number[]
}

export interface AxisSpace {
  /** Number of keys. They are 0 to `count` - 1. */
  readonly count: number
  /**
   * The keys of the tensors that share this numbering. If two tensors have the same keys, only one of them is listed.
   */
  readonly views: AxisTensor[]
  /**
   * For each key, the key that the same cell has in an image without the patch. The two keys are equal if the cell
   * does not depend on the patch.
   */
  readonly blankOf: Int32Array
}

export interface CellTensor extends Both<AxisTensor> {
  /** Index into `Keys.spaces`. */
  readonly space: number
}

interface AxisTensor {
  readonly length: number
  /**
   * Key of each cell for each position of the patch, by its index, [positions + 1, length]. The last row is for images without the
   * patch.
   */
  readonly keys: Int32Array
}

export interface Source {
  readonly input: string
  /**
   * For each key of the output, the keys of the cells to read from the input, [keys, taps]. An entry is -1 beyond the
   * border.
   */
  readonly taps: Both<Int32Array>
}

/** @param image name of the network's input */
export function cellKeys({ steps }: Pick<CellSteps, 'steps'>, image: string, places: Both<AxisPlaces>): Keys {
  const pixels = both((axis) => pixelKeys(places[axis]))
  const spaces: Both<AxisSpace>[] = [both((axis) => axisSpace(pixels[axis]))]
  const { rows, cols } = pixels
  const tensors = new Map<string, CellTensor>([[image, { space: 0, rows, cols }]])
  const sources = new Map<string, readonly (Source | null)[]>()
  for (const step of steps) {
    const { tensor, read } = stepKeys(step, tensors, spaces)
    tensors.set(step.output, tensor)
    if (read !== undefined) sources.set(step.output, read)
  }
  for (const tensor of new Set(tensors.values()))
    for (const axis of AXES) spaces[tensor.space]?.[axis].views.push(tensor[axis])
  return { spaces, tensors, sources, pixels, first: both((axis) => places[axis].positions.first) }
}

/** Keys of a step's output, and the cells that the step reads from each input. A mapping reads none: it copies. */
interface StepKeys {
  readonly tensor: CellTensor
  readonly read?: readonly (Source | null)[]
}

/** An input of a step: its name and its keys. */
interface StepInput {
  readonly name: string
  readonly tensor: CellTensor
}

/** @param spaces if the output needs keys of its own, their numbering is appended */
function stepKeys(step: CellStep, tensors: Keys['tensors'], spaces: Both<AxisSpace>[]): StepKeys {
  const names = step.kind === 'pointwise' ? step.inputs : [step.input]
  const inputs = names.map((name) => ({ name, tensor: tensors.get(name)! }))
  const first = (inputs[0] as StepInput).tensor
  if (step.kind === 'mapping') return mappedKeys(step, first)
  if (sharesCells(step, first) && inputs.every(({ tensor }) => isSame(tensor, first))) return sharedKeys(inputs)
  // A key of the output stands for a list of keys: those of the cells that it reads from each input.
  const lists = both((axis) =>
    numbered(
      inputs.map(({ tensor }) => tensor[axis]),
      windowOf(step, axis, first[axis].length),
    ),
  )
  const determining = step.kind === 'pointwise' ? determiningInput(inputs, lists, spaces) : -1
  return determining === -1 ? newKeys(step, inputs, lists, spaces) : determinedKeys(inputs, lists, determining)
}

/** A mapping copies cells, so its output has the keys of its input, at other places. */
function mappedKeys(step: Both<readonly number[]>, input: CellTensor): StepKeys {
  return { tensor: { space: input.space, ...both((axis) => mapped(input[axis], step[axis])) } }
}

/** All inputs have the same keys, and each cell of the output is made from the cells at its own place. */
function sharedKeys(inputs: readonly StepInput[]): StepKeys {
  return { tensor: inputs[0]!.tensor, read: inputs.map(() => null) }
}

/** The keys of one input determine those of all other inputs, so the output has the keys of this input. */
function determinedKeys(inputs: readonly StepInput[], lists: Both<Numbered>, determining: number): StepKeys {
  const { tensor: own } = inputs[determining]!
  // For each key of that input, the number of the list that contains it.
  const listOf = both((axis) => inverse(lists[axis].taps[determining]!))
  const tapsOf = (i: number) => both((axis) => listOf[axis].map((list) => lists[axis].taps[i]![list]!))
  const read = inputs.map(({ name, tensor }, i) => (isSame(tensor, own) ? null : { input: name, taps: tapsOf(i) }))
  return { tensor: own, read }
}

/** The output has keys of its own: the numbers of the lists. */
function newKeys(
  step: CellStep,
  inputs: readonly StepInput[],
  lists: Both<Numbered>,
  spaces: Both<AxisSpace>[],
): StepKeys {
  const isMaximum = step.kind === 'window' && step.operation.kind === 'maximum'
  const tapsOf = (i: number) =>
    both((axis) => {
      const own = lists[axis].taps[i]!
      return isMaximum ? filled(own, own.length / lists[axis].count) : own
    })
  spaces.push(both((axis) => axisSpace(lists[axis])))
  return {
    tensor: { space: spaces.length - 1, rows: lists.rows, cols: lists.cols },
    read: inputs.map(({ name }, i) => ({ input: name, taps: tapsOf(i) })),
  }
}

/** Index of the first input whose keys determine those of all other inputs; -1 if there is none. */
function determiningInput(inputs: readonly StepInput[], lists: Both<Numbered>, spaces: Keys['spaces']): number {
  return inputs.findIndex(({ tensor }, i) =>
    AXES.every((axis) => isOneToOne(lists[axis], i, spaces[tensor.space]![axis].count)),
  )
}

export function both<T>(make: (axis: Axis) => T): Both<T> {
  return { rows: make('rows'), cols: make('cols') }
}

/** Whether each output cell depends only on input cells at its own position, so that both can share keys. */
function sharesCells(step: CellStep, input: CellTensor): boolean {
  const isItself = (axis: Axis, { taps, stride, before, length }: AxisWindow) =>
    taps === 1 && stride === 1 && before === 0 && length === input[axis].length
  return step.kind === 'pointwise' || (step.kind === 'window' && AXES.every((axis) => isItself(axis, step[axis])))
}

function isSame(a: CellTensor, b: CellTensor): boolean {
  return AXES.every((axis) => a[axis].keys === b[axis].keys)
}

function windowOf(step: CellStep, axis: Axis, length: number): AxisWindow {
  return step.kind === 'window' ? step[axis] : { taps: 1, stride: 1, dilation: 1, before: 0, length }
}

function mapped({ keys, length }: AxisTensor, map: readonly number[]): AxisTensor {
  const result = new Int32Array((keys.length / length) * map.length)
  for (let at = 0; at < result.length; at++)
    result[at] = keys[Math.floor(at / map.length) * length + map[at % map.length]!]!
  return { length: map.length, keys: result }
}

interface Numbered extends AxisTensor {
  readonly count: number
  /** For each input, the keys of the cells to read, [keys of the output, taps]. An entry is -1 beyond the border. */
  readonly taps: readonly Int32Array[]
}

/**
 * Largest number of keys along an axis. `numbered` gives each list of keys a number and multiplies it by this limit.
 * The product must be exact in float64.
 */
export const KEY_LIMIT = 2 ** 26

/** Gives each output cell along an axis a key. Cells that read the same list of input keys get the same key. */
function numbered(inputs: readonly AxisTensor[], { taps, stride, dilation, before, length }: AxisWindow): Numbered {
  // The last of these positions stands for images without the patch (see `AxisTensor`).
  const positions = inputs[0]!.keys.length / inputs[0]!.length
  const keys = new Int32Array(positions * length)
  const lists: number[][] = inputs.map(() => [])
  /**
   * Each list of keys has a number, and equal lists have equal numbers. The integer `pair` (see below) encodes a list's
   * number and a key to append to the list. For each such integer, this map contains the number of the longer list.
   */
  const longer = new Map<number, number>()
  const numbers = new Map<number, number>()
  for (let position = 0; position < positions; position++) {
    for (let i = 0; i < length; i++) {
      const begin = i * stride - before
      const keyAt = (input: AxisTensor, tap: number) => {
        const index = begin + tap * dilation
        return index < 0 || index >= input.length ? -1 : input.keys[position * input.length + index]!
      }
      let list = 0
      for (const input of inputs) {
        for (let tap = 0; tap < taps; tap++) {
          const pair = list * KEY_LIMIT + keyAt(input, tap) + 1
          list = longer.get(pair) ?? longer.size + 1
          longer.set(pair, list)
        }
      }
      let number = numbers.get(list)
      if (number === undefined) {
        number = numbers.size
        numbers.set(list, number)
        for (const [k, input] of inputs.entries())
          for (let tap = 0; tap < taps; tap++) lists[k]!.push(keyAt(input, tap))
      }
      keys[position * length + i] = number
    }
  }
  return { length, keys, count: numbers.size, taps: lists.map((list) => Int32Array.from(list)) }
}

/** Whether each key of an input occurs in exactly one of the lists that were numbered. */
function isOneToOne({ count, taps }: Numbered, input: number, keys: number): boolean {
  return count === keys && new Set(taps[input]).size === count
}

/** Replaces each -1 (beyond the border) by another key of the same window. The window's maximum stays the same. */
function filled(taps: Int32Array, each: number): Int32Array {
  return taps.map((key, at) => {
    if (key >= 0) return key
    const begin = at - (at % each)
    return taps.subarray(begin, begin + each).find((other) => other >= 0)!
  })
}

/**
 * Numbers the image's pixels along an axis. Two pixels have the same key if they show the same pixel of the patch, or
 * if both show the background. If the background is a picture, they must also be the same pixel of the frame.
 */
function pixelKeys({ frameSide, opaque: [begin, end], positions, isVaried }: AxisPlaces) {
  const numbers = new Map<number, number>()
  const ofPatch: number[] = []
  const ofFrame: number[] = []
  const { first, count } = positions
  const keys = new Int32Array((count + 1) * frameSide)
  for (let position = 0; position <= count; position++) {
    const offset = position < count ? first + position : Number.POSITIVE_INFINITY
    for (let pixel = 0; pixel < frameSide; pixel++) {
      const inPatch = pixel - offset
      const seen = inPatch >= begin && inPatch < end ? inPatch + 1 : 0
      const shown = seen + (isVaried ? pixel * (end + 1) : 0)
      let key = numbers.get(shown)
      if (key === undefined) {
        key = numbers.size
        numbers.set(shown, key)
        ofPatch.push(seen)
        ofFrame.push(pixel)
      }
      keys[position * frameSide + pixel] = key
    }
  }
  return { length: frameSide, count: numbers.size, keys, ofPatch, ofFrame }
}

function axisSpace({ keys, length, count }: AxisTensor & { readonly count: number }): AxisSpace {
  const blankOf = new Int32Array(count)
  const without = keys.length - length
  for (let at = 0; at < keys.length; at++) blankOf[keys[at]!] = keys[without + (at % length)]!
  return { count, blankOf, views: [] }
}

function inverse(order: Int32Array): Int32Array {
  const result = new Int32Array(order.length)
  for (const [at, value] of order.entries()) result[value] = at
  return result
}
