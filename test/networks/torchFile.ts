import { closeSync, openSync, writeSync } from 'node:fs'
import { crc32 } from 'node:zlib'

/** Writes checkpoints in PyTorch's zip form, as torch.save lays them out. */

export interface TorchTensor {
  readonly key: string
  readonly shape: readonly number[]
  readonly data: () => Float32Array
}

/** Writes a state dict of float32 tensors; one tensor is in memory at a time. */
export function writeTorchZip(path: string, tensors: readonly TorchTensor[]): void {
  writeStoredZip(path, [
    { name: 'test/data.pkl', bytes: () => stateDictPickle(tensors) },
    { name: 'test/byteorder', bytes: () => Buffer.from('little') },
    ...tensors.map(({ data }, index) => ({ name: `test/data/${index}`, bytes: () => bytesOf(data()) })),
    { name: 'test/version', bytes: () => Buffer.from('3\n') },
  ])
}

/** Writes a zip of the given pickle and storages. */
export function writeTorchZipOf(
  path: string,
  pickle: Buffer,
  storages: Readonly<Record<string, Float32Array>> = {},
): void {
  writeStoredZip(path, [
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

function writeStoredZip(path: string, contents: readonly ZipContent[]): void {
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
    const central = Buffer.alloc(14)
    central.writeUInt32LE(offset, 10)
    const centralCommon = zipCommon(name, payload, 0)
    return Buffer.concat([Buffer.from('PK\x01\x02\0\0', 'latin1'), centralCommon, central, Buffer.from(name)])
  })
  const start = position
  for (const entry of directory) write(entry)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(contents.length, 8)
  end.writeUInt16LE(contents.length, 10)
  end.writeUInt32LE(position - start, 12)
  end.writeUInt32LE(start, 16)
  write(end)
  closeSync(file)
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
