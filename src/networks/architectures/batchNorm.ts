import { InputError } from '../../errors.js'
import type { Weights } from './weights.js'

/** torch.nn.BatchNorm2d's default, which all networks here use. */
const epsilon = 1e-5

/** What batch normalisation does to a channel at inference: `y = scale·x + shift`. */
export interface ChannelTransform {
  readonly scale: Float64Array
  readonly shift: Float64Array
}

/**
 * The transform of batch normalisation `key`, in float64: scale = γ/√(σ²+ε), shift = β − μ·scale.
 *
 * @throws InputError when a variance is negative
 */
export async function batchNormTransform(weights: Weights, key: string): Promise<ChannelTransform> {
  const [gamma, beta, mean, variance] = await Promise.all([
    weights.read(`${key}.weight`),
    weights.read(`${key}.bias`),
    weights.read(`${key}.running_mean`),
    weights.read(`${key}.running_var`),
  ])
  const negative = variance.findIndex((value) => value < 0)
  if (negative >= 0) {
    throw new InputError(
      `${weights.path}: ${key}.running_var is negative at element ${negative}; variances never are, use another checkpoint`,
    )
  }
  const scale = Float64Array.from(gamma, (value, channel) => value / Math.sqrt((variance[channel] as number) + epsilon))
  const shift = Float64Array.from(
    beta,
    (value, channel) => value - (mean[channel] as number) * (scale[channel] as number),
  )
  return { scale, shift }
}

/** Weights of a convolution, [outputs, …], whose output channels are scaled; computed in float64, rounded once. */
export function scaleOutputs(weight: Float32Array, scale: Float64Array): Float32Array {
  const perChannel = weight.length / scale.length
  return weight.map((value, index) => value * (scale[Math.floor(index / perChannel)] as number))
}
