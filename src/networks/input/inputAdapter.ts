import { InputError, UsageError } from '../../errors.js'
import type { NetworkInput } from '../../network.js'
import { castNode } from '../../onnx/format/castNode.js'
import type { GraphChanges } from '../../onnx/format/graphCopy.js'
import { ElementType } from '../../onnx/format/messages.js'
import { newNode } from '../../onnx/format/newNode.js'
import type { OnnxFile, TypedTensor } from '../../onnx/format/onnxFile.js'
import type { Node } from '../../onnx/format/onnxModel.js'
import { listedNames, printable } from '../../support/text.js'
import { LARGEST_FRAME } from './options.js'
import type { InputRecipe } from './recipe.js'

const PIXEL_TYPES: Readonly<Record<string, number>> = {
  float32: ElementType.FLOAT,
  float16: ElementType.FLOAT16,
  float64: ElementType.DOUBLE,
  uint8: ElementType.UINT8,
}

/** Side of the images in pixels if neither the model nor a recipe states it. It is the size in the paper. */
const USUAL_SIDE = 224

/** Largest number of values in a batch, for a graph that fixes its batch size: 1 GiB of float32. */
const MOST_VALUES = 2 ** 28

const refusal = (path: string, found: string, remedy: string) =>
  new InputError(
    `${path} ${found}; Shiftscope needs one input [N, 3, rows, cols] or [N, 1, rows, cols] of numbers, so ${remedy}`,
  )

export function imageInput({ path, inputs }: OnnxFile): TypedTensor {
  const [tensor] = inputs
  if (!tensor || inputs.length > 1) {
    const found =
      inputs.length === 0 ? 'no input' : `${inputs.length} inputs, ${listedNames(inputs.map(({ name }) => name))}`
    throw refusal(path, `has ${found}`, 'export the part that starts at the image')
  }
  if (PIXEL_TYPES[tensor.type] === undefined)
    throw refusal(path, described(tensor), 'export it in float32, float16, float64 or uint8')
  if (tensor.shape.length !== 4)
    throw refusal(path, `${described(tensor)}, which is not a batch of images`, 'use a network for images')
  return tensor
}

function described({ name, type, shape }: TypedTensor): string {
  return `has input ${printable(name)}, ${type} [${printable(shape.join(', '))}]`
}

/** The input as the engine sees it, float32 [N, 3, rows, cols], and the changes that the graph needs for it. */
export interface InputAdapter {
  readonly input: NetworkInput
  /** Where `input` was found; see `Network`. */
  readonly inputSource: string
  /** Name of the graph's own input. It differs from that of `input` if `changes` convert one into the other. */
  readonly image: string
  readonly changes: Pick<GraphChanges, 'madeInput' | 'inputs' | 'nodes' | 'constants'> | null
}

