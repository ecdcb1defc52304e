import { sha256 } from '../files/sha256.js'

/** Longest name in bytes, so that an extension and the prefix of temporaries still fit into the usual 255. */
const MAX_NAME_BYTES = 200

/**
 * A name as a file or folder may carry it, another for every name. What some file system refuses is percent-encoded:
 * punctuation, a dot in front, a dot or space at the end, device names of Windows. Too long a name ends in a digest.
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
