import type { NetworkHandle } from '../engine/handle.js'
import { gridFeatureBytes } from '../engine/machineMemory.js'
import { coarseToFine, offsetsAt, type Position, type PositionGrid } from '../engine/positions.js'
import type { Scene } from '../engine/task.js'
import type { Network } from '../networks/index.js'

/** Positions that are computed with one call of the engine: its features lie in memory twice until it ends. */
const MOST_ROWS_A_CALL = 1536

/** Every how many-th position along both axes is shown before anything else is done. */
const FIRST_LEVEL = 32

/** Positions along each axis around the cursor that come first. */
const AROUND_CURSOR = 5

/** Who leaves often comes back at once, with another layer or anchor. Milliseconds. */
const LEFT_FOR_GOOD = 150

/** One feature of each layer. */
export type FeatureRow = readonly Float32Array[]

/** One object moved through one network: features of all positions, in memory as far as they are computed. */
export interface LiveUnit {
  readonly network: Network
  readonly scene: Scene
  readonly grid: PositionGrid
  /** That its features take once all are there. */
  readonly bytes: number
  /** Rows of the grid's offsets in the order in which they were computed. */
  readonly rows: () => Int32Array
  /** By layer of the network: their features, [rows, dims]. */
  readonly matrices: readonly Float32Array[]
  /** Features that came before their turn, by row; the values of the same rows in `matrices` take their place. */
  readonly early: ReadonlyMap<number, FeatureRow>
  /** Computes as long as somebody follows. @returns ends that */
  readonly follow: (follower: Follower) => () => void
  readonly isFollowed: () => boolean
  /** Ends the work, whoever follows; what is under way comes to its end. */
  readonly stop: () => void
  /** A row's features, computed at once if they are not there. @throws as `NetworkHandle.extract` */
  readonly featuresAt: (row: number) => Promise<FeatureRow>
  /** What is around a position comes first. */
  readonly lookAt: (position: Position) => void
}

export interface Follower {
  /** More rows are there. */
  readonly onRows: () => void
  /** Nothing comes any more. */
  readonly onFailure: (error: unknown) => void
}

/** Does something with the network, which is open until that has ended. */
export type UseNetwork = <T>(act: (handle: NetworkHandle) => Promise<T>) => Promise<T>

