import { workerFile } from '../files/package.js'
import { prepareEnvironment } from '../support/machine.js'
import { checkWorkers, openThreadPool } from '../support/threads.js'
import type { WorkerData } from './backends/backend.js'
import type { BatchResult, BatchTask } from './task.js'

/**
 * Batches that a worker has at a time. `thread`: one is in its forward pass, the second is being composited, and the
 * third is on its way. `cells` and `process`: one is computed while the features of the other are stored.
 */
const IN_FLIGHT: Readonly<Record<WorkerData['backend'], number>> = { thread: 3, cells: 2, process: 2 }

/** Worker threads that hold one network's sessions, or drive the processes that do. */
export interface Workers {
  readonly count: number
  /** Batches that all workers together have at a time. */
  readonly inFlight: number
  /** Rejects if the task's worker is lost. Another worker takes its place. */
  run(task: BatchTask): Promise<BatchResult>
  /** Ends the workers if none is running a batch. They start again with the next one. */
  rest(): Promise<void>
  close(): Promise<void>
}

/**
 * Workers, which start with the first batch. Each opens its session with its own first batch.
 * @throws ResourceError for more workers than the shell's limit on addresses (`ulimit -v`) allows
 * @param script address of the workers' module; tests give one whose workers die
 */
export function openWorkers(workerData: WorkerData, count: number, script = workerFile('engine/worker.js')): Workers {
  checkWorkers(count)
  prepareEnvironment()
  const each = IN_FLIGHT[workerData.backend]
  const open = () => openThreadPool<BatchTask, BatchResult>({ script, threads: count, tasksEach: each, workerData })
  let pool: ReturnType<typeof open> | undefined
  let running = 0
  let closed = false
  const end = async () => {
    const ended = pool
    pool = undefined
    // Processes are killed, because a driver may work for minutes on a result that nobody waits for.
    if (workerData.backend === 'process') killAll(workerData.pids)
    await ended?.destroy()
  }
  return {
    count,
    inFlight: each * count,
    run: async (task) => {
      if (closed) throw new Error('the workers are closed')
      pool ??= open()
      running++
      try {
        return await pool.run(task)
      } finally {
        running--
      }
    },
    rest: async () => {
      if (running === 0) await end()
    },
    close: () => {
      closed = true
      return end()
    },
  }
}

/** How many process numbers are remembered, including those of workers that replaced lost ones. */
const PLACES = 256

/** Shared memory for `pids` of `WorkerData`. */
export function processPlaces(): Int32Array {
  return new Int32Array(new SharedArrayBuffer((1 + PLACES) * Int32Array.BYTES_PER_ELEMENT))
}

function killAll(pids: Int32Array): void {
  for (let place = 1; place < pids.length; place++) {
    const pid = Atomics.exchange(pids, place, 0)
    if (pid === 0) continue
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It has ended by itself.
    }
  }
}
