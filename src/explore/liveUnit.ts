import type { NetworkHandle } from '../engine/open/handle.js'
import { gridFeatureBytes } from '../engine/open/machineMemory.js'
import { coarseToFine, offsetsAt, type Position, type PositionGrid } from '../engine/scene/positions.js'
import type { Scene } from '../engine/scene/task.js'
import { indexOf } from '../experiments/maps/grid.js'
import type { Network } from '../network.js'
import { oneAtATime } from '../support/oneAtATime.js'
import { type FeatureRow, KeptRows, type RowRun } from './keptRows.js'

/** Side, in positions, of the square around the cursor whose positions are computed before the others. */
const AROUND_CURSOR = 5

interface Follower {
  readonly onRows: () => void
  /** Called when features could not be computed. */
  readonly onFailure: (error: unknown) => void
}

/** Calls a function with the open network, which stays open until the function's promise settles. */
export type UseNetwork = <T>(act: (handle: NetworkHandle) => Promise<T>) => Promise<T>

type State = 'resting' | 'working' | 'stopping'

/**
 * One object in one network. It keeps the features of all positions that are computed so far in memory. A map is
 * computed from these features, so a different anchor or layer needs no new images. Once all positions are computed,
 * the features are bit-identical to those of `reproduce`.
 *
 * Only the work on all positions has states. A follower is a reader of results:
 *
 *     resting ── a follower comes ──▶ working ── the last follower leaves ──▶ stopping
 *        ▲                            │     ▲                                 │      │
 *        ├─ all computed, or failed ──┘     └── batches end, some follow ─────┘      │
 *        └──────────────── batches end, nobody follows (or all computed) ────────────┘
 *
 * A forward pass cannot be interrupted, so a unit that is stopping first finishes the batches that are running. Once all
 * positions are computed, the unit rests for good.
 *
 * Besides, in every state, a few positions are computed before their turn: those near the cursor, and those that a
 * reader asks for.
 */
export class LiveUnit {
  /** Bytes of the features of all positions. */
  readonly bytes: number
  /**
   * The features that are computed so far. Positions are computed from coarse to fine. But a few, such as those near the
   * cursor, are also computed early. When their turn comes, they are computed again.
   */
  readonly kept: KeptRows
  readonly #use: UseNetwork
  readonly #inTurn: ReturnType<typeof oneAtATime>
  readonly #followers = new Set<Follower>()
  #state: State = 'resting'
  /** Ends the work on all positions. */
  #end = new AbortController()
  /** The position of the cursor, if its surroundings are still to be computed. */
  #cursor: Position | undefined
  #looking: Promise<void> | undefined

  /** @param inTurn makes the units that share it compute their first positions one after the other */
  constructor(
    readonly network: Network,
    use: UseNetwork,
    readonly scene: Scene,
    readonly grid: PositionGrid,
    inTurn = oneAtATime(),
  ) {
    this.bytes = gridFeatureBytes(network, grid)
    this.#use = use
    this.#inTurn = inTurn
    this.kept = new KeptRows(network, grid)
  }

  /** Adds a follower, and returns a function that removes it. */
  follow(follower: Follower): () => void {
    this.#followers.add(follower)
    if (this.#state === 'resting' && !this.kept.isWhole) void this.#work()
    return () => {
      this.#followers.delete(follower)
      if (!this.isFollowed()) this.stop()
    }
  }

  isFollowed(): boolean {
    return this.#followers.size > 0
  }

  /** Stops the work even if there are followers. Forward passes that are already running are finished. */
  stop(): void {
    this.#followers.clear()
    if (this.#state === 'working') this.#become('stopping')
  }

  /** Features at a position, given as its index in `grid.offsets`. Missing features are computed immediately. */
  async featuresAt(row: number): Promise<FeatureRow> {
    if (this.kept.runOf(row) === undefined) await this.#computeEarly(Int32Array.of(row))
    return this.kept.featuresOf(row)
  }

  /** Computes the positions around this one before the others. */
  lookAt(position: Position): void {
    this.#cursor = position
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined
    })
  }

