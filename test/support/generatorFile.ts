import { writeFileSync } from 'node:fs'
import { type Model, modelMessage } from '../../src/networks/onnx/model.js'
import { type Chunk, messageBytes, messageField, stringField } from '../../src/networks/protobuf/wire.js'
import { node } from './smallNetwork.js'

/** Form of a small ONNX generator in the layout of real ones. It draws a plain colour that depends on the feature. */
export interface GeneratorForm {
  readonly dims: number
  readonly rows: number
  readonly cols: number
  /** Batch size in the file; `N` allows any number of features. */
  readonly batch: number | string
  readonly metadata: Readonly<Record<string, string>>
  readonly input: string
  readonly output: string
}

export async function writeGenerator(path: string, form: GeneratorForm): Promise<void> {
  const { dims, rows, cols, batch, input, output } = form
  const constant = (count: number, value: number) => async () => new Float32Array(count).fill(value)
  await writeWithMetadata(path, form.metadata, {
    name: 'test',
    inputs: [{ name: input, shape: [batch, dims] }],
    outputs: [{ name: output, shape: [batch, 3, rows, cols] }],
    initializers: [
      { name: 'weight', shape: [3, dims], float32: constant(3 * dims, 1 / dims) },
      { name: 'channels', shape: [4], int64: [-1, 3, 1, 1] },
      { name: 'ones', shape: [1, 3, rows, cols], float32: constant(3 * rows * cols, 1) },
    ],
    nodes: [
      node('Gemm', [input, 'weight'], 'colour', { transB: 1 }),
      node('Reshape', ['colour', 'channels'], 'pixel'),
      node('Mul', ['pixel', 'ones'], output),
    ],
  })
}

/** Writes a model with `metadata_props`. */
export async function writeWithMetadata(
  path: string,
  metadata: Readonly<Record<string, string>>,
  model: Model,
): Promise<void> {
  const parts: Uint8Array[] = []
  for await (const bytes of messageBytes([...modelMessage(model), ...metadataFields(metadata)])) parts.push(bytes)
  writeFileSync(path, Buffer.concat(parts))
}

/** `metadata_props` of a model. */
export function metadataFields(metadata: Readonly<Record<string, string>>): Chunk[] {
  return Object.entries(metadata).flatMap(([key, value]) =>
    messageField(14, [...stringField(1, key), ...stringField(2, value)]),
  )
}
