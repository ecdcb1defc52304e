import { InputError } from '../errors.js'
import type { ByteRange, OpenFile } from '../files/openFile.js'
import { counted, printable } from '../support/text.js'

export interface ZipEntry extends ByteRange {
  readonly name: string
  readonly crc32: number
}

const signatures = { local: 0x04034b50, central: 0x02014b50, end: 0x06054b50, end64: 0x06064b50, locator64: 0x07064b50 }
const localHeaderBytes = 30
const centralHeaderBytes = 46
const endBytes = 22
const end64Bytes = 56
const locator64Bytes = 20
const maximumCommentBytes = 0xffff
/** Longest central directory to read. A real one takes about 100 bytes per tensor. */
const maximumDirectoryBytes = 16 * 2 ** 20

/** Largest number of entries. It limits the time, because the file is read once for each entry's own header. */
const maximumEntries = 20_000

/** The zip file is damaged or not supported. The message says why, without the file's name. */
class ZipError extends Error {}

/**
 * Reads the central directory (the list of contents) of a zip file without compression, as PyTorch writes it. Checks
 * that every entry is within the file.
 * Reference: PKWARE, APPNOTE.TXT 6.3.10, sections 4.3 and 4.5.3 (zip64).
 */
export async function readZipDirectory(file: OpenFile): Promise<ReadonlyMap<string, ZipEntry>> {
  try {
    const { offset, length, count } = await locateDirectory(file)
    if (length > maximumDirectoryBytes || offset + length > file.size)
      throw new ZipError('its central directory is too long or cut off')
    const headers = parseDirectory(await file.read({ offset, length }))
    if (headers.length > maximumEntries)
      throw new ZipError(`its central directory has ${headers.length} entries; the limit is ${maximumEntries}`)
    if (headers.length !== count)
      throw new ZipError(`its central directory has ${counted(headers.length, 'entry', 'entries')} instead of ${count}`)
    const entries = new Map<string, ZipEntry>()
    for (const header of headers) {
      if (entries.has(header.name)) throw new ZipError(`entry ${printable(header.name)} occurs twice`)
      entries.set(header.name, await locateEntry(file, header))
    }
    return entries
  } catch (error) {
    if (!(error instanceof ZipError)) throw error
    throw new InputError(
      `${file.path} is damaged, or not written by torch.save: ${error.message}; download or copy it again`,
      {
        cause: error,
      },
    )
  }
}

interface DirectoryRange extends ByteRange {
  readonly count: number
}

/** Reads where the central directory is, from the record at the end of the file. Only a comment may follow it. */
async function locateDirectory(file: OpenFile): Promise<DirectoryRange> {
  const length = Math.min(file.size, endBytes + maximumCommentBytes + locator64Bytes)
  const tail = await file.read({ offset: file.size - length, length })
  for (let at = tail.length - endBytes; at >= 0; at--) {
    if (tail.readUInt32LE(at) !== signatures.end || at + endBytes + tail.readUInt16LE(at + 20) !== tail.length) continue
    const count = tail.readUInt16LE(at + 10)
    const directory = { count, length: tail.readUInt32LE(at + 12), offset: tail.readUInt32LE(at + 16) }
    const saturated = count === 0xffff || directory.length === 0xffffffff || directory.offset === 0xffffffff
    if (!saturated) return directory
    if (at < locator64Bytes) break
    return locateDirectory64(file, tail.subarray(at - locator64Bytes, at))
  }
  throw new ZipError('it has no central directory at its end')
}

async function locateDirectory64(file: OpenFile, locator: Buffer): Promise<DirectoryRange> {
  const offset = uint64(locator, 8)
  if (locator.readUInt32LE(0) !== signatures.locator64 || offset + end64Bytes > file.size) {
    throw new ZipError('its central directory is missing')
  }
  const end = await file.read({ offset, length: end64Bytes })
  if (end.readUInt32LE(0) !== signatures.end64) throw new ZipError('its central directory is missing')
  return { count: uint64(end, 32), length: uint64(end, 40), offset: uint64(end, 48) }
}

interface CentralHeader {
  readonly name: string
  readonly crc32: number
  readonly length: number
  readonly localOffset: number
}

function parseDirectory(directory: Buffer): CentralHeader[] {
  const headers: CentralHeader[] = []
  for (let at = 0; at < directory.length; ) {
    if (at + centralHeaderBytes > directory.length || directory.readUInt32LE(at) !== signatures.central) {
      throw new ZipError('its central directory is malformed')
    }
    const nameEnd = at + centralHeaderBytes + directory.readUInt16LE(at + 28)
    const extraEnd = nameEnd + directory.readUInt16LE(at + 30)
    const next = extraEnd + directory.readUInt16LE(at + 32)
    if (next > directory.length) throw new ZipError('its central directory is malformed')
    const name = directory.toString('utf8', at + centralHeaderBytes, nameEnd)
    headers.push(parseHeader(name, directory.subarray(at), directory.subarray(nameEnd, extraEnd)))
    at = next
  }
  return headers
}

function parseHeader(name: string, header: Buffer, extra: Buffer): CentralHeader {
  const isEncrypted = (header.readUInt16LE(8) & 1) !== 0
  const isCompressed = header.readUInt16LE(10) !== 0
  // Sizes and offsets that do not fit into 32 bits are in the extra field, in the order of the list below.
  const wide = zip64Values(extra)
  const [length, compressedLength, localOffset] = [24, 20, 42].map((at) => {
    const value = header.readUInt32LE(at)
    return value === 0xffffffff ? (wide.shift() ?? Number.NaN) : value
  }) as [number, number, number]
  if (isEncrypted || isCompressed || length !== compressedLength) {
    throw new ZipError(`entry ${printable(name)} is compressed or encrypted, which a PyTorch checkpoint never is`)
  }
  return { name, crc32: header.readUInt32LE(16), length, localOffset }
}

function zip64Values(extra: Buffer): number[] {
  for (let at = 0; at + 4 <= extra.length; ) {
    const end = at + 4 + extra.readUInt16LE(at + 2)
    if (end > extra.length) break
    if (extra.readUInt16LE(at) === 1) {
      return Array.from({ length: Math.floor((end - at - 4) / 8) }, (_, index) => uint64(extra, at + 4 + 8 * index))
    }
    at = end
  }
  return []
}

/**
 * Finds where an entry's bytes start. They follow the entry's local header, whose length the central directory does not
 * state.
 */
async function locateEntry(file: OpenFile, header: CentralHeader): Promise<ZipEntry> {
  const { name, crc32, length, localOffset } = header
  const outside = () => new ZipError(`entry ${printable(name)} reaches beyond the end of the file`)
  if (!(localOffset + localHeaderBytes <= file.size)) throw outside()
  const local = await file.read({ offset: localOffset, length: localHeaderBytes })
  if (local.readUInt32LE(0) !== signatures.local) throw new ZipError(`entry ${printable(name)} is missing`)
  const offset = localOffset + localHeaderBytes + local.readUInt16LE(26) + local.readUInt16LE(28)
  if (!(offset + length <= file.size)) throw outside()
  return { name, crc32, offset, length }
}

/** Reads a uint64. Numbers beyond 2^53 lose their last digits, but they are larger than any file. */
function uint64(bytes: Buffer, at: number): number {
  return Number(bytes.readBigUInt64LE(at))
}