  async #work(): Promise<void> {
    do {
      this.#become('working')
      await this.#compute(this.#end.signal).catch((error: unknown) => {
        if (this.#state === 'working') this.#tell(({ onFailure }) => onFailure(error))
      })
    } while (this.#state === 'stopping' && this.isFollowed() && !this.kept.isWhole)
    this.#become('resting')
  }

  #become(state: State): void {
    this.#state = state
    if (state === 'working') this.#end = new AbortController()
    if (state === 'stopping') this.#end.abort()
  }

  async #compute(signal: AbortSignal): Promise<void> {
    if (this.kept.runs.length === 0) {
      const first = firstPositions(this.grid)
      if (first.length < this.grid.offsets.length / 2) await this.#inTurn(() => this.#computeEarly(first, signal))
    }
    // The coarse maps of other units come before the rest of this one.
    await this.#inTurn(async () => undefined)
    const wanted = positionsInOrder(this.grid).filter((row) => !this.kept.isFinished(row))
    const runs: RowRun[] = []
    const onRows = (finished: Int32Array, matrices: readonly Float32Array[]) => {
      runs.push(...this.kept.put(finished, wanted, matrices, true))
      this.#tell((follower) => follower.onRows())
    }
    // If the engine fails, it computes all rows again in another way (without reuse, or on the processor).
    const onFailure = async () => this.kept.drop(runs.splice(0))
    const options = { whole: this.grid.offsets, signal, onRows, onFailure }
    const offsets = offsetsAt(this.grid.offsets, wanted)
    await this.#use((handle) => handle.extract(this.scene, offsets, options))
  }

  /** Computes a few positions before their turn. Images share no values here: each one is computed completely. */
  async #computeEarly(wanted: Int32Array, signal?: AbortSignal): Promise<void> {
    const offsets = offsetsAt(this.grid.offsets, wanted)
    const { layers, finished } = await this.#use((handle) => handle.extract(this.scene, offsets, { signal }))
    const isNew = (at: number) => this.kept.runOf(wanted[at]!) === undefined
    const matrices = layers.map(({ matrix }) => matrix)
    this.kept.put(Int32Array.from(Array(finished).keys()).filter(isNew), wanted, matrices, false)
    this.#tell(({ onRows }) => onRows())
  }

  async #look(): Promise<void> {
    try {
      while (this.#cursor !== undefined && this.isFollowed()) {
        const around = positionsAround(this.grid, this.#cursor).filter((row) => this.kept.runOf(row) === undefined)
        this.#cursor = undefined
        if (around.length > 0) await this.#computeEarly(around)
      }
    } catch (error) {
      this.#tell(({ onFailure }) => onFailure(error))
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
function positionsInOrder(grid: PositionGrid): Int32Array {
  const [first = [], ...others] = coarseToFine(grid).map((step) => [...step])
  const extra = Array.from(
    { length: grid.offsets.length / 2 - grid.rows * grid.cols },
    (_, i) => grid.rows * grid.cols + i,
  )
  return Int32Array.from([...first, ...extra, ...others.flat()])
}

function firstPositions(grid: PositionGrid): Int32Array {
  const [first = []] = coarseToFine(grid)
  return Int32Array.from(new Set([...first, ...grid.anchors.map(({ index }) => index)]))
}

/** Indices, in `grid.offsets`, of the positions nearest to a pixel. */
function positionsAround(grid: PositionGrid, position: Position): Int32Array {
  const { rows, cols } = grid
  const nearest = indexOf(position, grid)
  const along = (middle: number, count: number) => {
    const places = Array.from({ length: AROUND_CURSOR }, (_, i) => middle - Math.floor(AROUND_CURSOR / 2) + i)
    return places.filter((place) => place >= 0 && place < count)
  }
  const [down, right] = [along(Math.floor(nearest / cols), rows), along(nearest % cols, cols)]
  return Int32Array.from(down.flatMap((row) => right.map((col) => row * cols + col)))
}
