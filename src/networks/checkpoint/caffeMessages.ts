import {
  elements,
  integer,
  integers,
  type MessageOf,
  message,
  messages,
  payload,
  payloads,
  text,
} from '../protobuf/messages.js'

/** Caffe's messages under their names in src/caffe/proto/caffe.proto. */

/** As in Caffe, include/caffe/blob.hpp. */
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
export type BlobProto = MessageOf<typeof blob>

const layerParameter = { name: text(1), blobs: messages(7, () => blob) }
/** `layer` is a layer in the still older form, V0LayerParameter. */
const v1LayerParameter = { name: text(4), blobs: messages(6, () => blob), layer: payloads(1) }

/** NetParameter, with all of its fields. */
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
export type NetParameter = MessageOf<typeof netTable>
