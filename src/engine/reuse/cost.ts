import type { CellShape, CellStep, CellSteps, WindowStep } from './cellStep.js'

/**
 * Seconds on one core with vectors of 512 bits, measured with ONNX Runtime. Other processors take longer for all of them, which
 * does not matter: only sums of these numbers are compared.
 */
const SECONDS = {
  /** Seconds of a multiply-add in a convolution of whole images, or with few channels per group. */
  convolution: 1 / 125e9,
  grouped: 1 / 18e9,
  /** Seconds of a multiply-add in a product of gathered windows. */
  product: 1 / 112e9,
  /** Seconds of a byte of an output that is written, gathered, reduced or put into frames. */
  write: 1 / 16e9,
  pointwise: 1 / 8e9,
  gather: 1 / 20e9,
  reduce: 1 / 12e9,
  assemble: 1 / 3e9,
  /** Seconds of a byte of a fully connected layer's weights, which every run reads. */
  weights: 1 / 20e9,
} as const

const FLOAT = Float32Array.BYTES_PER_ELEMENT

/** Multiply-adds of one cell. */
export function multiplyAdds(step: CellStep, shapes: CellSteps['shapes']): number {
  if (step.kind !== 'window' || step.operation.kind !== 'convolution') return 0
  const { groups } = step.operation
  return (windowBytes(step, shapes) / FLOAT / groups) * (shapes.get(step.output) as CellShape).channels
}

/** Bytes of a cell's window when it is gathered. */
function windowBytes({ input, rows, cols }: WindowStep, shapes: CellSteps['shapes']): number {
  return FLOAT * rows.taps * cols.taps * (shapes.get(input) as CellShape).channels
}

/** Seconds of a step over one whole image. */
export function imageSeconds(step: CellStep, shapes: CellSteps['shapes']): number {
  const { channels, rows, cols } = shapes.get(step.output) as CellShape
  const bytes = FLOAT * channels
  if (step.kind === 'mapping') return rows * cols * bytes * SECONDS.write
  // Activations are computed with the convolutions before them.
  if (step.kind === 'pointwise') return step.inputs.length > 1 ? rows * cols * bytes * SECONDS.pointwise : 0
  const isGrouped = step.operation.kind === 'convolution' && step.operation.groups > 1
  const perCell = multiplyAdds(step, shapes) * (isGrouped ? SECONDS.grouped : SECONDS.convolution)
  return rows * cols * (perCell + bytes * SECONDS.write)
}

/** Seconds of one cell of a step. @param gathered how many of its inputs are gathered */
export function cellSeconds(step: CellStep, shapes: CellSteps['shapes'], gathered: number): number {
  const bytes = FLOAT * (shapes.get(step.output) as CellShape).channels
  if (step.kind === 'mapping') return 0
  if (step.kind === 'pointwise') return bytes * (SECONDS.pointwise + gathered * SECONDS.gather)
  const { operation } = step
  const window = windowBytes(step, shapes)
  const gather = gathered === 0 ? 0 : window * SECONDS.gather
  if (operation.kind === 'convolution' && operation.groups === 1)
    return gather + multiplyAdds(step, shapes) * SECONDS.product + bytes * SECONDS.write
  return window * SECONDS.reduce + multiplyAdds(step, shapes) * SECONDS.product + bytes * SECONDS.pointwise
}

/** Seconds to put one image's tensor together from its cells. */
export function frameSeconds({ channels, rows, cols }: CellShape): number {
  return FLOAT * channels * rows * cols * SECONDS.assemble
}

/** Seconds of an image's fully connected layers. @param weights how many; @param batch images that are computed together */
export function connectedSeconds(weights: number, batch: number): number {
  return weights * (SECONDS.product + (FLOAT * SECONDS.weights) / batch)
}
