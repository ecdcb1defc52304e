import {
  elements,
  integer,
  integers,
  type Message,
  message,
  messages,
  type Piece,
  payload,
  payloads,
  type Table,
  text,
} from '../protobuf/messages.js'
import type { Chunk } from '../protobuf/wire.js'

/** Caffe's messages under their names in src/caffe/proto/caffe.proto. */

/** All of its fields. */
export interface NetParameter extends Message {
  readonly name?: string
  readonly input?: readonly Chunk[]
  readonly input_dim?: readonly number[]
  readonly force_backward?: number
  readonly state?: Chunk
  readonly debug_info?: number
  readonly input_shape?: readonly Chunk[]
  readonly layers?: readonly V1LayerParameter[]
  readonly layer?: readonly LayerParameter[]
}

export interface LayerParameter extends Message {
  readonly name?: string
  readonly blobs?: readonly BlobProto[]
}

/** `layer` is a layer in the still older form, V0LayerParameter. */
export interface V1LayerParameter extends LayerParameter {
  readonly layer?: readonly Chunk[]
}

export interface BlobProto extends Message {
  readonly num?: number
  readonly channels?: number
  readonly height?: number
  readonly width?: number
  readonly data?: readonly Piece[]
  readonly double_data?: readonly Piece[]
  readonly shape?: BlobShape
}

export interface BlobShape extends Message {
  readonly dim?: readonly number[]
}

/** As in Caffe, include/caffe/blob.hpp. */
const MOST_AXES = 32

const blobShape: Table<BlobShape> = { dim: integers(1, MOST_AXES) }

const blob: Table<BlobProto> = {
  num: integer(1),
  channels: integer(2),
  height: integer(3),
  width: integer(4),
  data: elements(5, 4),
  double_data: elements(8, 8),
  shape: message(7, () => blobShape),
}

const layer: Table<LayerParameter> = { name: text(1), blobs: messages(7, () => blob) }
const v1Layer: Table<V1LayerParameter> = { name: text(4), blobs: messages(6, () => blob), layer: payloads(1) }

export const netTable: Table<NetParameter> = {
  name: text(1),
  input: payloads(3),
  input_dim: integers(4),
  force_backward: integer(5),
  state: payload(6),
  debug_info: integer(7),
  input_shape: payloads(8),
  layers: messages(2, () => v1Layer),
  layer: messages(100, () => layer),
}
