/**
 * Compares two matrices with `dims` values per row. Returns the largest |found − expected| / |expected| of any row,
 * with Euclidean norms. It is infinite if a value is NaN, or if a row of `expected` is zero but that of `found` is not.
 */
export function largestDistance(found: Float32Array, expected: Float32Array, dims: number): number {
  let largest = 0
  for (let start = 0; start < expected.length; start += dims) {
    let difference = 0
    let norm = 0
    for (let i = start; i < start + dims; i++) {
      const value = expected[i]!
      difference += (found[i]! - value) ** 2
      norm += value ** 2
    }
    if (Number.isNaN(difference)) return Number.POSITIVE_INFINITY
    if (difference > 0) largest = Math.max(largest, Math.sqrt(difference / norm))
  }
  return largest
}
