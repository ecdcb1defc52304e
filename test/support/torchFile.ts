import { closeSync, openSync, writeSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import type { FormulaTensor } from './formulas.js'
import { tensorsOf } from './narrowNetworks.js'

/** Writes checkpoints in PyTorch's zip format, in the layout of torch.save. */

export type TorchTensor = FormulaTensor

/** Writes a state dict of float32 tensors. Only one tensor is in memory at a time. */
export function writeTorchZip(path: string, tensors: readonly TorchTensor[], form: ZipForm = 'zip32'): void {
  writeStoredZip(path, form, [
    { name: 'test/data.pkl', bytes: () => stateDictPickle(tensors) },
    { name: 'test/byteorder', bytes: () => Buffer.from('little') },
    ...tensors.map(({ data }, index) => ({ name: `test/data/${index}`, bytes: () => bytesOf(data()) })),
    { name: 'test/version', bytes: () => Buffer.from('3\n') },
  ])
}

/** Writes made-up weights of a catalog network, from which its graph can be built. */
export function writeWeights(path: string, id: string): void {
  writeTorchZip(path, tensorsOf(id))
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

/** zip64 has sizes and offsets of 64 bits, which files of 4 GB need. */
export type ZipForm = 'zip32' | 'zip64'

const uint16s = (...values: number[]) => Buffer.from(Uint16Array.from(values).buffer)
const uint32s = (...values: number[]) => Buffer.from(Uint32Array.from(values).buffer)
const uint64s = (...values: number[]) => Buffer.from(BigUint64Array.from(values.map(BigInt)).buffer)
/** Value of a 32-bit field whose number is in a 64-bit field instead. */
const ELSEWHERE = 0xffffffff

function writeStoredZip(
  path: string,
  form: ZipForm,
  contents: readonly { readonly name: string; readonly bytes: () => Buffer }[],
): void {
  const file = openSync(path, 'w')
  let position = 0
  const write = (...parts: readonly Buffer[]) => {
    const bytes = Buffer.concat(parts)
    for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done)
    position += bytes.length
  }
  const directory = contents.map(({ name, bytes }) => {
    const payload = bytes()
    const [size, offset] = [payload.length, position]
    // Version, flags, method, time and date are 0.
    const common = Buffer.concat([uint16s(0, 0, 0, 0, 0), uint32s(crc32(payload))])
    // torch.save pads with an extra field, so that every payload starts at a multiple of 64.
    const padding = (64 - ((position + 34 + name.length) % 64)) % 64
    write(op('PK\x03\x04'), common, uint32s(size, size), uint16s(name.length, 4 + padding), Buffer.from(name))
    write(op('FB'), uint16s(padding), Buffer.alloc(padding, 'Z'), payload)
    const is64 = form === 'zip64'
    const extra = is64 ? Buffer.concat([uint16s(1, 24), uint64s(size, size, offset)]) : Buffer.alloc(0)
    const [shownSize, shownOffset] = is64 ? [ELSEWHERE, ELSEWHERE] : [size, offset]
    return Buffer.concat([
      ...[op('PK\x01\x02\0\0'), common, uint32s(shownSize, shownSize), uint16s(name.length, extra.length, 0, 0, 0)],
      ...[uint32s(0, shownOffset), Buffer.from(name), extra],
    ])
  })
  const [start, count] = [position, contents.length]
  write(...directory)
  const [length, end] = [position - start, position]
  if (form === 'zip32') write(op('PK\x05\x06'), uint16s(0, 0, count, count), uint32s(length, start), uint16s(0))
  else {
    write(op('PK\x06\x06'), uint64s(44), Buffer.alloc(12), uint64s(count, count, length, start))
    write(op('PK\x06\x07'), uint32s(0), uint64s(end), uint32s(1))
    write(op('PK\x05\x06'), uint32s(0), Buffer.alloc(12, 0xff), uint16s(0))
  }
  closeSync(file)
}

/** The pickle of `OrderedDict(key -> tensor)`, each tensor contiguous in a storage of its own: "0", "1", … */
export function stateDictPickle(tensors: readonly Pick<TorchTensor, 'key' | 'shape'>[]): Buffer {
  const items = tensors.flatMap(({ key, shape }, index) => [text(key), tensorPickle(String(index), shape)])
  return Buffer.concat([op('\x80\x02'), call('collections', 'OrderedDict', []), op('('), ...items, op('u.')])
}

function tensorPickle(storage: string, shape: readonly number[]): Buffer {
  const count = shape.reduce((product, size) => product * size, 1)
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1))
  const persistentId = [text('storage'), global('torch', 'FloatStorage'), text(storage), text('cpu'), integer(count)]
  const [sides, steps] = [shape, strides].map((numbers) => tuple(numbers.map(integer))) as [Buffer, Buffer]
  const hooks = call('collections', 'OrderedDict', [])
  const args = [tuple(persistentId), op('Q'), integer(0), sides, steps, op('\x89'), hooks]
  return call('torch._utils', '_rebuild_tensor_v2', args)
}

/** Opcodes of pickle protocol 2, for pickles of all kinds. */
export function op(character: string): Buffer {
  return Buffer.from(character, 'latin1')
}

export function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([op('X'), uint32s(bytes.length), bytes])
}

export function integer(value: number): Buffer {
  return Buffer.concat([op('J'), uint32s(value)])
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
