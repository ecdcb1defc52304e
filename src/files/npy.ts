import { type FileHandle, open } from 'node:fs/promises'
import { InputError } from '../errors.js'
import { machineMemory, resourceError } from '../support/machine.js'
import { checkText } from '../support/optionChecks.js'
import { writeFileAtomic } from './atomic.js'
import { readAt } from './parts.js'
import { READ_WITHOUT_WAITING } from './regularFile.js'

/** A float32 array in C order. */
export interface NpyArray {
  /** Length of each axis. In C order, the index along the last axis changes fastest. */
  readonly shape: readonly number[]
  readonly data: Float32Array
}

const MAGIC = '\x93NUMPY'
/** Versions of the .npy format that can be read. They differ in how long a header may be, and in its encoding. */
const VERSIONS = ['1.0', '2.0', '3.0']
/** Matches an entry `'key': value` of a header, which is a Python dict, and the comma after it. */
const ENTRY = /\s*(?:'(\w+)'|"(\w+)")\s*:\s*('[^'\\]*'|"[^"\\]*"|True|False|\([\d\s,]*\))\s*(?:,|$)/gy
const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1

/**
 * Returns the header and the data of a .npy file (version 1.0). The data are not copied.
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

/**
 * Writes a float32 array as a .npy file. A reader never sees a half-written file.
 * @param data values in C order (the index along the last axis changes fastest), as many as the shape needs
 * @throws UsageError if `path` is no text
 * @throws OutputError if the file cannot be written
 */
export async function writeNpy(path: string, shape: readonly number[], data: Float32Array): Promise<void> {
  checkText(path, 'a file')
  await writeFileAtomic(path, encodeNpy(shape, data))
}

/**
 * Reads a .npy file of float32 or float64 values in C order. Values of float64 are rounded to float32. The file's
 * length is checked against the header before memory is allocated.
 * @throws InputError for a missing, damaged or unsupported file
 * @throws ResourceError if too many files are open
 */
export async function readNpy(path: string): Promise<NpyArray> {
  const file = await open(path, READ_WITHOUT_WAITING).catch((error: NodeJS.ErrnoException) => {
    throw (
      resourceError(error, `cannot read ${path}`) ??
      new InputError(`cannot read ${path}: ${error.code === 'ENOENT' ? 'no such file; check the path' : error.message}`)
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
        `${path} is damaged: shape (${shape.join(', ')}) needs ${byteLength} bytes of data, but the file has ${stat.size - dataOffset}; make it again`,
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

async function readHeader(path: string, file: FileHandle, size: number) {
  const notNpy = () => new InputError(`${path} is not a .npy file; give an array saved by extract or numpy.save`)
  const start = Buffer.alloc(12)
  if (size < 12) throw notNpy()
  await readFully(path, file, start, 0)
  if (start.toString('latin1', 0, 6) !== MAGIC) throw notNpy()
  const version = `${start[6]}.${start[7]}`
  if (!VERSIONS.includes(version)) {
    throw new InputError(`${path} is a .npy file of the unknown version ${version}; save it again with numpy.save`)
  }
  const [length, offset] = version === '1.0' ? [start.readUInt16LE(8), 10] : [start.readUInt32LE(8), 12]
  if (length > 65536 || offset + length > size) throw notNpy()
  const text = Buffer.alloc(length)
  await readFully(path, file, text, offset)
  const header = text.toString('latin1')
  const entries = dictEntries(header)
  const type = /^['"](.*)['"]$/s.exec(entries.get('descr') ?? '')?.[1]
  const order = /^(True|False)$/.exec(entries.get('fortran_order') ?? '')?.[1]
  const shape = tupleOf(entries.get('shape') ?? '')
  if (/'descr'\s*:\s*\[/.test(header)) {
    throw new InputError(`${path} holds values of a structured type; save one field of it as float32`)
  }
  if (type === undefined || order === undefined || shape === undefined) throw notNpy()
  if (type !== '<f4' && type !== '<f8') {
    throw new InputError(`${path} holds values of type ${type}; save it as float32 (array.astype('float32'))`)
  }
  if (order === 'True') {
    throw new InputError(`${path} is in Fortran order; save it in C order (numpy.ascontiguousarray)`)
  }
  return { shape, bytesPerValue: type === '<f4' ? 4 : 8, dataOffset: offset + length }
}

/**
 * Parses a header, which must be a Python dict with three keys. Returns its entries, with their values as text. For any
 * other header, there are no entries.
 */
function dictEntries(header: string): ReadonlyMap<string | undefined, string | undefined> {
  const dict = /^[ \t]*\{(.*)\}\s*$/s.exec(header)?.[1] ?? ''
  const entries = [...dict.matchAll(ENTRY)]
  const length = entries.reduce((sum, [entry]) => sum + entry.length, 0)
  if (entries.length !== 3 || dict.slice(length).trim() !== '') return new Map()
  return new Map(entries.map(([, single, double, value]) => [single ?? double, value]))
}

/** The numbers of a Python tuple; undefined for other literals, such as `(5)`, which is a number in Python. */
function tupleOf(literal: string): readonly number[] | undefined {
  if (!literal.startsWith('(')) return undefined
  const parts = literal
    .slice(1, -1)
    .split(',')
    .map((part) => part.trim())
  if (parts.at(-1) === '') parts.pop()
  else if (parts.length === 1) return undefined
  const numbers = parts.map((part) => (/^(0|[1-9]\d*)$/.test(part) ? Number(part) : Number.NaN))
  return numbers.every(Number.isSafeInteger) ? numbers : undefined
}

function takeMemory(path: string, byteLength: number): Uint8Array<ArrayBuffer> {
  try {
    // The system may grant more memory than the machine has, and fail only when the memory is used.
    if (byteLength > machineMemory()) throw new RangeError('larger than the memory of this machine')
    return new Uint8Array(byteLength)
  } catch (error) {
    throw new InputError(`${path} holds ${byteLength} bytes, more than fit into memory; split it into smaller arrays`, {
      cause: error,
    })
  }
}

async function readFully(path: string, file: FileHandle, target: Uint8Array, position: number): Promise<void> {
  if ((await readAt(file, target, position)) < target.length)
    throw new InputError(`${path} became shorter while it was being read; make it again`)
}
