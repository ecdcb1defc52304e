/** Parameters of the features that test/golden/hashed.py makes, equal to the bit. */
export interface FeatureShape {
  readonly rows: number
  readonly cols: number
  readonly dims: number
  /** Weight of the position in the features, which also contain 8-bit noise. */
  readonly signal: number
  readonly scale: number
  /** Side of the squares of positions that share their features. */
  readonly repeat: number
}

/** A byte for each whole number, as in test/golden/hashed.py. */
export function hashed(index: number): number {
  const first = Math.imul(index, 2654435761) >>> 0
  return Math.imul((first >>> 15) ^ first, 2246822519) >>> 24
}

/** Features by the formula of test/golden/hashed.py, [rows * cols, dims]. */
export function formulaFeatures({ rows, cols, dims, signal, scale, repeat }: FeatureShape): Float32Array {
  return Float32Array.from({ length: rows * cols * dims }, (_, i) => {
    const dim = i % dims
    const position = Math.floor(i / dims)
    const row = Math.floor(Math.floor(position / cols) / repeat)
    const col = Math.floor((position % cols) / repeat)
    const place = row * ((dim % 3) - 1) + col * (((dim + 1) % 3) - 1)
    const noise = hashed((row * 1000 + col) * 1000 + dim) - 128
    return ((noise + signal * place) / 64) * scale
  })
}

/** Features without zeros, [rows * cols, dims]. */
export function plainFeatures(rows: number, cols: number, dims: number): Float32Array {
  return Float32Array.from({ length: rows * cols * dims }, (_, i) => ((i * 37) % 19) - 9.5)
}

/** The cosine of two vectors by its definition, in float64. */
export function cosine(a: Float32Array, b: Float32Array): number {
  const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, i) => sum + value * (y[i] as number), 0)
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b))
}

/** The position itself as the feature, [rows * cols, 2]. */
export function positionFeatures(rows: number, cols: number): Float32Array {
  return Float32Array.from({ length: 2 * rows * cols }, (_, i) =>
    i % 2 === 0 ? Math.floor(i / 2 / cols) : (i >> 1) % cols,
  )
}
