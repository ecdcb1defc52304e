import { throwIfStopped } from '../../errors.js'
import type { FeatureStage } from '../../networks/open/generator.js'
import type { RgbPixels } from '../scenes/layout.js'
import { ORIGINS, type Origin, type Term, weightedSum } from './expression.js'
import { type ArithmeticModels, rectified } from './models.js'

/** Differences between the result of an expression and the expected image. */
export interface ArithmeticErrors {
  /** Peak signal-to-noise ratio in dB between the decoded result and the expected image; null if they are equal. */
  readonly psnr: number | null
  /**
   * PSNR in dB between the decoded result and the image decoded from the expected image's feature; null if they are
   * equal.
   */
  readonly psnrToDecoded: number | null
  /** Cosine between the result vector and the expected image's feature; null if one of them is all zero. */
  readonly cosine: number | null
}

/** Result of an expression, computed with the features of one layer. */
export interface LayerArithmetic {
  readonly layer: string
  /** Id of the generator that decodes features into images. */
  readonly generator: string
  readonly dims: number
  /**
   * Features of the images in the expression (operands), [operands, dims], in the order in which the expression first
   * names them.
   */
  readonly operands: Float32Array
  /** Feature of the expected image, [dims]. */
  readonly expectation: Float32Array
  /** Image decoded from each operand's feature, RGB [rows, cols, 3]. */
  readonly decodedOperands: readonly RgbPixels[]
  readonly decodedExpectation: RgbPixels
  /**
   * PSNR in dB between the expected image and the image decoded from its feature; null if they are equal. It shows how
   * much the generator loses.
   */
  readonly reconstruction: number | null
  readonly origins: Readonly<
    Record<
      Origin,
      {
        /** Result vector, [dims]. */
        readonly result: Float32Array
        readonly decoded: RgbPixels
        readonly errors: ArithmeticErrors
      }
    >
  >
}

interface ArithmeticImages {
  /** Images in the expression by name, in the order in which the expression first names them. */
  readonly operands: ReadonlyMap<string, RgbPixels>
  readonly expectation: RgbPixels
  readonly blank: RgbPixels
}

/** Computes an expression with the features of its images (paper section 2.3). */
export async function featureArithmetic(
  models: ArithmeticModels,
  terms: readonly Term[],
  { operands, expectation, blank }: ArithmeticImages,
  signal?: AbortSignal,
): Promise<readonly LayerArithmetic[]> {
  const names = [...operands.keys()]
  const features = await models.encode([...operands.values(), expectation, blank])
  const layers: LayerArithmetic[] = []
  for (const [i, { name: layer, dims }] of models.network.layers.entries()) {
    await afterSignals(signal)
    const generator = models.generators[i]!
    const matrix = features[i]!
    const row = (index: number) => matrix.subarray(index * dims, (index + 1) * dims)
    const byName = new Map(names.map((name, index) => [name, row(index)]))
    const own = row(names.length)
    const results = resultsOf(terms, byName, row(names.length + 1), generator.feature)
    const decoded = await models.decode(i, joined([matrix.subarray(0, (names.length + 1) * dims), ...results]))
    const decodedExpectation = decoded[names.length]!
    const origins = ORIGINS.map((origin, j) => {
      const result = results[j]!
      const image = decoded[names.length + 1 + j]!
      const errors = {
        psnr: psnr(image, expectation),
        psnrToDecoded: psnr(image, decodedExpectation),
        cosine: cosine(result, own),
      }
      return [origin, { result, decoded: image, errors }] as const
    })
    layers.push({
      layer,
      generator: generator.id,
      dims,
      operands: matrix.slice(0, names.length * dims),
      expectation: own.slice(),
      decodedOperands: decoded.slice(0, names.length),
      decodedExpectation,
      reconstruction: psnr(decodedExpectation, expectation),
      origins: Object.fromEntries(origins) as LayerArithmetic['origins'],
    })
  }
  return layers
}

/**
 * Results of an expression, [dims] each: one for each origin (point that counts as zero). ReLU is applied if the
 * generator was trained on features after ReLU.
 */
export function resultsOf(
  terms: readonly Term[],
  features: ReadonlyMap<string, Float32Array>,
  blank: Float32Array,
  stage: FeatureStage | undefined,
): readonly Float32Array[] {
  return ORIGINS.map((origin) => {
    const result = Float32Array.from(weightedSum(terms, features, origin === 'blank' ? blank : undefined))
    return stage === 'post-relu' ? rectified(result) : result
  })
}

/**
 * Peak signal-to-noise ratio of two images: 10 log₁₀(255² / mean squared difference) in dB; null if nothing differs.
 */
export function psnr(a: RgbPixels, b: RgbPixels): number | null {
  const sum = a.reduce((total, value, i) => total + (value - b[i]!) ** 2, 0)
  return sum === 0 ? null : 10 * Math.log10(255 ** 2 / (sum / a.length))
}

function cosine(a: Float32Array, b: Float32Array): number | null {
  const product = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, i) => sum + value * y[i]!, 0)
  const norms = Math.sqrt(product(a, a) * product(b, b))
  return norms === 0 ? null : product(a, b) / norms
}

export function joined(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/**
 * Lets signals such as Ctrl-C arrive, and throws if one stops the work. Call this between forward passes, because each
 * pass blocks this thread.
 */
export async function afterSignals(signal?: AbortSignal): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
  throwIfStopped(signal)
}
