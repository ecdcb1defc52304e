import { join } from 'node:path'
import type { Tensor } from 'onnxruntime-node'
import { expect } from 'vitest'
import { readNpy } from '../../src/files/npy.js'

const goldens = join(import.meta.dirname, '../golden/networks')
const tolerance = 1e-4

/**
 * Compares an output [images, …] with PyTorch's values, [images, values], which hold every `step`th value of an image.
 */
export async function expectGolden(name: string, output: Tensor | undefined, step = 1): Promise<void> {
  const golden = await readNpy(join(goldens, `${name}.npy`))
  const [count, kept] = golden.shape as [number, number]
  const values = output?.data as Float32Array
  const size = values.length / count
  expect(output?.dims[0]).toBe(count)
  expect(Math.ceil(size / step)).toBe(kept)
  for (let image = 0; image < count; image++) {
    const own = values.subarray(image * size, (image + 1) * size).filter((_, i) => i % step === 0)
    const error = distance(own, golden.data.subarray(image * kept, (image + 1) * kept))
    expect(error, `${name}, image ${image}`).toBeLessThanOrEqual(tolerance)
  }
}

/** ‖a − b‖ / ‖b‖ */
export function distance(a: Float32Array, b: Float32Array): number {
  const norm = (values: Iterable<number>) => Math.sqrt([...values].reduce((sum, value) => sum + value * value, 0))
  return norm(a.map((value, index) => value - (b[index] as number))) / norm(b)
}
