/** Number of bytes before the JSON: its length and that of all arrays, each as uint32. */
const HEAD = 8

/** All parts of a message begin at a multiple of this many bytes. */
const WORD = 4

/**
 * Encodes a message of the live page's server: JSON, then the bytes of its arrays, little-endian. In the JSON, an array
 * of n numbers is `{"f32":n}` or `{"u32":n}`. Messages follow each other without a gap.
 */
export function encodeMessage(message: object): Uint8Array {
  const arrays: Uint8Array[] = []
  const json = JSON.stringify(message, (_, value: unknown) => {
    if (!(value instanceof Float32Array || value instanceof Uint32Array)) return value
    arrays.push(new Uint8Array(value.buffer, value.byteOffset, value.byteLength))
    return { [value instanceof Float32Array ? 'f32' : 'u32']: value.length }
  })
  const text = new TextEncoder().encode(json + ' '.repeat(WORD - 1))
  const textLength = text.length - (text.length % WORD)
  const arrayLength = arrays.reduce((sum, { length }) => sum + length, 0)
  const bytes = new Uint8Array(HEAD + textLength + arrayLength)
  new Uint32Array(bytes.buffer, 0, 2).set([textLength, arrayLength])
  bytes.set(text.subarray(0, textLength), HEAD)
  let at = HEAD + textLength
  for (const array of arrays) {
    bytes.set(array, at)
    at += array.length
  }
  return bytes
}

/** Returns a function that takes the next bytes of a stream, and returns the messages that they complete. */
export function messageDecoder<T>(): (piece: Uint8Array) => readonly T[] {
  let rest = new Uint8Array(0)
  return (piece) => {
    const bytes = new Uint8Array(rest.length + piece.length)
    bytes.set(rest)
    bytes.set(piece, rest.length)
    const messages: T[] = []
    let begin = 0
    while (bytes.length >= begin + HEAD) {
      const [textLength = 0, arrayLength = 0] = new Uint32Array(bytes.buffer, begin, 2)
      const end = begin + HEAD + textLength + arrayLength
      if (bytes.length < end) break
      messages.push(decoded(bytes, begin + HEAD, textLength) as T)
      begin = end
    }
    rest = bytes.slice(begin)
    return messages
  }
}

/** @param begin index of the first byte of the JSON */
function decoded(bytes: Uint8Array<ArrayBuffer>, begin: number, textLength: number): unknown {
  let at = begin + textLength
  const arrayOf = (Type: typeof Float32Array | typeof Uint32Array, length: number) => {
    const array = new Type(bytes.buffer, at, length)
    at += array.byteLength
    return array
  }
  return JSON.parse(new TextDecoder().decode(bytes.subarray(begin, at)), (_, value) => {
    if (typeof value?.f32 === 'number') return arrayOf(Float32Array, value.f32)
    return typeof value?.u32 === 'number' ? arrayOf(Uint32Array, value.u32) : value
  })
}
