import { z } from 'zod'
import { UsageError } from '../../errors.js'
import { checkCount } from '../../support/checks.js'
import { type GivenOptions, oneOf } from '../../support/optionChecks.js'
import { INPUT_PRESETS, inputPresets, type RecipePart } from './presets.js'

/** Largest side of a network's image in pixels. Networks with larger images are refused. */
export const LARGEST_FRAME = 4096

const colours = z.array(z.number()).readonly()

export const INPUT_OPTIONS = {
  /** A preset: `imagenet`, `inception`, `clip`, `caffe` or `raw`. The options below override the preset's values. */
  input: oneOf('input', INPUT_PRESETS).exactOptional(),
  /** Means to subtract from red, green and blue, or one for all, after scaling to `inputRange`. */
  inputMean: colours.superRefine((means) => checkCountOf('inputMean', means)).exactOptional(),
  /** Positive divisors for red, green and blue, or one for all. The means are subtracted before the division. */
  inputStd: colours.superRefine(checkStd).exactOptional(),
  /** Upper end of the pixel values before the means are subtracted: 1 or 255. The lower end is 0. */
  inputRange: z.literal([1, 255]).exactOptional(),
  /** Order of the colour channels: `rgb` or `bgr`. */
  inputOrder: oneOf('order of channels', ['rgb', 'bgr']).exactOptional(),
  /** Side of the image in pixels, 1 to 4096, for a graph that accepts any size; 224 by default. */
  inputSize: z.number().superRefine(checkSize).exactOptional(),
}

/** How pixels become the input of a network outside the catalog; overrides files such as preprocessor_config.json. */
export interface InputOptions extends GivenOptions<typeof INPUT_OPTIONS> {}

function checkCountOf(name: string, values: readonly number[]): void {
  if (values.length !== 3 && values.length !== 1)
    throw UsageError.of`\`${name}\` is not three numbers; give one each for red, green and blue, or a single one`
}

function checkStd(values: readonly number[]): void {
  checkCountOf('inputStd', values)
  if (values.some((value) => value <= 0))
    throw UsageError.of`\`inputStd\` has a value that is not above 0; give positive numbers`
}

function checkSize(size: number): void {
  checkCount('inputSize', size)
  if (size > LARGEST_FRAME)
    throw UsageError.of`\`inputSize ${size}\` is larger than the limit of ${LARGEST_FRAME} pixels; use a smaller one`
}

export function partOfOptions(options: InputOptions): RecipePart {
  const { input, inputMean, inputStd, inputRange, inputOrder, inputSize } = options
  return {
    ...(input && inputPresets[input]),
    ...(inputMean && { mean: inputMean }),
    ...(inputStd && { std: inputStd }),
    ...(inputRange !== undefined && { divisor: 255 / inputRange }),
    ...(inputOrder && { channelOrder: inputOrder }),
    ...(inputSize !== undefined && { size: inputSize }),
  }
}
