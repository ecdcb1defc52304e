import type { NetworkHandle } from '../engine/handle.js'
import { gridFeatureBytes } from '../engine/machineMemory.js'
import { coarseToFine, offsetsAt, type Position, type PositionGrid } from '../engine/positions.js'
import type { Scene } from '../engine/task.js'
import { indexOf } from '../experiments/grid.js'
import type { Network } from '../networks/index.js'
import { KeptAnswers } from './keptAnswers.js'
import { type FeatureRow, KeptRows } from './keptRows.js'

/**
 * Largest number of positions per call of the engine. Until a call ends, the features of its positions are in memory
 * twice.
 */
const MOST_ROWS_A_CALL = 1536

/** Side, in positions, of the square around the cursor whose positions are computed before the others. */
const AROUND_CURSOR = 5

/**
 * After the last follower (a reader of results) has left, the work continues for this many milliseconds. A follower
 * often returns at once to read a different layer or anchor.
 */
const LEFT_FOR_GOOD = 150

interface Follower {
  readonly onRows: () => void
  /** Called when features could not be computed. */
  readonly onFailure: (error: unknown) => void
}

/** Calls a function with the open network, which stays open until the function's promise settles. */
export type UseNetwork = <T>(act: (handle: NetworkHandle) => Promise<T>) => Promise<T>

/** How far the work on all positions is; see `LiveUnit`. */
type Work =
  | { readonly state: 'idle' | 'stopping' }
  | { readonly state: 'working'; readonly controller: AbortController }
  | { readonly state: 'leaving'; readonly controller: AbortController; readonly timer: NodeJS.Timeout }

/**
 * One object in one network. It keeps the features of all positions that are computed so far in memory. A map is
 * computed from these features, so a different anchor or layer needs no new images. Once all positions are computed,
 * the features are bit-identical to those of `reproduce`.
 *
 * The work on all positions goes on while somebody follows it:
 *
 *              a follower comes          the last follower leaves         LEFT_FOR_GOOD passes, or stop()
 *     idle ───────────────────► working ───────────────────────► leaving ────────────────────► stopping
 *      ▲                        │  ▲  ▲                            │                             │   │
 *      │    done, or it failed  │  │  └────── a follower comes ────┘       batches have ended    │   │
 *      ├────────────────────────┘  └──────────────── and a follower has come meanwhile ──────────┘   │
 *      └────────────────────────────────────────────────────── and nobody follows ───────────────────┘
 *
 * Besides, a few positions are computed before their turn: those near the cursor, and those that a reader asks for.
 */
export class LiveUnit {
  readonly network: Network
  readonly scene: Scene
  readonly grid: PositionGrid
  /** Bytes of the features of all positions. */
  readonly bytes: number
  readonly answers: KeptAnswers
  readonly #use: UseNetwork
  readonly #rowsACall: number
  readonly #kept: KeptRows
  readonly #followers = new Set<Follower>()
  #work: Work = { state: 'idle' }
  /** The position of the cursor, if its surroundings are still to be computed. */
  #cursor: Position | undefined
  #isLooking = false

  constructor(network: Network, use: UseNetwork, scene: Scene, grid: PositionGrid, rowsACall = MOST_ROWS_A_CALL) {
    this.network = network
    this.scene = scene
    this.grid = grid
    this.bytes = gridFeatureBytes(network, grid)
    this.#use = use
    this.#rowsACall = rowsACall
    this.#kept = new KeptRows(network, grid.offsets.length / 2)
    this.answers = new KeptAnswers(grid.offsets.length / 2)
  }

  /** The positions that have features, as indices in `grid.offsets`, ordered by when their features first arrived. */
  rows(): Int32Array {
    return this.#kept.rows()
  }

  /**
   * Features of each layer, [rows, dims], in the order of `rows`. Positions are computed from coarse to fine. But a
   * few, such as those near the cursor, are also computed early. When their turn comes, they are computed again, and
   * the new features replace the early ones.
   */
  get matrices(): readonly Float32Array[] {
    return this.#kept.matrices
  }

  /** Number of positions with final features. Early features are not final (see `matrices`). */
  finished(): number {
    return this.#kept.finished
  }

  /** Whether the features at a position, given as its index in `grid.offsets`, are final. */
  isFinal(row: number): boolean {
    return this.#kept.isFinished(row)
  }

  isWhole(): boolean {
    return this.#kept.isWhole
  }

