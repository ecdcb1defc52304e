import { InputError } from '../errors.js'
import type { OpenFile } from '../files/openFile.js'
import { elementCount } from '../support/shape.js'
import { counted, printable } from '../support/text.js'
import { bytesPerElement, type CheckpointTensor, contiguousStrides, type DataType, gatherFloat32 } from './tensor.js'

const dataTypes: ReadonlyMap<unknown, DataType> = new Map<unknown, DataType>([
  ['F32', 'float32'],
  ['F64', 'float64'],
  ['F16', 'float16'],
  ['BF16', 'bfloat16'],
  ['I64', 'int64'],
  ['I32', 'int32'],
  ['I16', 'int16'],
  ['I8', 'int8'],
  ['U8', 'uint8'],
  ['BOOL', 'bool'],
])

const lengthBytes = 8
/**
 * Longest header to read. A real one takes about 100 bytes per tensor. Malicious JSON can take 50 times its length in
 * memory.
 */
const maximumHeaderBytes = 4 * 2 ** 20

export function isSafetensors(head: Buffer, { size }: Pick<OpenFile, 'size'>): boolean {
  if (head.length <= lengthBytes || head.toString('latin1', lengthBytes, lengthBytes + 1) !== '{') return false
  return head.readBigUInt64LE(0) <= BigInt(size - lengthBytes)
}

/**
 * Reads a safetensors file. It consists of the header's length (uint64), the header as JSON, and the bytes of the
 * tensors. The header is `{name: {dtype, shape, data_offsets: [start, end]}}`. Offsets count from the start of the
 * tensors' bytes.
 * Reference: https://github.com/huggingface/safetensors#format
 */
export async function readSafetensors(file: OpenFile): Promise<ReadonlyMap<string, CheckpointTensor>> {
  const headerLength = Number((await file.read({ offset: 0, length: lengthBytes })).readBigUInt64LE(0))
  if (headerLength > maximumHeaderBytes)
    throw damaged(file.path, `its header is too long (${counted(headerLength, 'byte')})`)
  const header = parse(file, (await file.read({ offset: lengthBytes, length: headerLength })).toString('utf8'))
  const dataStart = lengthBytes + headerLength
  const tensors = Object.entries(header).filter(([key]) => key !== '__metadata__')
  return new Map(tensors.map(([key, entry]) => [key, tensorOf(file, key, entry, dataStart)]))
}

function parse(file: OpenFile, text: string): Record<string, unknown> {
  try {
    const header: unknown = JSON.parse(text)
    if (typeof header === 'object' && header !== null && !Array.isArray(header))
      return header as Record<string, unknown>
  } catch (error) {
    throw damaged(file.path, 'its header is not JSON', error)
  }
  throw damaged(file.path, 'its header is not a JSON object')
}

function tensorOf(file: OpenFile, key: string, entry: unknown, dataStart: number): CheckpointTensor {
  const { dtype: type, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>
  const dtype = dataTypes.get(type)
  const [start, end] = isCounts(offsets) ? offsets : []
  if (dtype === undefined || !isCounts(shape) || start === undefined || end === undefined) {
    throw damaged(file.path, `the entry of ${printable(key)} is malformed, or of a type that is not supported`)
  }
  const length = elementCount(shape) * bytesPerElement[dtype]
  if (end - start !== length || dataStart + end > file.size) {
    throw damaged(file.path, `the data of ${printable(key)} are cut off, or do not have ${counted(length, 'byte')}`)
  }
  const layout = { offset: 0, shape, strides: contiguousStrides(shape) }
  const range = { offset: dataStart + start, length }
  return { shape, read: async () => gatherFloat32(await file.read(range), dtype, layout) }
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0)
}

function damaged(path: string, cause: string, error?: unknown): InputError {
  return new InputError(`${path} is a damaged safetensors file: ${cause}; download or copy it again`, { cause: error })
}
