import { printable } from '../../support/text.js'
import type { GraphNode } from '../format/graphNodes.js'
import { listAttribute, numberAttribute, textAttribute, UnfitNode } from './attributes.js'

/** Largest number of channels, and of pixels along a side. No network for images has more. */
export const MAXIMUM_SIZE = 1 << 16
/** Largest kernel, stride, dilation and border. */
export const MAXIMUM_TAPS = 1 << 10

const AUTOMATIC_PADS = ['NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID']

/**
 * Windows along one axis, as in a convolution. Output i reads the inputs `i * stride - before + t * dilation`, for t
 * from 0 to `taps` - 1. Inputs at the ends may be beyond the border.
 */
export interface AxisWindow {
  readonly taps: number
  readonly stride: number
  readonly dilation: number
  readonly before: number
  /** Number of outputs. */
  readonly length: number
}

/** Windows and the border after the input that they may read. */
export interface BorderedWindow extends AxisWindow {
  readonly after: number
}

/**
 * The windows of a convolution or a pool along rows and columns.
 * @param size rows and columns of the input
 * @throws UnfitNode if ONNX Runtime refuses such a node, or if sizes are unknown or too large
 */
export function windowsOf(
  node: GraphNode,
  size: readonly [number, number],
  kernel: readonly number[],
): readonly [BorderedWindow, BorderedWindow] {
  const strides = listAttribute(node, 'strides') ?? [1, 1]
  const dilations = listAttribute(node, 'dilations') ?? [1, 1]
  const pads = listAttribute(node, 'pads') ?? [0, 0, 0, 0]
  const automatic = textAttribute(node, 'auto_pad', 'NOTSET')
  const isCeiled = numberAttribute(node, 'ceil_mode', 0) === 1
  if (!AUTOMATIC_PADS.includes(automatic)) throw new UnfitNode(`has auto_pad ${printable(automatic)}`)
  if (automatic !== 'NOTSET' && node.attributes.has('pads')) throw new UnfitNode('has both pads and auto_pad')
  if (automatic.startsWith('SAME') && dilations.some((each) => each !== 1))
    throw new UnfitNode('has both dilations and auto_pad')
  if (kernel.length !== 2 || strides.length !== 2 || dilations.length !== 2 || pads.length !== 4)
    throw new UnfitNode('does not have two dimensions')
  if ([...kernel, ...strides, ...dilations].some((each) => each < 1 || each > MAXIMUM_TAPS) || pads.some((n) => n < 0))
    throw new UnfitNode('has a window of unknown size')
  const axis = (i: 0 | 1): BorderedWindow => {
    const [taps, stride, dilation] = [kernel[i], strides[i], dilations[i]] as [number, number, number]
    const extent = (taps - 1) * dilation + 1
    let before = pads[i]!
    let after = pads[i + 2]!
    if (automatic === 'VALID') before = after = 0
    if (automatic === 'SAME_UPPER' || automatic === 'SAME_LOWER') {
      const missing = (Math.ceil(size[i] / stride) - 1) * stride + extent - size[i]
      if (missing < 0 && node.operator !== 'Conv')
        throw new UnfitNode('has auto_pad with strides longer than its kernel')
      const needed = Math.max(0, missing)
      before = automatic === 'SAME_UPPER' ? Math.floor(needed / 2) : Math.ceil(needed / 2)
      after = needed - before
    }
    const free = (size[i] + before + after - extent) / stride
    let length = (isCeiled ? Math.ceil(free) : Math.floor(free)) + 1
    // ONNX leaves out a last window that would begin in the padding after the image.
    if (isCeiled && (length - 1) * stride >= size[i] + before) length--
    if (!(length >= 1 && length <= MAXIMUM_SIZE)) throw new UnfitNode('gives a tensor of unknown size')
    return { taps, stride, dilation, before, after, length }
  }
  return [axis(0), axis(1)]
}
