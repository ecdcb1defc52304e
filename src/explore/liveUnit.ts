import type { Features } from '../engine/features.js'
import type { NetworkHandle } from '../engine/handle.js'
import { gridFeatureBytes } from '../engine/machineMemory.js'
import { coarseToFine, offsetsAt, type Position, type PositionGrid } from '../engine/positions.js'
import type { Scene } from '../engine/task.js'
import type { Network } from '../networks/index.js'

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

/** The features of one position: a vector for each layer. */
type FeatureRow = readonly Float32Array[]

/**
 * One object in one network. It keeps the features of all positions that are computed so far in memory. A map is
 * computed from these features, so a different anchor or layer needs no new images. Once all positions are computed,
 * the features are bit-identical to those of `reproduce`.
 */
export interface LiveUnit {
  readonly network: Network
  readonly scene: Scene
  readonly grid: PositionGrid
  /** Bytes of the features of all positions. */
  readonly bytes: number
  /** The positions that have features, as indices in `grid.offsets`, ordered by when their features first arrived. */
  readonly rows: () => Int32Array
  /**
   * Features of each layer, [rows, dims], in the order of `rows`. Positions are computed from coarse to fine. But
   * a few, such as those near the cursor, are also computed early. When their turn comes, they are computed again, and
   * the new features replace the early ones.
   */
  readonly matrices: readonly Float32Array[]
  /** Number of positions with final features. Early features are not final (see `matrices`). */
  readonly finished: () => number
  readonly isWhole: () => boolean
  /** Adds a follower, and returns a function that removes it. Work continues while there is at least one follower. */
  readonly follow: (follower: Follower) => () => void
  readonly isFollowed: () => boolean
  /** Stops the work even if there are followers. Batches that are already running are finished. */
  readonly stop: () => void
  /** Features at a position, given as its index in `grid.offsets`. Missing features are computed immediately. */
  readonly featuresAt: (row: number) => Promise<FeatureRow>
  /** Computes the positions around this one before the others. */
  readonly lookAt: (position: Position) => void
}

interface Follower {
  readonly onRows: () => void
  /** Called when features could not be computed. */
  readonly onFailure: (error: unknown) => void
}

/** Calls a function with the open network, which stays open until the function's promise settles. */
export type UseNetwork = <T>(act: (handle: NetworkHandle) => Promise<T>) => Promise<T>

