import { open } from 'node:fs/promises'
import { InputError } from '../errors.js'
import { machineMemory } from '../memory.js'
import { resourceError } from '../resources.js'
import { writeFileAtomic } from './atomic.js'
import { READ_WITHOUT_WAITING } from './regularFile.js'

/** An array of float32 in C order. */
export interface NpyArray {
  readonly shape: readonly number[]
  readonly data: Float32Array
}

const MAGIC = '\x93NUMPY'
const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1

/**
 * The bytes of a version 1.0 .npy file: header and data as two pieces, the data not copied.
 * @param shape extent of each axis, slowest first (C order)
 * @param data as many float32 as the shape asks for
 * Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
export function encodeNpy(shape: readonly number[], data: Float32Array): readonly [Uint8Array, Uint8Array] {
  if (!LITTLE_ENDIAN) throw new Error('.npy files are written on little-endian machines only')
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`
  const dictionary = `{'descr': '<f4', 'fortran_order': False, 'shape': ${tuple}, }`
  const unpadded = MAGIC.length + 4 + dictionary.length + 1
  const text = `${dictionary}${' '.repeat((64 - (unpadded % 64)) % 64)}\n`
  const header = new Uint8Array(MAGIC.length + 4 + text.length)
  header.set(Buffer.from(MAGIC, 'latin1'), 0)
  header.set([1, 0, text.length & 0xff, text.length >> 8], MAGIC.length)
  header.set(Buffer.from(text, 'latin1'), MAGIC.length + 4)
  return [header, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)]
}

/** Writes an array as .npy, whole or not at all. */
export async function writeNpy(path: string, shape: readonly number[], data: Float32Array): Promise<void> {
  await writeFileAtomic(path, encodeNpy(shape, data))
}

/**
 * Reads a float32 or float64 .npy file in C order (float64 is rounded to float32).
 * The file's length is compared with what the header promises before memory is taken.
 * @throws InputError that names the file and what is wrong with it
 */
export async function readNpy(path: string): Promise<NpyArray> {
  const file = await open(path, READ_WITHOUT_WAITING).catch((error: NodeJS.ErrnoException) => {
    throw (
      resourceError(error, `cannot read ${path}`) ??
      new InputError(`cannot read ${path}: ${error.code === 'ENOENT' ? 'no such file' : error.message}`)
    )
  })
  try {
    const stat = await file.stat()
    if (!stat.isFile()) throw new InputError(`${path} is not a file; give a .npy file`)
    const { shape, bytesPerValue, dataOffset } = await readHeader(path, file, stat.size)
    const count = shape.reduce((product, extent) => product * extent, 1)
    const byteLength = count * bytesPerValue
    if (stat.size - dataOffset !== byteLength) {
      throw new InputError(
        `${path} is damaged: shape (${shape.join(', ')}) needs ${byteLength} bytes of data, the file has ${stat.size - dataOffset}; make it again`,
      )
    }
    const bytes = takeMemory(path, byteLength)
    await readFully(path, file, bytes, dataOffset)
    const data = bytesPerValue === 4 ? new Float32Array(bytes.buffer) : new Float32Array(new Float64Array(bytes.buffer))
    return { shape, data }
  } finally {
    await file.close()
  }
}

type FileHandle = Awaited<ReturnType<typeof open>>

async function readHeader(path: string, file: FileHandle, size: number) {
  const notNpy = () => new InputError(`${path} is not a .npy file; give an array saved by extract or numpy.save`)
  const start = Buffer.alloc(12)
  if (size < 12) throw notNpy()
  await readFully(path, file, start, 0)
  if (start.toString('latin1', 0, 6) !== MAGIC) throw notNpy()
  const version = start[6]
  const [length, offset] = version === 1 ? [start.readUInt16LE(8), 10] : [start.readUInt32LE(8), 12]
  if (length > 65536 || offset + length > size) throw notNpy()
  const text = Buffer.alloc(length)
  await readFully(path, file, text, offset)
  const header = text.toString('latin1')
  const type = /'descr'\s*:\s*'([^']*)'/.exec(header)?.[1]
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(header)?.[1]
  const tuple = /'shape'\s*:\s*\(([\d\s,]*)\)/.exec(header)?.[1]
  if (/'descr'\s*:\s*\[/.test(header)) {
    throw new InputError(`${path} holds values of a structured type; save one field of it as float32`)
  }
  if (type === undefined || order === undefined || tuple === undefined) throw notNpy()
  if (type !== '<f4' && type !== '<f8') {
    throw new InputError(`${path} holds values of type ${type}; save it as float32 (array.astype('float32'))`)
  }
  if (order === 'True') {
    throw new InputError(`${path} is in Fortran order; save it in C order (numpy.ascontiguousarray)`)
  }
  const shape = tuple.split(',').flatMap((part) => (part.trim() === '' ? [] : [Number(part)]))
  if (!shape.every(Number.isSafeInteger)) throw notNpy()
  return { shape, bytesPerValue: type === '<f4' ? 4 : 8, dataOffset: offset + length }
}

function takeMemory(path: string, byteLength: number): Uint8Array<ArrayBuffer> {
  try {
    // More than the machine has may be promised, and is missed only when it is used.
    if (byteLength > machineMemory()) throw new RangeError('more than the memory')
    return new Uint8Array(byteLength)
  } catch (error) {
    throw new InputError(`${path} holds ${byteLength} bytes, more than fit into memory; cut it into smaller arrays`, {
      cause: error,
    })
  }
}

async function readFully(path: string, file: FileHandle, target: Uint8Array, position: number): Promise<void> {
  const pieceLength = 256 * 1024 * 1024
  for (let start = 0; start < target.byteLength; ) {
    const length = Math.min(pieceLength, target.byteLength - start)
    const { bytesRead } = await file.read(target, start, length, position + start)
    if (bytesRead === 0) throw new InputError(`${path} ended while it was being read; make it again`)
    start += bytesRead
  }
}
