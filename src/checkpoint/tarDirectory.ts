import { InputError } from '../errors.js'
import type { ByteRange, OpenFile } from '../files/openFile.js'

const blockBytes = 512
const maximumMembers = 1000

export function isTar(head: Buffer): boolean {
  return head.toString('latin1', 257, 262) === 'ustar'
}

/** Reference: POSIX.1-2001, pax, "ustar Interchange Format". */
export async function readTarDirectory(file: OpenFile): Promise<ReadonlyMap<string, ByteRange>> {
  const members = new Map<string, ByteRange>()
  let position = 0
  for (let count = 0; position + blockBytes <= file.size; count++) {
    const header = await file.read({ offset: position, length: blockBytes })
    if (header.every((byte) => byte === 0)) return members
    const size = octal(header, 124, 12)
    if (
      !isTar(header) ||
      checksum(header) !== octal(header, 148, 8) ||
      !Number.isSafeInteger(size) ||
      count === maximumMembers
    ) {
      break
    }
    const offset = position + blockBytes
    if (offset + size > file.size) break
    const type = header.toString('latin1', 156, 157)
    if (type === '0' || type === '\0') members.set(text(header, 0, 100), { offset, length: size })
    position = offset + Math.ceil(size / blockBytes) * blockBytes
  }
  throw new InputError(`${file.path} is a damaged tar file; download or copy it again`)
}

function text(header: Buffer, start: number, length: number): string {
  const field = header.toString('utf8', start, start + length)
  const end = field.indexOf('\0')
  return end < 0 ? field : field.slice(0, end)
}

function octal(header: Buffer, start: number, length: number): number {
  const digits = text(header, start, length).trim()
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN
}

/** Sums the bytes of a header, as if there were spaces in place of the stored checksum. */
function checksum(header: Buffer): number {
  return header.reduce((sum, byte, index) => sum + (index >= 148 && index < 156 ? 0x20 : byte), 0)
}
