import { InputError, UsageError, words } from '../../errors.js'
import type { Network, NetworkInput } from '../../network.js'
import type { OnnxFile } from '../../onnx/format/onnxFile.js'
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

/** What the graph says about its input: whether its type is uint8, and whether it has a single channel. */
interface InputKind {
  readonly bytes: boolean
  readonly grey: boolean
}

/** Whether nothing states how pixels become the input, so that a default is used. */
export function isAssumed({ inputSource }: Pick<Network, 'inputSource'>): boolean {
  return inputSource === ASSUMED
}

export function assumedInput(network: Pick<Network, 'id' | 'input' | 'inputSource'>) {
  if (!isAssumed(network)) return undefined
  const { id, input } = network
  const used = input.channelOrder === 'grey' ? 'values from 0 to 1 are' : "ImageNet's is"
  return words`${id}: no preprocessing was found, so ${used} used; describe yours in NAME.input.json beside the ONNX file, or choose another with \`input\``
}

/**
 * Finds out how pixels become a model's input. Values that the options lack are read from a file beside the model or,
 * without such a file, from the model's metadata. Other values are those of ImageNet's recipe. Grey pictures get values
 * from 0 to 1 instead, and inputs of type uint8 get unchanged pixels.
 * @param folders to search for files that describe the model, its own folder first
 */
export async function inputRecipe(
  onnx: OnnxFile,
  folders: readonly string[],
  options: InputOptions,
  takes: InputKind,
): Promise<InputRecipe> {
  const given = partOfOptions(options)
  const isWhole = ['divisor', 'mean', 'std', 'channelOrder'].every((name) => name in given)
  const found = isWhole ? undefined : ((await besideModel(onnx.path, folders)) ?? partOfMetadata(onnx))
  const unscaled = { ...inputPresets.raw, divisor: takes.bytes ? 1 : 255 }
  const assumed = takes.bytes || takes.grey ? unscaled : inputPresets.imagenet
  const { size = null, layout = null, ...pixels } = { ...assumed, ...found?.part, ...given }
  const recipe = { ...byChannel(pixels), size, layout, source: sourceOf(given, found?.source, takes) }
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
    [0, 255].map((pixel) => (pixel / divisor - mean[channel]!) / deviation),
  )
  const areFinite = results.every((value) => Number.isFinite(Math.fround(value)))
  if (areFinite && [...mean, ...std].every(isNormal)) return
  throw (isGiven ? UsageError : InputError)
    .of`the preprocessing (${source}) has the mean ${mean.join(' ')} and the std ${std.join(' ')}, with which values exceed the range of float32; choose others with \`inputMean\` and \`inputStd\`, such as 0.5,0.5,0.5`
}

function sourceOf(given: RecipePart, found: string | undefined, takes: InputKind): string {
  const { size, ...pixels } = given
  const names = Object.keys(pixels)
  if (names.length === 4) return 'options'
  const rest = found ?? (takes.bytes ? 'the type of the input, bytes' : undefined)
  const assumed = `${takes.grey ? 'values from 0 to 1' : 'ImageNet’s'} for the rest`
  if (names.length > 0) return `options, ${rest ?? assumed}`
  return rest ?? ASSUMED
}

/** Puts mean and std, which come as red, green, blue or as one number, into the order of the channels. */
function byChannel({ divisor = 1, mean = [], std = [], channelOrder = 'rgb' }: RecipePart): PixelRecipe {
  const inOrder = ([red = 0, green = red, blue = red]: readonly number[]): PixelRecipe['mean'] =>
    channelOrder === 'bgr' ? [blue, green, red] : [red, green, blue]
  return { divisor, mean: inOrder(mean), std: inOrder(std), channelOrder }
}

/** Two inputs with equal texts convert pixels in the same way. */
export function recipeText({ rows, divisor, mean, std, channelOrder }: Omit<NetworkInput, 'name' | 'batch'>): string {
  return `${rows} px, ${channelOrder}/${divisor} − ${mean.join(' ')}, / ${std.join(' ')}`
}
