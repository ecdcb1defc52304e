import { closeSync, openSync, writeSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { architectures } from '../../src/networks/architectures/architectures.js'
import { parametersOf } from '../../src/networks/architectures/layer.js'
import { weight } from './formulas.js'

/** Writes checkpoints in PyTorch's zip form, as torch.save lays them out. */

export interface TorchTensor {
  readonly key: string
  readonly shape: readonly number[]
  readonly data: () => Float32Array
}

/** Writes a state dict of float32 tensors; one tensor is in memory at a time. */
export function writeTorchZip(path: string, tensors: readonly TorchTensor[], form: ZipForm = 'zip32'): void {
  writeStoredZip(path, form, [
    { name: 'test/data.pkl', bytes: () => stateDictPickle(tensors) },
    { name: 'test/byteorder', bytes: () => Buffer.from('little') },
    ...tensors.map(({ data }, index) => ({ name: `test/data/${index}`, bytes: () => bytesOf(data()) })),
    { name: 'test/version', bytes: () => Buffer.from('3\n') },
  ])
}

/** Writes weights of a network that a graph can be built from. */
export function writeWeights(path: string, id: string): void {
  const layers = architectures.find((architecture) => architecture.id === id)?.layers ?? []
  const tensors = parametersOf(layers).map(({ key, shape }) => ({ key, shape, data: () => weight(key, shape) }))
  writeTorchZip(path, tensors)
}

/** Writes a zip of the given pickle and storages. */
export function writeTorchZipOf(
  path: string,
  pickle: Buffer,
  storages: Readonly<Record<string, Float32Array>> = {},
): void {
  writeStoredZip(path, 'zip32', [
    { name: 'test/data.pkl', bytes: () => pickle },
    ...Object.entries(storages).map(([key, data]) => ({ name: `test/data/${key}`, bytes: () => bytesOf(data) })),
  ])
}

function bytesOf(data: Float32Array): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength)
}

interface ZipContent {
  readonly name: string
  readonly bytes: () => Buffer
}

/** zip64 has sizes and offsets of 64 bits, which files of 4 GB need. */
export type ZipForm = 'zip32' | 'zip64'

function writeStoredZip(path: string, form: ZipForm, contents: readonly ZipContent[]): void {
  const file = openSync(path, 'w')
  let position = 0
  const write = (bytes: Buffer) => {
    for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done)
    position += bytes.length
  }
  const directory = contents.map(({ name, bytes }) => {
    const payload = bytes()
    const offset = position
    // torch.save pads with an extra field, so that every payload starts at a multiple of 64.
    const extraLength = 4 + ((64 - ((position + 34 + name.length) % 64)) % 64)
    const extra = Buffer.alloc(extraLength, 'Z')
    extra.write('FB', 'latin1')
    extra.writeUInt16LE(extraLength - 4, 2)
    const common = zipCommon(name, payload, extraLength)
    write(Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), common, Buffer.from(name), extra]))
    write(payload)
    return centralHeader(name, payload, offset, form)
  })
  const start = position
  for (const entry of directory) write(entry)
  const length = position - start
  if (form === 'zip64') write(endRecord64(contents.length, length, start))
  write(endRecord(contents.length, length, start, form))
  closeSync(file)
}

function centralHeader(name: string, payload: Buffer, offset: number, form: ZipForm): Buffer {
  const common = zipCommon(name, payload, 0)
  const rest = Buffer.alloc(14)
  rest.writeUInt32LE(offset, 10)
  if (form === 'zip32') return Buffer.concat([op('PK\x01\x02\0\0'), common, rest, Buffer.from(name)])
  const extra = Buffer.concat([op('\x01\0\x18\0'), uint64s(payload.length, payload.length, offset)])
  common.writeUInt16LE(extra.length, 24)
  common.fill(0xff, 14, 22)
  rest.fill(0xff, 10)
  return Buffer.concat([op('PK\x01\x02\0\0'), common, rest, Buffer.from(name), extra])
}

function endRecord(count: number, length: number, start: number, form: ZipForm): Buffer {
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(count, 8)
  end.writeUInt16LE(count, 10)
  end.writeUInt32LE(length, 12)
  end.writeUInt32LE(start, 16)
  return form === 'zip32' ? end : end.fill(0xff, 8, 20)
}

/** The record itself and its locator. */
function endRecord64(count: number, length: number, start: number): Buffer {
  const versionsAndDisks = Buffer.alloc(12)
  const record = Buffer.concat([op('PK\x06\x06'), uint64s(44), versionsAndDisks, uint64s(count, count, length, start)])
  return Buffer.concat([record, op('PK\x06\x07'), Buffer.alloc(4), uint64s(start + length), op('\x01\0\0\0')])
}

function uint64s(...values: number[]): Buffer {
  const bytes = Buffer.alloc(8 * values.length)
  values.forEach((value, index) => {
    bytes.writeBigUInt64LE(BigInt(value), 8 * index)
  })
  return bytes
}

/** The fields that local and central headers share: from the version to the length of the extra field. */
function zipCommon(name: string, payload: Buffer, extraLength: number): Buffer {
  const common = Buffer.alloc(26)
  common.writeUInt32LE(crc32(payload), 10)
  common.writeUInt32LE(payload.length, 14)
  common.writeUInt32LE(payload.length, 18)
  common.writeUInt16LE(name.length, 22)
  common.writeUInt16LE(extraLength, 24)
  return common
}

/** The pickle of `OrderedDict(key -> tensor)`, each tensor contiguous in a storage of its own: "0", "1", … */
export function stateDictPickle(tensors: readonly Pick<TorchTensor, 'key' | 'shape'>[]): Buffer {
  return Buffer.concat([
    Buffer.from([0x80, 2]),
    call('collections', 'OrderedDict', []),
    op('('),
    ...tensors.flatMap(({ key, shape }, index) => [text(key), tensorPickle(String(index), shape)]),
    op('u'),
    op('.'),
  ])
}

function tensorPickle(storage: string, shape: readonly number[]): Buffer {
  const count = shape.reduce((product, size) => product * size, 1)
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1))
  const persistentId = tuple([
    text('storage'),
    global('torch', 'FloatStorage'),
    text(storage),
    text('cpu'),
    integer(count),
  ])
  const hooks = call('collections', 'OrderedDict', [])
  const args = [
    Buffer.concat([persistentId, op('Q')]),
    integer(0),
    tuple(shape.map(integer)),
    tuple(strides.map(integer)),
    op('\x89'),
    hooks,
  ]
  return call('torch._utils', '_rebuild_tensor_v2', args)
}

/** Opcodes of pickle protocol 2, for pickles of all kinds. */
export function op(character: string): Buffer {
  return Buffer.from(character, 'latin1')
}

export function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  const length = Buffer.alloc(4)
  length.writeUInt32LE(bytes.length)
  return Buffer.concat([op('X'), length, bytes])
}

export function integer(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32LE(value)
  return Buffer.concat([op('J'), bytes])
}

export function tuple(items: readonly Buffer[]): Buffer {
  return Buffer.concat([op('('), ...items, op('t')])
}

export function global(module: string, name: string): Buffer {
  return op(`c${module}\n${name}\n`)
}

export function call(module: string, name: string, args: readonly Buffer[]): Buffer {
  return Buffer.concat([global(module, name), tuple(args), op('R')])
}
