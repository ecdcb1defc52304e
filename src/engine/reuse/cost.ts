import type { CellShape, CellStep, CellSteps, WindowStep } from './cellStep.js'

/**
 * Durations in seconds, measured with ONNX Runtime on one core with AVX-512. On a slower processor, all durations are
 * longer, but usually the same plan is still the fastest.
 */
const SECONDS = {
  /** Seconds per multiply-add of a convolution on whole images: with a single group, and with several groups. */
  convolution: 1 / 125e9,
  grouped: 1 / 18e9,
  /** Seconds per multiply-add of a matrix product, such as a convolution whose windows were copied into a matrix. */
  product: 1 / 112e9,
  /** Seconds per byte for different kinds of steps. `assemble` copies cells into whole feature maps. */
  write: 1 / 16e9,
  pointwise: 1 / 8e9,
  gather: 1 / 20e9,
  reduce: 1 / 12e9,
  assemble: 1 / 3e9,
  /** Seconds per byte of a fully connected layer's weights, which each batch reads once. */
  weights: 1 / 20e9,
} as const

const FLOAT = Float32Array.BYTES_PER_ELEMENT

/** Bytes of the input window from which one cell of the step's output is computed. */
function windowBytes({ input, rows, cols }: WindowStep, shapes: CellSteps['shapes']): number {
  return FLOAT * rows.taps * cols.taps * shapes.get(input)!.channels
}

/** Number of multiply-adds of a step for one cell of its output. Only convolutions have any. */
function cellMultiplyAdds(step: CellStep, shapes: CellSteps['shapes']): number {
  if (step.kind !== 'window' || step.operation.kind !== 'convolution') return 0
  const { input, output, rows, cols, operation } = step
  const channelsOf = (name: string) => shapes.get(name)!.channels
  return (rows.taps * cols.taps * channelsOf(input) * channelsOf(output)) / operation.groups
}

/** Number of multiply-adds of a step for one whole image. */
export function imageMultiplyAdds(step: CellStep, shapes: CellSteps['shapes']): number {
  const { rows, cols } = shapes.get(step.output)!
  return cellMultiplyAdds(step, shapes) * rows * cols
}

/** Seconds to compute a step for one whole image. */
export function imageSeconds(step: CellStep, shapes: CellSteps['shapes']): number {
  const bytes = frameBytes(shapes.get(step.output)!)
  if (step.kind === 'mapping') return bytes * SECONDS.write
  // ONNX Runtime fuses activations into the convolutions before them, so they take no extra time. An exception is
  // `unfusedSeconds`.
  if (step.kind === 'pointwise') return step.inputs.length > 1 ? bytes * SECONDS.pointwise : 0
  const isGrouped = step.operation.kind === 'convolution' && step.operation.groups > 1
  return imageMultiplyAdds(step, shapes) * (isGrouped ? SECONDS.grouped : SECONDS.convolution) + bytes * SECONDS.write
}

/** Seconds that `imageSeconds` leaves out for a step that reads `input`, if no convolution before it can contain it. */
export function unfusedSeconds(step: CellStep, shapes: CellSteps['shapes'], input: string): number {
  if (step.kind !== 'pointwise' || step.inputs.length > 1 || step.inputs[0] !== input) return 0
  return frameBytes(shapes.get(step.output)!) * SECONDS.pointwise
}

/**
 * Seconds for one cell of a step's output.
 * @param gathered number of inputs whose cells must first be copied together
 */
export function cellSeconds(step: CellStep, shapes: CellSteps['shapes'], gathered: number): number {
  const bytes = FLOAT * shapes.get(step.output)!.channels
  if (step.kind === 'mapping') return 0
  if (step.kind === 'pointwise') return bytes * (SECONDS.pointwise + gathered * SECONDS.gather)
  const { operation } = step
  const window = windowBytes(step, shapes)
  const multiplyAdds = cellMultiplyAdds(step, shapes)
  const gather = gathered === 0 ? 0 : window * SECONDS.gather
  if (operation.kind === 'convolution' && operation.groups === 1)
    return gather + multiplyAdds * SECONDS.product + bytes * SECONDS.write
  return window * SECONDS.reduce + multiplyAdds * SECONDS.product + bytes * SECONDS.pointwise
}

/** Seconds to copy cells to all positions of one image's feature map. */
export function frameSeconds(shape: CellShape): number {
  return frameBytes(shape) * SECONDS.assemble
}

export function frameBytes({ channels, rows, cols }: CellShape): number {
  return FLOAT * channels * rows * cols
}

/** Seconds per image for all fully connected layers together. */
export function connectedSeconds(weights: number, batch: number): number {
  return weights * (SECONDS.product + (FLOAT * SECONDS.weights) / batch)
}
