/** `svg` has to be drawn. All other formats are bitmaps. */
export type PictureFormat = 'png' | 'jpeg' | 'webp' | 'gif' | 'tiff' | 'avif' | 'svg'

export const PICTURE_FORMATS = 'PNG, JPEG, WebP, GIF, TIFF, AVIF or SVG'

/**
 * Format of a picture, detected from its first bytes with libvips' rules; undefined for formats that are not supported.
 * It must be `svg` for every file that libvips would draw, because drawing is safe only in a separate process.
 */
export function pictureFormat(bytes: Uint8Array): PictureFormat | undefined {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, MAX_HEAD))
  const text = head.toString('latin1')
  if (text.startsWith('\x89PNG\r\n\x1a\n')) return 'png'
  if (text.startsWith('\xff\xd8\xff')) return 'jpeg'
  if (text.startsWith('RIFF') && text.startsWith('WEBP', 8)) return 'webp'
  if (text.startsWith('GIF8')) return 'gif'
  if (/^(?:II[*+]\0|MM\0[*+])/.test(text)) return 'tiff'
  if (isAvif(head, text)) return 'avif'
  return /^(?:\xef\xbb\xbf)?\s*</.test(text) || text.startsWith('\x1f\x8b') ? 'svg' : undefined
}

const MAX_HEAD = 2048

/**
 * Whether the first bytes are those of an AVIF file. See AV1 Image File Format, section 6, and libvips' detection of
 * HEIF files.
 */
function isAvif(head: Buffer, text: string): boolean {
  if (!/^(?:avif|avis|mif1|msf1)/.test(text.slice(8)) || !text.startsWith('ftyp', 4)) return false
  const length = head.readUInt32BE(0)
  return length <= MAX_HEAD && length % 4 === 0 && /avi[fs]/.test(text.slice(8, length))
}
