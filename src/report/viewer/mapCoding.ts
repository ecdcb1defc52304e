/** Decimals that the viewer's maps keep: what it shows is what the arrays have, rounded. */
export const MAP_DECIMALS = 5

const SCALE = 10 ** MAP_DECIMALS

/** A cosine to the decimals that the viewer's maps keep. */
export function roundCosine(value: number): number {
  return Math.round(value * SCALE) / SCALE
}

/**
 * A map of cosines in few bytes: each value in units of 1e-5, as the difference from the value before it, in zigzag and
 * variable-length coding (Protocol Buffers' sint32). Neighbours are alike, so that most take two bytes.
 * @param map values from −2 to 2, row-major
 * @throws RangeError for a value that no cosine has
 */
export function encodeMap(map: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(map.length * 3)
  let length = 0
  let previous = 0
  for (let i = 0; i < map.length; i++) {
    const value = map[i] as number
    if (!(Math.abs(value) <= 2)) throw new RangeError(`${value} is not a cosine`)
    const units = Math.round(value * SCALE)
    const difference = units - previous
    previous = units
    let rest = (difference << 1) ^ (difference >> 31)
    while (rest > 127) {
      bytes[length++] = (rest & 127) | 128
      rest >>>= 7
    }
    bytes[length++] = rest
  }
  return bytes.subarray(0, length)
}

/**
 * Values of an encoded map, to five decimals.
 * @throws RangeError if the bytes hold another number of values
 */
export function decodeMap(bytes: Uint8Array, positions: number): Float64Array {
  const map = new Float64Array(positions)
  let next = 0
  let units = 0
  for (let i = 0; i < positions; i++) {
    let rest = 0
    let shift = 0
    let byte: number
    do {
      if (next >= bytes.length || shift > 14) throw new RangeError('the map is cut off or damaged')
      byte = bytes[next++] as number
      rest |= (byte & 127) << shift
      shift += 7
    } while (byte > 127)
    units += (rest >>> 1) ^ -(rest & 1)
    map[i] = units / SCALE
  }
  if (next !== bytes.length) throw new RangeError('the map has bytes left over')
  return map
}
