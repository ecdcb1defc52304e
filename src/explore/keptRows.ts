import type { PositionGrid } from '../engine/scene/positions.js'
import type { Network } from '../network.js'

/** The features of one position: a vector for each layer. */
export type FeatureRow = readonly Float32Array[]

/** Features of some positions that arrived together. They lie where the engine wrote them. */
export interface RowRun {
  /** Indices of the positions in `grid.offsets`. Either all are on the grid, or all are anchors between its positions. */
  readonly rows: Int32Array
  /** Features of each layer, [rows, dims]. */
  readonly features: readonly Float32Array[]
}

/** The features of each row (position) of a grid, in the order in which they arrive. */
export class KeptRows {
  readonly #dims: readonly number[]
  /** Number of rows on the grid. The others are anchors. */
  readonly #onGrid: number
  readonly #runs = new Set<RowRun>()
  /** The run with the features of each row, and the row's place in it. */
  readonly #runOf: (RowRun | undefined)[]
  readonly #places: Int32Array
  readonly #isFinal: Uint8Array

  constructor({ layers }: Network, { offsets, rows, cols }: PositionGrid) {
    const total = offsets.length / 2
    this.#dims = layers.map(({ dims }) => dims)
    this.#onGrid = rows * cols
    this.#runOf = Array(total).fill(undefined)
    this.#places = new Int32Array(total)
    this.#isFinal = new Uint8Array(total)
  }

  /** Number of rows with final features. */
  get finished(): number {
    return this.#isFinal.reduce((sum, is) => sum + is, 0)
  }

  get isWhole(): boolean {
    return !this.#isFinal.includes(0)
  }

  /** All runs that are not replaced completely, the oldest first. If two of them have the same row, the later one counts. */
  get runs(): readonly RowRun[] {
    return [...this.#runs].filter((run) => run.rows.some((row) => this.#runOf[row] === run))
  }

  runOf(row: number): RowRun | undefined {
    return this.#runOf[row]
  }

  isFinished(row: number): boolean {
    return this.#isFinal[row] === 1
  }

  featuresOf(row: number): FeatureRow {
    const place = this.#places[row]!
    return this.#runOf[row]!.features.map((matrix, layer) => rowsOf(matrix, this.#dims[layer], place, 1))
  }

  /**
   * Takes features without copying them.
   * @param indices the finished rows of `matrices`, ascending
   * @param wanted row of the grid for each row of `matrices`
   * @param isFinal false if the features were computed before their turn. Such features never replace others. They may
   *   differ in their last bits, because they are computed without reuse.
   */
  put(indices: Int32Array, wanted: Int32Array, matrices: readonly Float32Array[], isFinal: boolean): readonly RowRun[] {
    const rowAt = (i: number) => wanted[indices[i]!]!
    const isOnGrid = (i: number) => rowAt(i) < this.#onGrid
    const runs: RowRun[] = []
    for (let begin = 0, end = 1; begin < indices.length; begin = end++) {
      const first = indices[begin]!
      while (indices[end] === first + end - begin && isOnGrid(end) === isOnGrid(begin)) end++
      const features = matrices.map((matrix, layer) => rowsOf(matrix, this.#dims[layer], first, end - begin))
      runs.push({ rows: wanted.slice(first, first + end - begin), features })
    }
    for (const run of runs) this.#add(run, isFinal)
    return runs
  }

  /** Forgets features, because others may use their memory. */
  drop(runs: readonly RowRun[]): void {
    for (const run of runs) {
      this.#runs.delete(run)
      for (const row of run.rows) {
        if (this.#runOf[row] !== run) continue
        this.#runOf[row] = undefined
        this.#isFinal[row] = 0
      }
    }
  }

  #add(run: RowRun, isFinal: boolean): void {
    this.#runs.add(run)
    for (const [place, row] of run.rows.entries()) {
      this.#runOf[row] = run
      this.#places[row] = place
      this.#isFinal[row] = Number(isFinal)
    }
  }
}

function rowsOf(matrix: Float32Array, dims = 0, first: number, count: number): Float32Array {
  return matrix.subarray(first * dims, (first + count) * dims)
}
