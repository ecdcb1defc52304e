/** Numbers of the fields of Caffe's messages under their names in src/caffe/proto/caffe.proto. */

/** All of its fields. */
export const NetParameter = {
  name: 1,
  layers: 2,
  input: 3,
  input_dim: 4,
  force_backward: 5,
  state: 6,
  debug_info: 7,
  input_shape: 8,
  layer: 100,
} as const

export const LayerParameter = { name: 1, blobs: 7 } as const

/** `layer` is a layer in the still older form, V0LayerParameter. */
export const V1LayerParameter = { layer: 1, name: 4, blobs: 6 } as const

export const BlobProto = {
  num: 1,
  channels: 2,
  height: 3,
  width: 4,
  data: 5,
  shape: 7,
  double_data: 8,
} as const

export const BlobShape = { dim: 1 } as const