export function openLiveUnit(
  network: Network,
  use: UseNetwork,
  scene: Scene,
  grid: PositionGrid,
  rowsACall = MOST_ROWS_A_CALL,
): LiveUnit {
  const total = grid.offsets.length / 2
  const order = rowsInOrder(grid)
  const kept = keptRows(network, total)
  const followers = new Set<Follower>()
  let stop: AbortController | undefined
  let leaving: ReturnType<typeof setTimeout> | undefined

  const tell = (act: (follower: Follower) => void) => {
    for (const follower of [...followers]) act(follower)
  }
  const putAll = (wanted: Int32Array, features: Features, hasTurn: boolean) => {
    const source = features.layers.map(({ matrix }) => matrix)
    for (let at = 0; at < features.finished; at++) kept.put(wanted[at] as number, at, source, hasTurn)
    features.release()
    tell(({ onRows }) => onRows())
  }
  /** Computes a few positions before their turn. Images share no values here: each one is computed completely. */
  const computeEarly = async (wanted: Int32Array, signal?: AbortSignal) =>
    putAll(wanted, await use((handle) => handle.extract(scene, offsetsAt(grid.offsets, wanted), { signal })), false)
  const computeRows = async (wanted: Int32Array, signal: AbortSignal) => {
    const onRows = (finished: Int32Array, from: readonly Float32Array[]) => {
      for (const at of finished) kept.put(wanted[at] as number, at, from, true)
      tell((follower) => follower.onRows())
    }
    const features = await use((handle) =>
      handle.extract(scene, offsetsAt(grid.offsets, wanted), { whole: grid.offsets, signal, onRows }),
    )
    // The engine may fail after some calls of `onRows`. It then computes all rows again in another way (without reuse,
    // or on the processor), and its result replaces the rows that came before.
    putAll(wanted, features, true)
  }
  const compute = async (signal: AbortSignal) => {
    if (kept.count() === 0) {
      const first = firstRows(grid)
      if (first.length < total) await computeEarly(first, signal)
    }
    const left = order.filter((row) => !kept.hasTurned(row))
    await computeRows(left.subarray(0, rowsACall), signal)
    await inTwoLanes(left.subarray(rowsACall), rowsACall, signal, (wanted) => computeRows(wanted, signal))
  }
  const start = () => {
    if (stop !== undefined || kept.finished() === total) return
    const own = new AbortController()
    stop = own
    compute(own.signal)
      .catch((error: unknown) => {
        if (!own.signal.aborted) tell(({ onFailure }) => onFailure(error))
      })
      .finally(() => {
        stop = undefined
        // A follower may have been added while the work was stopping.
        if (own.signal.aborted && followers.size > 0) start()
      })
  }
  let looking = false
  let wantedPosition: Position | undefined
  const look = async () => {
    looking = true
    try {
      while (wantedPosition !== undefined && followers.size > 0) {
        const around = rowsAround(grid, wantedPosition).filter((row) => !kept.has(row))
        wantedPosition = undefined
        if (around.length > 0) await computeEarly(around)
      }
    } catch (error) {
      tell(({ onFailure }) => onFailure(error))
    } finally {
      looking = false
    }
  }
  return {
    network,
    scene,
    grid,
    bytes: gridFeatureBytes(network, grid),
    rows: kept.rows,
    matrices: kept.matrices,
    finished: kept.finished,
    isWhole: () => kept.finished() === total,
    follow: (follower) => {
      clearTimeout(leaving)
      followers.add(follower)
      start()
      return () => {
        followers.delete(follower)
        if (followers.size > 0) return
        clearTimeout(leaving)
        leaving = setTimeout(() => stop?.abort(), LEFT_FOR_GOOD)
      }
    },
    isFollowed: () => followers.size > 0,
    stop: () => {
      followers.clear()
      clearTimeout(leaving)
      stop?.abort()
    },
    featuresAt: async (row) => {
      if (!kept.has(row)) await computeEarly(Int32Array.of(row))
      return kept.featuresOf(row)
    },
    lookAt: (position) => {
      wantedPosition = position
      if (!looking) void look()
    },
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

/** Stores the features of each row (position) of the grid, in the order in which the rows first arrive. */
function keptRows({ layers }: Network, total: number) {
  const rows = new Int32Array(total)
  const matrices = layers.map(({ dims }) => new Float32Array(total * dims))
  /** Index of each row in the matrices; -1 if the row has not arrived. */
  const placeOf = new Int32Array(total).fill(-1)
  const isFinished = new Uint8Array(total)
  let count = 0
  let finished = 0
  /**
   * @param from index of the row in `source`
   * @param hasTurn false if the features were computed early, by `computeEarly`. Early features may differ in their
   *   last bits, because they are computed without reuse.
   */
  const put = (row: number, from: number, source: readonly Float32Array[], hasTurn: boolean) => {
    if (!hasTurn && placeOf[row] !== -1) return
    if (placeOf[row] === -1) {
      placeOf[row] = count
      rows[count++] = row
    }
    for (const [i, { dims }] of layers.entries())
      matrices[i]?.set(
        (source[i] as Float32Array).subarray(from * dims, (from + 1) * dims),
        (placeOf[row] as number) * dims,
      )
    if (!hasTurn || isFinished[row] === 1) return
    isFinished[row] = 1
    finished++
  }
  return {
    matrices,
    put,
    count: () => count,
    finished: () => finished,
    rows: () => rows.subarray(0, count),
    has: (row: number) => placeOf[row] !== -1,
    hasTurned: (row: number) => isFinished[row] === 1,
    featuresOf: (row: number): FeatureRow => {
      const place = placeOf[row] as number
      return layers.map(({ dims }, i) => (matrices[i] as Float32Array).subarray(place * dims, (place + 1) * dims))
    },
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
function rowsAround({ rows, cols, stride }: PositionGrid, { row, col }: Position): Int32Array {
  const along = (pixel: number, count: number) => {
    const middle = Math.min(count - 1, Math.max(0, Math.round(pixel / stride)))
    const places = Array.from({ length: AROUND_CURSOR }, (_, i) => middle - Math.floor(AROUND_CURSOR / 2) + i)
    return places.filter((place) => place >= 0 && place < count)
  }
  return Int32Array.from(along(row, rows).flatMap((down) => along(col, cols).map((right) => down * cols + right)))
}