  /** Adds a follower, and returns a function that removes it. */
  follow(follower: Follower): () => void {
    this.#followers.add(follower)
    if (this.#work.state === 'idle') this.#start()
    if (this.#work.state === 'leaving') this.#stay(this.#work)
    return () => {
      this.#followers.delete(follower)
      if (this.#followers.size === 0 && this.#work.state === 'working') this.#leave(this.#work)
    }
  }

  isFollowed(): boolean {
    return this.#followers.size > 0
  }

  /** Stops the work even if there are followers. Forward passes that are already running are finished. */
  stop(): void {
    this.#followers.clear()
    this.#stopWork()
  }

  /** Features at a position, given as its index in `grid.offsets`. Missing features are computed immediately. */
  async featuresAt(row: number): Promise<FeatureRow> {
    if (!this.#kept.has(row)) await this.#computeEarly(Int32Array.of(row))
    return this.#kept.featuresOf(row)
  }

  /** Computes the positions around this one before the others. */
  lookAt(position: Position): void {
    this.#cursor = position
    if (!this.#isLooking) void this.#look()
  }

  #start(): void {
    if (this.isWhole()) return
    const controller = new AbortController()
    const { signal } = controller
    this.#work = { state: 'working', controller }
    this.#compute(signal)
      .catch((error: unknown) => {
        if (!signal.aborted) this.#tell(({ onFailure }) => onFailure(error))
      })
      .finally(() => {
        if (this.#work.state === 'leaving') clearTimeout(this.#work.timer)
        this.#work = { state: 'idle' }
        if (signal.aborted && this.isFollowed()) this.#start()
      })
  }

  #leave({ controller }: Work & { state: 'working' }): void {
    this.#work = { state: 'leaving', controller, timer: setTimeout(() => this.#stopWork(), LEFT_FOR_GOOD) }
  }

  #stay({ controller, timer }: Work & { state: 'leaving' }): void {
    clearTimeout(timer)
    this.#work = { state: 'working', controller }
  }

  #stopWork(): void {
    const work = this.#work
    if (!('controller' in work)) return
    if (work.state === 'leaving') clearTimeout(work.timer)
    this.#work = { state: 'stopping' }
    work.controller.abort()
  }

  async #compute(signal: AbortSignal): Promise<void> {
    if (this.#kept.count === 0) {
      const first = firstRows(this.grid)
      if (first.length < this.grid.offsets.length / 2) await this.#computeEarly(first, signal)
    }
    const left = rowsInOrder(this.grid).filter((row) => !this.#kept.isFinished(row))
    const atOnce = this.#rowsACall
    await this.#computeRows(left.subarray(0, atOnce), signal)
    await inTwoLanes(left.subarray(atOnce), atOnce, signal, (wanted) => this.#computeRows(wanted, signal))
  }

  async #computeRows(wanted: Int32Array, signal: AbortSignal): Promise<void> {
    const onRows = (finished: Int32Array, from: readonly Float32Array[]) => {
      for (const at of finished) this.#kept.put(wanted[at] as number, at, from, true)
      this.#tell((follower) => follower.onRows())
    }
    const offsets = offsetsAt(this.grid.offsets, wanted)
    const options = { whole: this.grid.offsets, signal, onRows }
    // The engine may fail after some calls of `onRows`. It then computes all rows again in another way (without reuse,
    // or on the processor), and calls `onRows` again with rows that replace those before.
    const features = await this.#use((handle) => handle.extract(this.scene, offsets, options))
    features.release()
  }

  /** Computes a few positions before their turn. Images share no values here: each one is computed completely. */
  async #computeEarly(wanted: Int32Array, signal?: AbortSignal): Promise<void> {
    const offsets = offsetsAt(this.grid.offsets, wanted)
    const features = await this.#use((handle) => handle.extract(this.scene, offsets, { signal }))
    const source = features.layers.map(({ matrix }) => matrix)
    for (let at = 0; at < features.finished; at++) this.#kept.put(wanted[at] as number, at, source, false)
    features.release()
    this.#tell(({ onRows }) => onRows())
  }

  async #look(): Promise<void> {
    this.#isLooking = true
    try {
      while (this.#cursor !== undefined && this.isFollowed()) {
        const around = rowsAround(this.grid, this.#cursor).filter((row) => !this.#kept.has(row))
        this.#cursor = undefined
        if (around.length > 0) await this.#computeEarly(around)
      }
    } catch (error) {
      this.#tell(({ onFailure }) => onFailure(error))
    } finally {
      this.#isLooking = false
    }
  }

  #tell(act: (follower: Follower) => void): void {
    for (const follower of [...this.#followers]) act(follower)
  }
}

/** Computes rows (positions). Two calls of the engine overlap, so that one computes while the other finishes. */
async function inTwoLanes(
  rows: Int32Array,
  rowsACall: number,
  signal: AbortSignal,
  compute: (wanted: Int32Array) => Promise<void>,
): Promise<void> {
  let next = 0
  const lane = async () => {
    while (next < rows.length && !signal.aborted) {
      const wanted = rows.subarray(next, next + rowsACall)
      next += wanted.length
      await compute(wanted).catch((error: unknown) => {
        // Leaves no rows for the other loop, so that it stops too.
        next = rows.length
        throw error
      })
    }
  }
  await Promise.all([lane(), lane()])
}

/**
 * Indices of all positions in `grid.offsets`, in the order of computation: from a coarse grid to the full one. Anchors
 * outside the grid come after the first step.
 */
function rowsInOrder(grid: PositionGrid): Int32Array {
  const [first = [], ...others] = coarseToFine(grid).map((step) => [...step])
  const extra = Array.from(
    { length: grid.offsets.length / 2 - grid.rows * grid.cols },
    (_, i) => grid.rows * grid.cols + i,
  )
  return Int32Array.from([...first, ...extra, ...others.flat()])
}

function firstRows(grid: PositionGrid): Int32Array {
  const [first = []] = coarseToFine(grid)
  return Int32Array.from(new Set([...first, ...grid.anchors.map(({ index }) => index)]))
}

/** Indices, in `grid.offsets`, of the positions nearest to a pixel. */
function rowsAround(grid: PositionGrid, position: Position): Int32Array {
  const { rows, cols } = grid
  const nearest = indexOf(position, grid)
  const along = (middle: number, count: number) => {
    const places = Array.from({ length: AROUND_CURSOR }, (_, i) => middle - Math.floor(AROUND_CURSOR / 2) + i)
    return places.filter((place) => place >= 0 && place < count)
  }
  const [down, right] = [along(Math.floor(nearest / cols), rows), along(nearest % cols, cols)]
  return Int32Array.from(down.flatMap((row) => right.map((col) => row * cols + col)))
}
