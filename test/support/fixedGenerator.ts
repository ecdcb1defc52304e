import { writeWithMetadata } from './generatorFile.js'
import { node } from './smallNetwork.js'

/** Squares along an axis of the picture, and their side in pixels. */
const SQUARES = 8
const SIDE = 28

/** Metadata in a generator's file. */
export type GeneratorMetadata = Readonly<Record<'encoder' | 'encoder_sha256' | 'layer' | 'feature', string>>

/**
 * Writes a generator with fixed weights. Each value of its 8×8 grid of colours is a sum of features, half of them with
 * positive weights. The pictures have no meaning, but depend on every feature.
 */
export async function fixedGenerator(
  path: string,
  dims: number,
  metadata: Partial<GeneratorMetadata> = {},
): Promise<string> {
  const outputs = 3 * SQUARES * SQUARES
  const weight = async () =>
    Float32Array.from({ length: outputs * dims }, (_, i) => Math.sin(i * 12.9898) / (3 * Math.sqrt(dims)))
  const attributes = { kernel_shape: [SIDE, SIDE], strides: [SIDE, SIDE], group: 3 }
  const stated = { encoder: 'tiny-alexnet', layer: 'fc6', feature: 'pre-relu', ...metadata }
  await writeWithMetadata(path, stated, {
    name: 'fixed',
    inputs: [{ name: 'feature', shape: ['N', dims] }],
    outputs: [{ name: 'image', shape: ['N', 3, SQUARES * SIDE, SQUARES * SIDE] }],
    initializers: [
      { name: 'weight', shape: [outputs, dims], float32: weight },
      { name: 'shape', shape: [4], int64: [-1, 3, SQUARES, SQUARES] },
      { name: 'square', shape: [3, 1, SIDE, SIDE], float32: async () => new Float32Array(3 * SIDE * SIDE).fill(1) },
    ],
    nodes: [
      node('Gemm', ['feature', 'weight'], 'sum', { transB: 1 }),
      node('Reshape', ['sum', 'shape'], 'cells'),
      node('ConvTranspose', ['cells', 'square'], 'image', attributes),
    ],
  })
  return path
}
