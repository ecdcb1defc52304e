import { UsageError } from '../../errors.js'
import { checkCount, checkNames } from '../../support/checks.js'
import { kinds } from '../../support/optionChecks.js'
import { INPUT_PRESETS, type InputPreset, inputPresets, type RecipePart } from './presets.js'

/** How pixels become the input of a network outside the catalog. These options override files beside the network. */
export interface InputOptions {
  /** A known recipe: `imagenet`, `inception`, `clip`, `caffe` or `raw`. The options below change parts of it. */
  readonly input?: InputPreset
  /** Means to subtract from red, green and blue, after scaling to `inputRange`. */
  readonly inputMean?: readonly number[]
  /** Positive numbers to divide red, green and blue by, after subtracting the means. */
  readonly inputStd?: readonly number[]
  /** Upper end of the pixel values before the means are subtracted: 1 or 255. The lower end is 0. */
  readonly inputRange?: 1 | 255
  /** Order of the colour channels: `rgb` or `bgr`. */
  readonly inputOrder?: 'rgb' | 'bgr'
  /** Side of the frame in pixels, 1 to 4096, if the graph does not fix it; 224 by default. */
  readonly inputSize?: number
}

/** The options of an input, to be checked. */
export const INPUT_OPTIONS = {
  ...{ input: kinds.text, inputMean: kinds.numbers, inputStd: kinds.numbers, inputRange: kinds.number },
  ...{ inputOrder: kinds.text, inputSize: kinds.number },
}

/** Larger frames are no frames of networks. */
export const LARGEST_FRAME = 4096

/** @throws UsageError for values that make no recipe */
export function checkInputOptions(options: InputOptions): void {
  const { input, inputMean, inputStd, inputRange, inputOrder, inputSize } = options
  if (input !== undefined) checkNames('input', [input], INPUT_PRESETS)
  for (const [name, values] of Object.entries({ inputMean, inputStd })) {
    const isTriple = values === undefined || (values.length === 3 && values.every(Number.isFinite))
    if (!isTriple) throw new UsageError(`\`${name}\` is not three numbers; give those of red, green and blue`)
  }
  if (inputStd?.some((value) => value <= 0))
    throw new UsageError('`inputStd` has a value that is not above 0; give three positive numbers')
  if (inputRange !== undefined && inputRange !== 1 && inputRange !== 255)
    throw new UsageError(`\`inputRange ${inputRange}\` is not known; use 1 or 255`)
  if (inputOrder !== undefined) checkNames('order of channels', [inputOrder], ['rgb', 'bgr'])
  if (inputSize === undefined) return
  checkCount('`inputSize`', inputSize)
  if (inputSize > LARGEST_FRAME)
    throw new UsageError(`\`inputSize ${inputSize}\` is beyond ${LARGEST_FRAME} pixels; use a smaller one`)
}

/** What is given of an input. */
export function inputOptionsOf(given: InputOptions): InputOptions {
  const names = Object.keys(INPUT_OPTIONS) as (keyof InputOptions)[]
  return Object.fromEntries(names.flatMap((name) => (given[name] === undefined ? [] : [[name, given[name]]])))
}

/** What options say of a recipe; an empty part where they say nothing. */
export function partOfOptions(options: InputOptions): RecipePart {
  const { input, inputMean, inputStd, inputRange, inputOrder, inputSize } = options
  const preset = input === undefined ? {} : partOfPreset(input)
  return {
    ...preset,
    ...(inputMean && { mean: inputMean }),
    ...(inputStd && { std: inputStd }),
    ...(inputRange !== undefined && { divisor: 255 / inputRange }),
    ...(inputOrder && { channelOrder: inputOrder }),
    ...(inputSize !== undefined && { size: inputSize }),
  }
}

/** A preset as a part, its mean and std by red, green and blue. */
export function partOfPreset(name: InputPreset): RecipePart {
  const { mean, std, ...preset } = inputPresets[name]
  const byColour = (values: readonly number[]) => (preset.channelOrder === 'bgr' ? [...values].reverse() : values)
  return { ...preset, mean: byColour(mean), std: byColour(std) }
}
