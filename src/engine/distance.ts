/**
 * Largest distance between a row of `found` and the same row of `expected`, divided by the norm of the latter. Norms
 * are Euclidean. Infinite if only the expected row is zero, or if a row contains NaN.
 */
export function largestDistance(found: Float32Array, expected: Float32Array, dims: number): number {
  let largest = 0
  for (let start = 0; start < expected.length; start += dims) {
    let difference = 0
    let norm = 0
    for (let i = start; i < start + dims; i++) {
      const value = expected[i] as number
      difference += ((found[i] as number) - value) ** 2
      norm += value ** 2
    }
    if (Number.isNaN(difference)) return Number.POSITIVE_INFINITY
    if (difference > 0) largest = Math.max(largest, Math.sqrt(difference / norm))
  }
  return largest
}
