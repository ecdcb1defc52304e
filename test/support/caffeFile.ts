import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs'
import {
  type Chunk,
  floatField,
  integerField,
  messageBytes,
  messageField,
  packedIntegersField,
  stringField,
} from '../../src/files/protobuf/wire.js'
import type { FormulaTensor } from './formulas.js'

/** Writes Caffe models in all forms that exist. */

export interface CaffeLayer {
  readonly name: string
  readonly blobs: readonly CaffeBlob[]
}

export interface CaffeBlob {
  readonly shape: readonly number[]
  readonly values: readonly number[]
}

export interface CaffeForm {
  /** Version of the layer messages: 2 for LayerParameter, 1 for V1LayerParameter. */
  readonly layers: 1 | 2
  /** Fields that hold the shape: `shape` (packed or not), or num, channels, height and width (`legacy`). */
  readonly shape: 'dims' | 'unpacked dims' | 'legacy'
  readonly elements: 'packed' | 'unpacked' | 'pieces' | 'double' | 'unpacked double'
}

export function writeCaffeModel(path: string, layers: readonly CaffeLayer[], form: CaffeForm): void {
  const messages = layers.flatMap(({ name, blobs }) => {
    const fields = blobs.map((blob) => blobMessage(blob, form))
    return layerMessage(name, fields, form.layers)
  })
  writeFileSync(path, joined([...stringField(1, 'test'), ...messages]))
}

/**
 * Writes a model as Caffe does, with packed values. Only one blob is in memory at a time. Blobs of V1 layers have four
 * axes.
 * @param parameters by the keys of a PyTorch state dict, `<layer>.weight` and `<layer>.bias`
 */
export async function writeCaffeWeights(
  path: string,
  parameters: readonly FormulaTensor[],
  layers: CaffeForm['layers'],
): Promise<void> {
  const names = [...new Set(parameters.map(({ key }) => key.replace(/\.\w+$/, '')))]
  const chunks = names.flatMap((name) => {
    const blobs = ['weight', 'bias'].flatMap((part) => parameters.filter(({ key }) => key === `${name}.${part}`))
    const messages = blobs.map(({ shape, data }) => {
      const byteLength = 4 * shape.reduce((product, size) => product * size, 1)
      const elements = messageField(5, [{ byteLength, read: async () => new Uint8Array(data().buffer) }])
      const axes = layers === 1 ? [1, 1, 1, 1, ...shape].slice(-4) : shape
      return [...shapeFields(axes, layers === 1 ? 'legacy' : 'dims'), ...elements]
    })
    return layerMessage(name, messages, layers)
  })
  const file = openSync(path, 'w')
  for await (const bytes of messageBytes([...stringField(1, 'test'), ...chunks]))
    for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done)
  closeSync(file)
}

export function joined(chunks: readonly Chunk[]): Buffer {
  return Buffer.concat(chunks as readonly Uint8Array[])
}

function layerMessage(name: string, blobs: readonly Chunk[][], layers: CaffeForm['layers']): Chunk[] {
  const number = layers === 2 ? { layer: 100, name: 1, blobs: 7 } : { layer: 2, name: 4, blobs: 6 }
  return messageField(number.layer, [
    ...(layers === 1 ? integerField(5, 14) : []),
    ...stringField(number.name, name),
    ...blobs.flatMap((blob) => messageField(number.blobs, blob)),
  ])
}

export function blobMessage({ shape, values }: CaffeBlob, form: Pick<CaffeForm, 'shape' | 'elements'>): Chunk[] {
  return [...elementFields(values, form.elements), ...shapeFields(shape, form.shape)]
}

function shapeFields(shape: readonly number[], form: CaffeForm['shape']): Chunk[] {
  if (form === 'legacy') return shape.flatMap((size, axis) => integerField(axis + 1, size))
  const unpacked = shape.flatMap((size) => integerField(1, size))
  return messageField(7, form === 'dims' ? packedIntegersField(1, shape) : unpacked)
}

function elementFields(values: readonly number[], form: CaffeForm['elements']): Chunk[] {
  const float = (part: readonly number[]) => messageField(5, [Buffer.from(Float32Array.from(part).buffer)])
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
      return messageField(8, [double])
    case 'unpacked double':
      return values.map((_, i) => Buffer.concat([Buffer.from([0x41]), double.subarray(8 * i, 8 * i + 8)]))
  }
}
