import { writeFileSync } from 'node:fs'
import {
  bytesField,
  type Chunk,
  floatField,
  integerField,
  messageField,
  packedIntegersField,
  stringField,
} from '../../src/networks/onnx/protobuf.js'

/** Writes Caffe models in the forms that they come in. */

export interface CaffeLayer {
  readonly name: string
  readonly blobs: readonly CaffeBlob[]
}

export interface CaffeBlob {
  readonly shape: readonly number[]
  readonly values: readonly number[]
}

export interface CaffeForm {
  /** Version of the layers: 2 is LayerParameter, 1 V1LayerParameter. */
  readonly layers: 1 | 2
  /** Where the shape stands: in `shape`, or in num, channels, height and width. */
  readonly shape: 'dims' | 'unpacked dims' | 'legacy'
  readonly elements: 'packed' | 'unpacked' | 'pieces' | 'double' | 'unpacked double'
}

export function writeCaffeModel(path: string, layers: readonly CaffeLayer[], form: CaffeForm): void {
  const chunks = [...stringField(1, 'test'), ...layers.flatMap((layer) => layerField(layer, form))]
  writeFileSync(path, joined(chunks))
}

export function joined(chunks: readonly Chunk[]): Buffer {
  return Buffer.concat(chunks as readonly Uint8Array[])
}

function layerField({ name, blobs }: CaffeLayer, form: CaffeForm): Chunk[] {
  const number = form.layers === 2 ? { layer: 100, name: 1, blobs: 7 } : { layer: 2, name: 4, blobs: 6 }
  return messageField(number.layer, [
    ...(form.layers === 1 ? integerField(5, 14) : []),
    ...stringField(number.name, name),
    ...blobs.flatMap((blob) => messageField(number.blobs, blobMessage(blob, form))),
  ])
}

export function blobMessage({ shape, values }: CaffeBlob, form: Pick<CaffeForm, 'shape' | 'elements'>): Chunk[] {
  return [...elementFields(values, form.elements), ...shapeFields(shape, form.shape)]
}

function shapeFields(shape: readonly number[], form: CaffeForm['shape']): Chunk[] {
  if (form === 'legacy') return shape.flatMap((size, axis) => integerField(axis + 1, size))
  if (form === 'dims') return messageField(7, packedIntegersField(1, shape))
  return messageField(
    7,
    shape.flatMap((size) => integerField(1, size)),
  )
}

function elementFields(values: readonly number[], form: CaffeForm['elements']): Chunk[] {
  const float = (part: readonly number[]) => bytesField(5, Buffer.from(Float32Array.from(part).buffer))
  const double = Buffer.from(Float64Array.from(values).buffer)
  const half = values.length >> 1
  switch (form) {
    case 'packed':
      return float(values)
    case 'unpacked':
      return values.flatMap((value) => floatField(5, value))
    case 'pieces':
      return [...float(values.slice(0, half)), ...values.slice(half).flatMap((value) => floatField(5, value))]
    case 'double':
      return bytesField(8, double)
    case 'unpacked double':
      return values.map((_, i) => Buffer.concat([Buffer.from([0x41]), double.subarray(8 * i, 8 * i + 8)]))
  }
}
