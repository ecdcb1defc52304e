import { extname } from 'node:path'
import { InputError } from '../errors.js'
import type { OpenFile } from '../files/openFile.js'
import {
  elements,
  integer,
  integers,
  type MessageOf,
  message,
  messages,
  type Piece,
  payload,
  payloads,
  readMessage,
  text,
} from '../files/protobuf/messages.js'
import { ProtobufError } from '../files/protobuf/wire.js'
import { elementCount } from '../support/shape.js'
import { printable } from '../support/text.js'
import { bytesPerElement, type CheckpointTensor, contiguousStrides, gatherFloat32 } from './tensor.js'

/** The tables below describe Caffe's protobuf messages, with the names of src/caffe/proto/caffe.proto. */

/** Largest number of axes of a blob (an array of weights). Caffe has the same limit (include/caffe/blob.hpp). */
const MOST_AXES = 32

const blobShape = { dim: integers(1, MOST_AXES) }

const blob = {
  num: integer(1),
  channels: integer(2),
  height: integer(3),
  width: integer(4),
  data: elements(5, 4),
  double_data: elements(8, 8),
  shape: message(7, () => blobShape),
}
type BlobProto = MessageOf<typeof blob>

const layerParameter = { name: text(1), blobs: messages(7, () => blob) }
/** A layer in the form of 2014. Its field `layer` holds a layer in an even older form, V0LayerParameter. */
const v1LayerParameter = { name: text(4), blobs: messages(6, () => blob), layer: payloads(1) }

/**
 * The message NetParameter, which is the whole file. All its fields are listed, because `startsWithName` recognises a
 * Caffe model by them.
 */
export const netTable = {
  name: text(1),
  input: payloads(3),
  input_dim: integers(4),
  force_backward: integer(5),
  state: payload(6),
  debug_info: integer(7),
  input_shape: payloads(8),
  layers: messages(2, () => v1LayerParameter),
  layer: messages(100, () => layerParameter),
}
type NetParameter = MessageOf<typeof netTable>

const maximumBlobs = 100_000

export function isCaffeModel(head: Buffer, { path }: Pick<OpenFile, 'path'>): boolean {
  return extname(path).toLowerCase() === '.caffemodel' || startsWithName(head)
}

/**
 * Whether a file starts like a Caffe model: with field 1 of NetParameter, a short name, and then the tag of another
 * field of NetParameter.
 */
function startsWithName(head: Buffer): boolean {
  const [tag, length = 0x80] = head
  const end = 2 + length
  if (tag !== 0x0a || length >= 0x80 || end + 2 > head.length) return false
  const low = head.readUInt8(end)
  const next = low < 0x80 ? low : (low & 0x7f) + 0x80 * head.readUInt8(end + 1)
  const fields = Object.values(netTable)
  const isField = fields.some(({ number, wireTypes: [usual] }) => number === next >> 3 && usual === next % 8)
  return isField && /^[\x20-\x7e]*$/.test(head.toString('latin1', 2, end))
}

/**
 * Reads the blobs (arrays of weights) of a Caffe model. A blob's name is `<layer name>.<index>`. By Caffe's convention,
 * index 0 is the weights and index 1 the bias. Layers may have the current form or the V1 form of 2014. In old files
 * without `shape`, a blob has four axes, [num, channels, height, width].
 * Reference: BVLC/caffe, src/caffe/proto/caffe.proto and src/caffe/blob.cpp (`FromProto`).
 */
export async function readCaffeModel(file: OpenFile): Promise<ReadonlyMap<string, CheckpointTensor>> {
  const { path } = file
  try {
    const tensors = tensorsOf(file, readMessage(file, netTable))
    if (tensors.size > 0) return tensors
  } catch (error) {
    if (!(error instanceof ProtobufError)) throw error
    throw new InputError(`${path} is a damaged Caffe model: ${error.message}; download or copy it again`, {
      cause: error,
    })
  }
  throw new InputError(`${path} is a Caffe model without weights; give the .caffemodel that training wrote`)
}

function tensorsOf(file: OpenFile, { layers = [], layer = [] }: NetParameter): Map<string, CheckpointTensor> {
  const tensors = new Map<string, CheckpointTensor>()
  if (layers.some(({ layer = [], blobs = [] }) => blobs.length === 0 && layer.length > 0))
    throw new InputError(
      `${file.path} is a Caffe model in a format older than 2014; convert it with Caffe's upgrade_net_proto_binary`,
    )
  for (const { name = '', blobs = [] } of [...layers, ...layer]) {
    blobs.forEach((blob, index) => {
      const key = `${name}.${index}`
      if (name === '') throw new ProtobufError('a layer with weights has no name')
      if (tensors.has(key)) throw new ProtobufError(`two layers with weights are called ${printable(name)}`)
      if (tensors.size === maximumBlobs) throw new ProtobufError(`it has more than ${maximumBlobs} blobs`)
      tensors.set(key, blobTensor(file, key, blob))
    })
  }
  return tensors
}

function blobTensor(file: OpenFile, key: string, blob: BlobProto): CheckpointTensor {
  const { data = [], double_data = [] } = blob
  const [dtype, pieces] = double_data.length > 0 ? (['float64', double_data] as const) : (['float32', data] as const)
  const shape = shapeOf(blob)
  const count = pieces.reduce((sum, piece) => sum + piece.elements, 0)
  const isValid = shape.every((size) => Number.isSafeInteger(size) && size >= 0)
  if (!isValid || elementCount(shape) !== count) {
    throw new ProtobufError(`${printable(key)} has ${count} elements, which do not fit its shape`)
  }
  const layout = { offset: 0, shape, strides: contiguousStrides(shape) }
  const read = async () => gatherFloat32(await readPieces(file, pieces, bytesPerElement[dtype]), dtype, layout)
  return { shape, read }
}

function shapeOf({ num, channels, height, width, shape = {} }: BlobProto): readonly number[] {
  const legacy = [num, channels, height, width]
  if (legacy.every((size) => size === undefined)) return shape.dim ?? []
  return legacy.map((size) => size ?? 0)
}

async function readPieces(file: OpenFile, pieces: readonly Piece[], elementBytes: number): Promise<Uint8Array> {
  const [first] = pieces
  if (first && pieces.length === 1 && first.distance === elementBytes)
    return file.read({ offset: first.offset, length: first.elements * elementBytes })
  const result = new Uint8Array(elementBytes * pieces.reduce((sum, { elements }) => sum + elements, 0))
  let done = 0
  for (const { offset, elements, distance } of pieces) {
    if (elements === 0) continue
    const bytes = await file.read({ offset, length: (elements - 1) * distance + elementBytes })
    for (let i = 0; i < elements; i++, done += elementBytes)
      result.set(bytes.subarray(i * distance, i * distance + elementBytes), done)
  }
  return result
}