/** @param rowsACall that one call of the engine computes at most */
export function openLiveUnit(
  network: Network,
  use: UseNetwork,
  scene: Scene,
  grid: PositionGrid,
  rowsACall = MOST_ROWS_A_CALL,
): LiveUnit {
  const { layers } = network
  const total = grid.offsets.length / 2
  const order = rowsInOrder(grid)
  const rows = new Int32Array(total)
  const matrices = layers.map(({ dims }) => new Float32Array(total * dims))
  /** Where a row lies in the matrices; -1: it is not there. */
  const placeOf = new Int32Array(total).fill(-1)
  const early = new Map<number, FeatureRow>()
  const followers = new Set<Follower>()
  let count = 0
  let stop: AbortController | undefined
  let leaving: ReturnType<typeof setTimeout> | undefined

  const tell = (act: (follower: Follower) => void) => {
    for (const follower of [...followers]) act(follower)
  }
  /** Features of a few rows, each image by itself. */
  const computeEarly = async (wanted: Int32Array, signal?: AbortSignal) => {
    const features = await use((handle) => handle.extract(scene, offsetsAt(grid.offsets, wanted), { signal }))
    try {
      for (let i = 0; i < features.finished; i++) {
        const row = wanted[i] as number
        if (placeOf[row] !== -1) continue
        early.set(
          row,
          features.layers.map(({ matrix, dims }) => matrix.slice(i * dims, (i + 1) * dims)),
        )
      }
    } finally {
      features.release()
    }
    tell(({ onRows }) => onRows())
  }
  const put = (row: number, from: number, source: readonly Float32Array[]) => {
    if (placeOf[row] !== -1) return
    for (const [i, { dims }] of layers.entries())
      matrices[i]?.set((source[i] as Float32Array).subarray(from * dims, (from + 1) * dims), count * dims)
    placeOf[row] = count
    rows[count++] = row
    early.delete(row)
  }
  const computeRows = async (wanted: Int32Array, signal: AbortSignal) => {
    const onRows = (finished: Int32Array, from: readonly Float32Array[]) => {
      for (const at of finished) put(wanted[at] as number, at, from)
      tell((follower) => follower.onRows())
    }
    const features = await use((handle) =>
      handle.extract(scene, offsetsAt(grid.offsets, wanted), { whole: grid.offsets, signal, onRows }),
    )
    // Where another way was tried first, rows came that were not kept.
    for (let at = 0; at < features.finished; at++)
      put(
        wanted[at] as number,
        at,
        features.layers.map(({ matrix }) => matrix),
      )
    features.release()
    tell((follower) => follower.onRows())
  }
  const compute = async (signal: AbortSignal) => {
    if (count === 0 && early.size === 0) {
      const first = firstRows(grid)
      if (first.length < total) await computeEarly(first, signal)
    }
    // The coarse positions by themselves; then two calls at a time, of which one is at work while the other comes to its end.
    const left = order.filter((row) => placeOf[row] === -1)
    let next = Math.min(left.length, rowsACall)
    await computeRows(left.subarray(0, next), signal)
    const lane = async () => {
      while (next < left.length && !signal.aborted) {
        const wanted = left.subarray(next, next + rowsACall)
        next += wanted.length
        await computeRows(wanted, signal).catch((error: unknown) => {
          // The other lane begins nothing more either.
          next = left.length
          throw error
        })
      }
    }
    await Promise.all([lane(), lane()])
  }
  const start = () => {
    if (stop !== undefined || count === total) return
    const own = new AbortController()
    stop = own
    compute(own.signal)
      .catch((error: unknown) => {
        if (!own.signal.aborted) tell(({ onFailure }) => onFailure(error))
      })
      .finally(() => {
        stop = undefined
        // Somebody may have come while it was ending.
        if (own.signal.aborted && followers.size > 0) start()
      })
  }
  let looking = false
  let wantedPosition: Position | undefined
  const look = async () => {
    looking = true
    try {
      while (wantedPosition !== undefined && followers.size > 0) {
        const around = rowsAround(grid, wantedPosition).filter((row) => placeOf[row] === -1 && !early.has(row))
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
    rows: () => rows.subarray(0, count),
    matrices,
    early,
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
      const found = () => {
        const place = placeOf[row] as number
        if (place === -1) return early.get(row)
        return layers.map(({ dims }, i) => (matrices[i] as Float32Array).subarray(place * dims, (place + 1) * dims))
      }
      if (found() === undefined) await computeEarly(Int32Array.of(row))
      return found() as FeatureRow
    },
    lookAt: (position) => {
      wantedPosition = position
      if (!looking) void look()
    },
  }
}

/** Rows of the grid's offsets: coarse to fine, the anchors outside of the grid after the coarsest. */
function rowsInOrder(grid: PositionGrid): Int32Array {
  const [first, ...others] = coarseToFine(grid).map(({ indices }) => [...indices])
  const extra = Array.from(
    { length: grid.offsets.length / 2 - grid.rows * grid.cols },
    (_, i) => grid.rows * grid.cols + i,
  )
  return Int32Array.from([...(first ?? []), ...extra, ...others.flat()])
}

/** The coarsest level, and all anchors. */
function firstRows(grid: PositionGrid): Int32Array {
  const coarse = coarseToFine(grid).flatMap(({ level, indices }) => (level === FIRST_LEVEL ? [...indices] : []))
  return Int32Array.from(new Set([...coarse, ...grid.anchors.map(({ index }) => index)]))
}

/** The rows of the grid that are nearest to a position. */
function rowsAround({ rows, cols, stride }: PositionGrid, { row, col }: Position): Int32Array {
  const along = (pixel: number, count: number) => {
    const middle = Math.min(count - 1, Math.max(0, Math.round(pixel / stride)))
    const places = Array.from({ length: AROUND_CURSOR }, (_, i) => middle - Math.floor(AROUND_CURSOR / 2) + i)
    return places.filter((place) => place >= 0 && place < count)
  }
  return Int32Array.from(along(row, rows).flatMap((down) => along(col, cols).map((right) => down * cols + right)))
}
