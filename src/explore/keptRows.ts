import type { Network } from '../networks/index.js'

/** The features of one position: a vector for each layer. */
export type FeatureRow = readonly Float32Array[]

/** The features of each row (position) of a grid, in the order in which the rows first arrive. */
export class KeptRows {
  /** Features of each layer, [rows, dims], in the order of `rows`. */
  readonly matrices: readonly Float32Array[]
  readonly #dims: readonly number[]
  readonly #rows: Int32Array
  /** Index of each row in the matrices; -1 if the row has not arrived. */
  readonly #places: Int32Array
  readonly #isFinal: Uint8Array
  #count = 0
  #finished = 0

  /** @param total number of rows of the grid */
  constructor({ layers }: Network, total: number) {
    this.#dims = layers.map(({ dims }) => dims)
    this.matrices = this.#dims.map((dims) => new Float32Array(total * dims))
    this.#rows = new Int32Array(total)
    this.#places = new Int32Array(total).fill(-1)
    this.#isFinal = new Uint8Array(total)
  }

  /** Number of rows that have arrived. */
  get count(): number {
    return this.#count
  }

  /** Number of rows with final features. */
  get finished(): number {
    return this.#finished
  }

  get isWhole(): boolean {
    return this.#finished === this.#rows.length
  }

  /** The rows that have arrived. */
  rows(): Int32Array {
    return this.#rows.subarray(0, this.#count)
  }

  has(row: number): boolean {
    return this.#places[row] !== -1
  }

  isFinished(row: number): boolean {
    return this.#isFinal[row] === 1
  }

  featuresOf(row: number): FeatureRow {
    return this.#dims.map((dims, layer) => vectorAt(this.matrices, layer, this.#places[row] as number, dims))
  }

  /**
   * @param from index of the row in `source`
   * @param isFinal false if the features were computed before their turn. Such features never replace others. They may
   *   differ in their last bits, because they are computed without reuse.
   */
  put(row: number, from: number, source: readonly Float32Array[], isFinal: boolean): void {
    if (!isFinal && this.has(row)) return
    if (!this.has(row)) {
      this.#places[row] = this.#count
      this.#rows[this.#count++] = row
    }
    const place = this.#places[row] as number
    for (const [layer, dims] of this.#dims.entries())
      this.matrices[layer]?.set(vectorAt(source, layer, from, dims), place * dims)
    if (!isFinal || this.isFinished(row)) return
    this.#isFinal[row] = 1
    this.#finished++
  }
}

function vectorAt(matrices: readonly Float32Array[], layer: number, row: number, dims: number): Float32Array {
  return (matrices[layer] as Float32Array).subarray(row * dims, (row + 1) * dims)
}
