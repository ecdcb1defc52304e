import { InputError } from '../errors.js'
import type { FeatureLayer } from './network.js'
import type { TypedTensor } from './onnx/interface.js'

/**
 * The named outputs of a model as layers, as its file states them.
 *
 * @throws InputError when one does not exist, or its number of features varies
 */
export function layersOf(path: string, outputs: readonly TypedTensor[], names: readonly string[]): FeatureLayer[] {
  return names.map((name) => {
    const output = outputs.find((candidate) => candidate.name === name)
    const dims = output ? dimsOf(output) : null
    if (dims !== null) return { name, dims }
    const found = output ? `${output.type} [${output.shape.join(', ')}]` : 'absent'
    throw new InputError(
      `output "${name}" of ${path} is ${found}, not float32 [N, features] with a fixed number of features; export it so`,
    )
  })
}

/** Number of features per image; null when it varies, or they are not float32. */
function dimsOf({ type, shape }: TypedTensor): number | null {
  const sizes = shape.slice(1)
  if (type !== 'float32' || sizes.length === 0) return null
  return sizes.reduce<number | null>(
    (product, size) => (product !== null && typeof size === 'number' ? product * size : null),
    1,
  )
}
