import { InputError, UsageError } from '../../errors.js'
import type { Network, NetworkInput } from '../network.js'
import type { OnnxModel } from '../onnx/onnxFile.js'
import { type InputOptions, partOfOptions } from './options.js'
import { inputPresets, type PixelRecipe, type RecipePart } from './presets.js'
import { besideModel, partOfMetadata } from './sources.js'

export interface InputRecipe extends PixelRecipe {
  /** Side of the image in pixels; null if it was not found. */
  readonly size: number | null
  readonly layout: 'nchw' | 'nhwc' | null
  /** Where the recipe was found, for results and messages; `assumed` if nothing states it. */
  readonly source: string
}

const ASSUMED = 'assumed'

export function assumedInput({ id, inputSource }: Pick<Network, 'id' | 'inputSource'>): string | undefined {
  if (inputSource !== ASSUMED) return undefined
  return `${id}: no preprocessing was found, so ImageNet's is used; describe yours in NAME.input.json beside the ONNX file, or choose another with \`input\``
}

/**
 * Finds out how pixels become a model's input. Values that the options lack are read from a file beside the model or,
 * without such a file, from the model's metadata. For values that were not found, ImageNet's recipe is assumed, or
 * unchanged pixels if the input has type uint8.
 * @param folders to search for files that describe the model, its own folder first
 */
export async function inputRecipe(
  model: OnnxModel,
  folders: readonly string[],
  options: InputOptions,
  takesBytes: boolean,
): Promise<InputRecipe> {
  const given = partOfOptions(options)
  const isWhole = ['divisor', 'mean', 'std', 'channelOrder'].every((name) => name in given)
  const found = isWhole ? undefined : ((await besideModel(model.path, folders)) ?? partOfMetadata(model))
  const assumed = inputPresets[takesBytes ? 'raw' : 'imagenet']
  const { size = null, layout = null, ...pixels } = { ...assumed, ...found?.part, ...given }
  const recipe = { ...byChannel(pixels), size, layout, source: sourceOf(given, found?.source, takesBytes) }
  checkValues(recipe, 'mean' in given || 'std' in given)
  return recipe
}

/** The smallest float32 with full precision. Some processors take smaller numbers for 0. */
const SMALLEST_NORMAL = 2 ** -126

/** @throws UsageError or InputError if a mean or std, or a value of the input, is not a normal number in float32 */
function checkValues({ divisor, mean, std, source }: InputRecipe, isGiven: boolean): void {
  const isNormal = (value: number) => {
    const size = Math.abs(Math.fround(value))
    return size < Number.POSITIVE_INFINITY && (size >= SMALLEST_NORMAL || value === 0)
  }
  const results = std.flatMap((deviation, channel) =>
    [0, 255].map((pixel) => (pixel / divisor - (mean[channel] as number)) / deviation),
  )
  const areFinite = results.every((value) => Number.isFinite(Math.fround(value)))
  if (areFinite && [...mean, ...std].every(isNormal)) return
  throw new (isGiven ? UsageError : InputError)(
    `the preprocessing (${source}) has the mean ${mean.join(' ')} and the std ${std.join(' ')}, with which values exceed the range of float32; choose others with \`inputMean\` and \`inputStd\`, such as 0.5,0.5,0.5`,
  )
}

function sourceOf(given: RecipePart, found: string | undefined, takesBytes: boolean): string {
  const { size, ...pixels } = given
  const names = Object.keys(pixels)
  if (names.length === 4) return 'options'
  const rest = found ?? (takesBytes ? 'the type of the input, bytes' : undefined)
  if (names.length > 0) return `options${rest === undefined ? ', ImageNet’s for the rest' : `, ${rest}`}`
  return rest ?? ASSUMED
}

/** Puts mean and std, which come as red, green, blue, into the order of the channels. */
function byChannel({ divisor = 1, mean = [], std = [], channelOrder = 'rgb' }: RecipePart): PixelRecipe {
  const inOrder = (values: readonly number[]) =>
    (channelOrder === 'bgr' ? [...values].reverse() : [...values]) as [number, number, number]
  return { divisor, mean: inOrder(mean), std: inOrder(std), channelOrder }
}

/** Two inputs with equal texts convert pixels in the same way. */
export function recipeText({ rows, divisor, mean, std, channelOrder }: Omit<NetworkInput, 'name' | 'batch'>): string {
  return `${rows} px, ${channelOrder}/${divisor} − ${mean.join(' ')}, / ${std.join(' ')}`
}
