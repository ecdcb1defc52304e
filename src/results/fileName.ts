import { sha256 } from '../files/sha256.js'

/** Longest name in bytes. An extension and the prefix of temporaries must still fit into the usual limit of 255. */
const MAX_NAME_BYTES = 200

/**
 * Turns a name into the name of a file or folder. Different names give different results. Characters that some file
 * system refuses are percent-encoded: punctuation, a dot at the start, a dot or space at the end, and the first letter
 * of Windows' device names. A name that is too long ends in a digest.
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

/** Half a surrogate pair has no UTF-8 form; it becomes %uD800. */
function percentEncoded(character: string): string {
  const hex = (value: number) => value.toString(16).toUpperCase().padStart(2, '0')
  if (/^\p{Cs}$/u.test(character)) return `%u${hex(character.charCodeAt(0))}`
  return [...Buffer.from(character)].map((byte) => `%${hex(byte)}`).join('')
}
