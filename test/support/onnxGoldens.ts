import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { expect } from 'vitest'
import { type Network, outputOf } from '../../src/network.js'

const folder = join(import.meta.dirname, '../golden/onnx')

/** Path of one of the small networks that PyTorch exported. */
export function onnxGolden(name: string): string {
  return join(folder, `${name}.onnx`)
}

/** PyTorch's features of the goldens' image, by the tensor's name. */
export const onnxFeatures: Readonly<Record<string, number[]>> = JSON.parse(
  readFileSync(join(folder, 'expected.json'), 'utf8'),
)

const SIDE = 8

/**
 * Features of every layer for the goldens' image.
 * @param scale factor of its values; with 17 they are whole numbers, for networks that take bytes
 */
export async function runOnnxGolden(
  { onnxPath, input, layers }: Network,
  scale = 1,
): Promise<Record<string, number[]>> {
  const session = await InferenceSession.create(onnxPath)
  const length = 3 * SIDE * SIDE
  const batch = input.batch ?? 1
  const pixels = Float32Array.from({ length: batch * length }, (_, i) => (((i % length) % 17) / 17) * scale)
  const images = new Tensor('float32', pixels, [batch, 3, SIDE, SIDE])
  const results = await session.run({ [input.name]: images }, layers.map(outputOf))
  return Object.fromEntries(
    layers.map((layer) => {
      const { data, type } = results[outputOf(layer)] as Tensor
      expect(type).toBe('float32')
      return [layer.name, Array.from(data as Float32Array).slice(0, layer.dims)]
    }),
  )
}

/** Compares numbers to the given number of digits after the point. */
export function expectClose(found: readonly number[] | undefined, values: readonly number[] = [], digits = 5): void {
  expect(found).toHaveLength(values.length)
  found?.forEach((value, i) => {
    expect(value, String(i)).toBeCloseTo(values[i] as number, digits)
  })
}

/** Compares all features with PyTorch's. */
export async function expectOnnxGoldens(network: Network): Promise<void> {
  for (const [name, features] of Object.entries(await runOnnxGolden(network))) expectClose(features, onnxFeatures[name])
}