/** @param wantedSize the user's choice for the side of the images, in pixels */
export function inputAdapter(
  onnx: OnnxFile,
  tensor: TypedTensor,
  recipe: InputRecipe,
  wantedSize: number | undefined,
): InputAdapter {
  const { path } = onnx
  const { type } = tensor
  const [batch, second, third, fourth] = tensor.shape as [Extent, Extent, Extent, Extent]
  const hasOneChannel = isGrey(tensor)
  const isChannelsLast = channelsLast(path, tensor, recipe)
  const sides = (isChannelsLast ? [second, third] : [third, fourth]).filter((size) => typeof size === 'number')
  const side = sides[0] ?? recipe.size ?? USUAL_SIDE
  if (side > LARGEST_FRAME)
    throw refusal(
      path,
      `${described(tensor)}, images larger than ${LARGEST_FRAME} pixels`,
      'export it for smaller images',
    )
  if (typeof batch === 'number' && batch * 3 * side ** 2 > MOST_VALUES)
    throw refusal(path, `${described(tensor)}, a batch of more than 1 GiB`, 'export it for a smaller batch')
  if (sides.some((size) => size !== side))
    throw refusal(path, `${described(tensor)}, which is not square`, 'export it for square images')
  if (wantedSize !== undefined && wantedSize !== side)
    throw UsageError.of`${path} expects images of ${side} pixels; leave \`inputSize ${wantedSize}\` out`
  if (type === 'uint8' && !isOfBytes(recipe))
    throw UsageError.of`${path} expects bytes from 0 to 255, but the preprocessing (${recipe.source}) scales the pixels; correct the preprocessing, or use \`input raw\`; for several networks, describe each in NAME.input.json beside its file`
  const { divisor, mean, std } = recipe
  const channelOrder = hasOneChannel ? 'grey' : recipe.channelOrder
  if (hasOneChannel && [mean, std].some((values) => new Set(values).size > 1))
    throw UsageError.of`${path} expects grey images, but the preprocessing (${recipe.source}) has a mean or std for each colour; give one number each with \`inputMean\` and \`inputStd\``
  const fixed = typeof batch === 'number' ? batch : null
  const input = { name: tensor.name, batch: fixed, rows: side, cols: side, divisor, mean, std, channelOrder }
  const found = { inputSource: recipe.source, image: tensor.name }
  if (!hasOneChannel && !isChannelsLast && type === 'float32') return { ...found, input, changes: null }
  const name = unusedName(
    `${tensor.name}.${hasOneChannel ? 'rgb' : isChannelsLast ? 'channels_first' : 'float32'}`,
    onnx,
  )
  return {
    ...found,
    input: { ...input, name },
    changes: {
      madeInput: tensor.name,
      inputs: [{ name, shape: [fixed ?? 'N', 3, side, side] }],
      ...conversion(name, tensor, isChannelsLast),
    },
  }
}

/** Length of an axis, or its name if the file leaves the length open. */
type Extent = number | string

/** Whether the images have one channel instead of three. */
export function isGrey({ shape: [, second, , fourth] }: TypedTensor): boolean {
  return second !== 3 && fourth !== 3 && (second === 1 || fourth === 1)
}

function channelsLast(path: string, tensor: TypedTensor, { layout }: InputRecipe): boolean {
  const [, second, , fourth] = tensor.shape
  const count = isGrey(tensor) ? 1 : 3
  const mayBe = (size: Extent | undefined) => size === count || typeof size !== 'number'
  const isFirst = second === count || (mayBe(second) && fourth !== count)
  if (!isFirst && fourth !== count)
    throw refusal(path, `${described(tensor)}, which has neither 3 channels nor 1`, 'use a network for pictures')
  return layout !== null && mayBe(second) && mayBe(fourth) ? layout === 'nhwc' : !isFirst
}

function isOfBytes({ divisor, mean, std }: InputRecipe): boolean {
  return divisor === 1 && mean.every((value) => value === 0) && std.every((value) => value === 1)
}

/** Converts float32 images, [N, 3, rows, cols], into the graph's own number of channels, order of axes and type. */
function conversion(from: string, tensor: TypedTensor, isChannelsLast: boolean) {
  const { name: to, type } = tensor
  const first = `${from}.first_channel`
  const nodes: Node[] = []
  const last = () => nodes.at(-1)?.outputs[0] ?? from
  // All channels of a grey picture are equal. A convolution selects the first of them without rounding.
  if (isGrey(tensor)) nodes.push(newNode('Conv', [last(), first], `${from}.grey`))
  if (isChannelsLast) nodes.push(newNode('Transpose', [last()], `${from}.channels_last`, { perm: [0, 2, 3, 1] }))
  if (type !== 'float32') nodes.push(castNode(last(), to, PIXEL_TYPES[type]!))
  nodes.push({ ...nodes.pop()!, outputs: [to] })
  const weights = { name: first, shape: [1, 3, 1, 1], floats: [1, 0, 0] }
  return { nodes, ...(isGrey(tensor) && { constants: [weights] }) }
}

/** The wanted name, lengthened if the graph has a tensor with it. */
export function unusedName(wanted: string, onnx: Pick<OnnxFile, 'tensors'>): string {
  return onnx.tensors.has(wanted) ? unusedName(`${wanted}_`, onnx) : wanted
}
