import { elementCount } from '../checkpoint/tensor.js'
import { type Layer, parametersOf } from './layer.js'
import type { Weights } from './weights.js'

/**
 * Weights that mean nothing, always the same: uniform within ±1/√inputs, biases small, statistics of batch normalisation
 * around 0 and 1. Activations neither grow beyond float32 nor fade to denormal numbers, on which processors are slow.
 */
export function madeUpWeights(layers: readonly Layer[]): Weights {
  const shapes = new Map(parametersOf(layers).map(({ key, shape }) => [key, shape]))
  return { path: 'made-up weights', read: async (key) => values(key, shapes.get(key) as readonly number[]) }
}

function values(key: string, shape: readonly number[]): Float32Array {
  const [centre, spread] = distribution(key, shape)
  let state = 0x9e3779b9
  return new Float32Array(elementCount(shape)).map(() => {
    // Xorshift (G. Marsaglia, 2003).
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return centre + (spread * state) / 2 ** 31
  })
}

function distribution(key: string, shape: readonly number[]): readonly [centre: number, spread: number] {
  if (shape.length > 1) return [0, 1 / Math.sqrt(elementCount(shape.slice(1)))]
  return /\.(weight|running_var)$/.test(key) ? [1, 0.1] : [0, 0.05]
}
