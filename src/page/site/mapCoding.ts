/** Number of decimals of a cosine in the viewer's maps. */
export const MAP_DECIMALS = 5

export const PROBABILITY_DECIMALS = 4

export function roundCosine(value: number): number {
  return Math.round(value * 10 ** MAP_DECIMALS) / 10 ** MAP_DECIMALS
}

/**
 * Encodes a map of cosines or probabilities. Each value is rounded, and its difference from the previous value is
 * stored as a zigzag varint (sint32 of Protocol Buffers). Neighbouring values are similar, so most differences take two
 * bytes.
 * @param map values from −2 to 2, row-major
 * @throws RangeError for NaN and for values outside −2 to 2
 */
export function encodeMap(map: ArrayLike<number>, decimals = MAP_DECIMALS): Uint8Array {
  const scale = 10 ** decimals
  const bytes = new Uint8Array(map.length * 3)
  let length = 0
  let previous = 0
  for (let i = 0; i < map.length; i++) {
    const value = map[i]!
    if (!(Math.abs(value) <= 2)) throw new RangeError(`${value} is neither a cosine nor a probability`)
    const units = Math.round(value * scale)
    const difference = units - previous
    previous = units
    length = putNumber(bytes, length, (difference << 1) ^ (difference >> 31))
  }
  return bytes.subarray(0, length)
}

/** @throws RangeError if the bytes do not contain exactly `positions` values */
export function decodeMap(bytes: Uint8Array, positions: number, decimals = MAP_DECIMALS): Float64Array {
  const scale = 10 ** decimals
  const map = new Float64Array(positions)
  const numbers = numberReader(bytes)
  let units = 0
  for (let i = 0; i < positions; i++) {
    const rest = numbers.next()
    units += (rest >>> 1) ^ -(rest & 1)
    map[i] = units / scale
  }
  numbers.end()
  return map
}

export function toBase64(values: ArrayBufferView): string {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64')
}

/** Unlike `Buffer`, this works in browsers, too. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const characters = atob(text)
  const bytes = new Uint8Array(characters.length)
  for (let i = 0; i < characters.length; i++) bytes[i] = characters.charCodeAt(i)
  return bytes
}

/** Largest number that `numberReader` reads. */
const MOST = 2 ** 21 - 1

/**
 * Encodes a map of whole numbers that are equal over large regions. The map is stored as runs in row-major order. A run
 * is a number and how often it repeats, both as varints.
 * @param map whole numbers from 0 to 2^21 − 1, row-major
 */
export function encodeRegions(map: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(map.length * 6)
  let length = 0
  for (let start = 0; start < map.length; ) {
    let end = start + 1
    while (end < map.length && end - start < MOST && map[end] === map[start]) end++
    length = putNumber(bytes, length, map[start]!)
    length = putNumber(bytes, length, end - start)
    start = end
  }
  return bytes.subarray(0, length)
}

/** @throws RangeError if the bytes do not contain exactly `positions` values */
export function decodeRegions(bytes: Uint8Array, positions: number): Uint32Array {
  const map = new Uint32Array(positions)
  const numbers = numberReader(bytes)
  for (let start = 0; start < positions; ) {
    const [value, run] = [numbers.next(), numbers.next()]
    if (run === 0 || start + run > positions) throw damaged()
    map.fill(value, start, start + run)
    start += run
  }
  numbers.end()
  return map
}

/** Writes a number as a varint, and returns the index of the byte after the number. */
function putNumber(bytes: Uint8Array, start: number, value: number): number {
  let next = start
  let rest = value
  while (rest > 127) {
    bytes[next++] = (rest & 127) | 128
    rest >>>= 7
  }
  bytes[next++] = rest
  return next
}

/**
 * Reads varints of up to 21 bits.
 * @throws RangeError for bytes that are cut off, damaged or left over
 */
function numberReader(bytes: Uint8Array): { readonly next: () => number; readonly end: () => void } {
  let at = 0
  return {
    next: () => {
      let value = 0
      let shift = 0
      let byte: number
      do {
        if (at >= bytes.length || shift > 14) throw damaged()
        byte = bytes[at++]!
        value |= (byte & 127) << shift
        shift += 7
      } while (byte > 127)
      return value
    },
    end: () => {
      if (at !== bytes.length) throw damaged()
    },
  }
}

function damaged(): RangeError {
  return new RangeError('the data of this map are damaged; make the report again')
}
