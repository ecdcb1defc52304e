import type { NetworkHandle } from '../engine/handle.js'
import { gridFeatureBytes } from '../engine/machineMemory.js'
import { coarseToFine, offsetsAt, type Position, type PositionGrid } from '../engine/positions.js'
import type { Scene } from '../engine/task.js'
import { indexOf } from '../experiments/grid.js'
import type { Network } from '../networks/index.js'
import { oneAtATime } from '../support/oneAtATime.js'
import { type FeatureRow, KeptRows, type RowRun } from './keptRows.js'

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
  readonly #use: UseNetwork
  readonly #inTurn: ReturnType<typeof oneAtATime>
  readonly #kept: KeptRows
  readonly #followers = new Set<Follower>()
  #work: Work = { state: 'idle' }
  /** The position of the cursor, if its surroundings are still to be computed. */
  #cursor: Position | undefined
  #isLooking = false

  /** @param inTurn makes the units that share it compute their first positions one after the other */
  constructor(network: Network, use: UseNetwork, scene: Scene, grid: PositionGrid, inTurn = oneAtATime()) {
    this.network = network
    this.scene = scene
    this.grid = grid
    this.bytes = gridFeatureBytes(network, grid)
    this.#use = use
    this.#inTurn = inTurn
    this.#kept = new KeptRows(network, grid)
  }

  /**
   * The features that are computed so far, the oldest first. Positions are computed from coarse to fine. But a few, such
   * as those near the cursor, are also computed early. When their turn comes, they are computed again, and the features
   * of the later run count.
   */
  runs(): readonly RowRun[] {
    return this.#kept.runs
  }

  /** The run with the features at a position, given as its index in `grid.offsets`. */
  runOf(row: number): RowRun | undefined {
    return this.#kept.runOf(row)
  }

  /** Number of positions with final features. Early features are not final (see `runs`). */
  finished(): number {
    return this.#kept.finished
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
    if (this.runOf(row) === undefined) await this.#computeEarly(Int32Array.of(row))
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
    if (this.runs().length === 0) {
      const first = firstRows(this.grid)
      if (first.length < this.grid.offsets.length / 2) await this.#inTurn(() => this.#computeEarly(first, signal))
    }
    // The coarse maps of other units come before the rest of this one.
    await this.#inTurn(async () => undefined)
    const wanted = rowsInOrder(this.grid).filter((row) => !this.#kept.isFinished(row))
    const runs: RowRun[] = []
    const onRows = (finished: Int32Array, matrices: readonly Float32Array[]) => {
      runs.push(...this.#kept.put(finished, wanted, matrices, true))
      this.#tell((follower) => follower.onRows())
    }
    // If the engine fails, it computes all rows again in another way (without reuse, or on the processor).
    const onFailure = async () => this.#kept.drop(runs.splice(0))
    const options = { whole: this.grid.offsets, signal, onRows, onFailure }
    const offsets = offsetsAt(this.grid.offsets, wanted)
    await this.#use((handle) => handle.extract(this.scene, offsets, options))
  }

  /** Computes a few positions before their turn. Images share no values here: each one is computed completely. */
  async #computeEarly(wanted: Int32Array, signal?: AbortSignal): Promise<void> {
    const offsets = offsetsAt(this.grid.offsets, wanted)
    const { layers, finished } = await this.#use((handle) => handle.extract(this.scene, offsets, { signal }))
    const isNew = (at: number) => this.runOf(wanted[at] as number) === undefined
    const matrices = layers.map(({ matrix }) => matrix)
    this.#kept.put(Int32Array.from(Array(finished).keys()).filter(isNew), wanted, matrices, false)
    this.#tell(({ onRows }) => onRows())
  }

  async #look(): Promise<void> {
    this.#isLooking = true
    try {
      while (this.#cursor !== undefined && this.isFollowed()) {
        const around = rowsAround(this.grid, this.#cursor).filter((row) => this.runOf(row) === undefined)
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
