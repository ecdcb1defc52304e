import { withStopFlag } from '../../support/stopFlag.js'
import { BatchFailure } from '../features/batchFailure.js'
import type { BatchResult } from '../scene/task.js'

/** If a batch fails this many times, the whole work fails. */
export const MAX_ATTEMPTS = 3

export interface Runner {
  /** Images per batch. The number may become smaller during the work. */
  readonly batch: number
  readonly inFlight: number
  /** Called with the reason of a failure. Returns whether batches are smaller now. */
  shrink(reason: string): boolean
}

export interface BatchQueue {
  readonly positions: number
  /**
   * Computes a batch and stores its features. Rejects if a worker died.
   * @param first index of the first position
   * @param count number of positions; if it is less than `batch`, the rest of the batch is filled up
   * @param stop flag of the signal (see `withStopFlag`)
   */
  readonly run: (first: number, count: number, batch: number, stop: Int32Array) => Promise<BatchResult>
  /** Called after each batch with the number of finished positions. */
  readonly onDone?: ((done: number) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Computes all positions in batches. Several batches run at the same time, but failed batches are run again one by one.
 * Otherwise a batch that kills its worker would make the worker's other batches fail too. After an abort, only running
 * forward passes are completed: ONNX Runtime aborts the process if a thread is killed during a forward pass.
 * @returns number of positions before the first unfinished one; the number of all positions if none is unfinished
 * @throws BatchFailure if a batch fails repeatedly, or if no session can be opened
 */
export function schedule(batches: BatchQueue, runner: Runner): Promise<number> {
  return withStopFlag(batches.signal, (stop) =>
    runAll(batches, runner, { done: new Uint8Array(batches.positions), count: 0, stop }),
  )
}

async function runAll(batches: BatchQueue, runner: Runner, state: State): Promise<number> {
  const attempts = new Map<number, number>()
  let suspects: number[] = []
  while (!batches.signal?.aborted && state.count < batches.positions) {
    const { batch } = runner
    const isCareful = suspects.length > 0
    const queue = isCareful ? suspects : batchesLeft(state.done, batch)
    const failures = await round(batches, queue, batch, isCareful ? 1 : runner.inFlight, state)
    suspects = []
    for (const failure of failures) {
      if (runner.shrink(failure.message)) {
        suspects = []
        attempts.clear()
        break
      }
      if (failure.first === undefined) throw failure
      const tried = (attempts.get(failure.first) ?? 0) + 1
      if (tried === MAX_ATTEMPTS) throw failure
      attempts.set(failure.first, tried)
      suspects.push(failure.first)
    }
  }
  const first = state.done.indexOf(0)
  return first === -1 ? batches.positions : first
}

interface State {
  /** For each position: 1 if its features are stored. */
  readonly done: Uint8Array
  count: number
  /** See `BatchQueue.run`. */
  readonly stop: Int32Array
}

function batchesLeft(done: Uint8Array, batch: number): number[] {
  const queue: number[] = []
  for (let first = done.indexOf(0); first !== -1; first = done.indexOf(0, first + batch)) queue.push(first)
  return queue
}

/**
 * Runs batches until one fails, then waits for those that are still running.
 * @param queue index of each batch's first position
 */
async function round(
  batches: BatchQueue,
  queue: readonly number[],
  batch: number,
  width: number,
  state: State,
): Promise<readonly BatchFailure[]> {
  const failures: BatchFailure[] = []
  let next = 0
  const lane = async () => {
    while (next < queue.length && failures.length === 0 && !batches.signal?.aborted) {
      const first = queue[next++]!
      const count = Math.min(batch, batches.positions - first)
      // Some features of a repeated batch may be stored already. They count as missing until the batch ends, because a
      // worker that dies while it writes may damage them.
      mark(state, first, count, 0)
      const result = await attempt(batches, first, count, batch, state.stop)
      if (result === 'written') mark(state, first, count, 1)
      else if (result !== 'stopped') failures.push(result)
      batches.onDone?.(state.count)
    }
  }
  await Promise.all(Array.from({ length: Math.min(width, queue.length) }, lane))
  return failures
}

async function attempt(
  batches: BatchQueue,
  first: number,
  count: number,
  batch: number,
  stop: Int32Array,
): Promise<'written' | 'stopped' | BatchFailure> {
  try {
    const result = await batches.run(first, count, batch, stop)
    if (result.kind !== 'failed') return result.kind
    return new BatchFailure(result.reason, result.during === 'open' ? undefined : first, count)
  } catch (error) {
    return new BatchFailure(error instanceof Error ? error.message : String(error), first, count, { cause: error })
  }
}

function mark(state: State, first: number, count: number, value: 0 | 1): void {
  for (let position = first; position < first + count; position++) {
    state.count += value - state.done[position]!
    state.done[position] = value
  }
}
