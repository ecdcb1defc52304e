/**
 * Values of typed arrays at indices that are known to be below their lengths. TypeScript counts every such value as
 * maybe undefined. There is one function per type, because JavaScript engines make functions fast that see one type.
 */

export function float64At(values: Float64Array, index: number): number {
  return values[index] as number
}

export function float32At(values: Float32Array, index: number): number {
  return values[index] as number
}

export function int32At(values: Int32Array, index: number): number {
  return values[index] as number
}

export function byteAt(values: Uint8Array | Buffer, index: number): number {
  return values[index] as number
}
