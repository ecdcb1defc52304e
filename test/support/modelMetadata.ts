import { writeFileSync } from 'node:fs'
import { type Chunk, messageBytes, messageField, stringField } from '../../src/files/protobuf/wire.js'
import { type Model, modelMessage } from '../../src/onnx/format/onnxModel.js'

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
