import { sha256 } from './sha256.js'

/** Longest file name in bytes. File systems allow 255, but an extension and the prefix of temporary files are added. */
const MAX_NAME_BYTES = 200

/**
 * Makes a valid file name. Different names give different file names. Most punctuation, leading dots, trailing dots
 * and spaces, and Windows' device names are percent-encoded. Long names are cut and end in a hash.
 */
export function fileName(name: string): string {
  const escaped = name
    .replace(/[^\p{L}\p{N} ._()+,@=-]/gu, percentEncoded)
    .replace(/^\.|[. ]$/g, percentEncoded)
    .replace(/^(?=(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$))./i, percentEncoded)
  if (Buffer.byteLength(escaped) <= MAX_NAME_BYTES) return escaped
  const end = `%~${sha256(escaped).slice(0, 32)}`
  let start = ''
  for (const character of escaped) {
    if (Buffer.byteLength(start + character + end) > MAX_NAME_BYTES) break
    start += character
  }
  return start + end
}

/**
 * Percent-encodes a character's UTF-8 bytes. Half a surrogate pair has no UTF-8 form and becomes, for example, %uD800.
 */
function percentEncoded(character: string): string {
  const hex = (value: number) => value.toString(16).toUpperCase().padStart(2, '0')
  if (/^\p{Cs}$/u.test(character)) return `%u${hex(character.charCodeAt(0))}`
  return [...Buffer.from(character)].map((byte) => `%${hex(byte)}`).join('')
}
