import { elementCount } from '../support/shape.js'
import { counted } from '../support/text.js'

export const bytesPerElement = {
  float32: 4,
  float64: 8,
  float16: 2,
  bfloat16: 2,
  int64: 8,
  int32: 4,
  int16: 2,
  int8: 1,
  uint8: 1,
  bool: 1,
} as const
export type DataType = keyof typeof bytesPerElement

export interface CheckpointTensor {
  readonly shape: readonly number[]
  /**
   * Reads the elements as float32, in C order.
   * @throws InputError if the file is too short, the checksum is wrong, or an element is NaN or infinite
   */
  readonly read: () => Promise<Float32Array>
}

/** Which elements of a storage (a shared array) belong to a tensor. Offset and strides count elements, not bytes. */
export interface TensorLayout {
  readonly offset: number
  readonly shape: readonly number[]
  readonly strides: readonly number[]
}

export function contiguousStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length)
  let stride = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride
    stride *= shape[axis]!
  }
  return strides
}

/**
 * A correct layout stays within the storage. It also has no more elements than the storage, because a layout with
 * strides of 0 could claim any number of elements.
 */
export function layoutFault(layout: TensorLayout, storageElements: number): string | null {
  const { offset, shape, strides } = layout
  const sizes = [offset, ...shape, ...strides]
  if (shape.length !== strides.length || shape.length > 16 || !sizes.every((n) => Number.isSafeInteger(n) && n >= 0)) {
    return 'has a malformed shape, stride or offset'
  }
  const count = elementCount(shape)
  if (count > storageElements) return `has ${counted(count, 'element')}, but its storage has ${storageElements}`
  const last = shape.reduce((sum, size, axis) => sum + (size - 1) * strides[axis]!, offset)
  if (count > 0 && last >= storageElements) return `uses element ${last} of a storage that has only ${storageElements}`
  return null
}

/**
 * The elements of a tensor as float32, in C order. A contiguous float32 tensor is returned as a view, without a copy.
 * @param storage little-endian elements of the whole storage, starting at the beginning of its own ArrayBuffer
 * @param layout must have passed `layoutFault`
 */
export function gatherFloat32(storage: Uint8Array, dtype: DataType, layout: TensorLayout): Float32Array {
  const { offset, shape, strides } = layout
  const count = elementCount(shape)
  if (count === 0) return new Float32Array(0)
  if (dtype === 'float32' && isContiguous(layout)) {
    return new Float32Array(storage.buffer, storage.byteOffset + offset * 4, count)
  }
  const element = elementReader(storage, dtype)
  const result = new Float32Array(count)
  const index = new Array<number>(shape.length).fill(0)
  let source = offset
  for (let i = 0; i < count; i++) {
    result[i] = element(source)
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = index[axis]! + 1
      source += strides[axis]!
      if (index[axis]! < shape[axis]!) break
      source -= shape[axis]! * strides[axis]!
      index[axis] = 0
    }
  }
  return result
}

/** The stride of an axis of size 1 is never used, so it may be anything. */
function isContiguous(layout: TensorLayout): boolean {
  const expected = contiguousStrides(layout.shape)
  return layout.strides.every((stride, axis) => layout.shape[axis] === 1 || stride === expected[axis])
}

function elementReader(storage: Uint8Array, dtype: DataType): (index: number) => number {
  const view = new DataView(storage.buffer, storage.byteOffset, storage.byteLength)
  switch (dtype) {
    case 'float32':
      return (i) => view.getFloat32(4 * i, true)
    case 'float64':
      return (i) => view.getFloat64(8 * i, true)
    case 'float16':
      return (i) => float16(view.getUint16(2 * i, true))
    case 'bfloat16':
      return bfloat16Reader(view)
    case 'int64':
      return (i) => Number(view.getBigInt64(8 * i, true))
    case 'int32':
      return (i) => view.getInt32(4 * i, true)
    case 'int16':
      return (i) => view.getInt16(2 * i, true)
    case 'int8':
      return (i) => view.getInt8(i)
    case 'uint8':
      return (i) => view.getUint8(i)
    case 'bool':
      return (i) => Number(view.getUint8(i) !== 0)
  }
}

/** IEEE 754 binary16: 1 sign, 5 exponent and 10 fraction bits. */
function float16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

/** bfloat16 is the upper half of a float32. */
function bfloat16Reader(view: DataView): (index: number) => number {
  const scratch = new DataView(new ArrayBuffer(4))
  return (i) => {
    scratch.setUint32(0, view.getUint16(2 * i, true) << 16)
    return scratch.getFloat32(0)
  }
}
