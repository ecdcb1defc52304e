import { workerFile } from '../../files/package.js'
import { checkCurrentFolder } from '../../support/currentFolder.js'
import { prepareEnvironment } from '../../support/machine.js'
import { checkWorkers, piscinaPool } from '../../support/threads.js'
import type { WorkerData } from '../backends/backend.js'
import type { BatchProgress, BatchResult, BatchTask } from '../scene/task.js'

/**
 * Number of batches that a worker has at the same time. `thread`: one is in its forward pass, one is being composited,
 * and one is on its way to or from the worker. `cells` and `process`: one is computed while the features of another are
 * stored.
 */
const IN_FLIGHT: Readonly<Record<WorkerData['backend'], number>> = { thread: 3, cells: 2, process: 2 }

/** Worker threads that run the same network. Each has its own session, in the thread itself or in another process. */
export interface Workers {
  readonly count: number
  /** Number of batches that all workers together can have at the same time. */
  readonly inFlight: number
  /**
   * Rejects if the worker dies. A new worker then takes its place.
   * @param onProgress called with the number of the batch's images that are finished so far (see `BatchProgress`)
   */
  run(task: BatchTask, onProgress?: (images: number) => void): Promise<BatchResult>
  /** Ends the workers to free their memory, unless a batch is running. The next batch starts them again. */
  rest(): Promise<void>
  close(): Promise<void>
}

/**
 * Prepares workers. They are started when the first batch arrives.
 * @param script URL of the workers' module; tests give one that fails
 * @throws UsageError if the current folder was removed
 * @throws ResourceError if the shell's limit of address space (`ulimit -v`) is too low for so many workers
 */
export function openWorkers(workerData: WorkerData, count: number, script = workerFile('engine/worker.js')): Workers {
  checkCurrentFolder()
  checkWorkers(count)
  prepareEnvironment()
  const each = IN_FLIGHT[workerData.backend]
  const listeners = new Map<string, (images: number) => void>()
  const onMessage = (message: unknown) => {
    const { taskId, row, images } = message as BatchProgress
    listeners.get(batchName(taskId, row))?.(images)
  }
  const open = () =>
    piscinaPool<BatchTask, BatchResult>({ script, threads: count, tasksEach: each, workerData, onMessage })
  let pool: ReturnType<typeof open> | undefined
  let running = 0
  let closed = false
  const end = async () => {
    const ended = pool
    pool = undefined
    // Unless the devices' processes are killed, a driver may keep computing for minutes although nobody needs the
    // result.
    if (workerData.backend === 'process') killAll(workerData.pids)
    await ended?.destroy()
  }
  return {
    count,
    inFlight: each * count,
    run: async (task, onProgress) => {
      const name = batchName(task.parts[0]!.task.id, task.target.rows[0]!)
      if (closed) throw new Error('the workers are closed')
      pool ??= open()
      running++
      let failure: { readonly error: unknown } | undefined
      listeners.set(name, (images) => {
        try {
          onProgress?.(images)
        } catch (error) {
          // Thrown here, it would end this process. The batch must end before it can be reported.
          failure ??= { error }
        }
      })
      try {
        const result = await pool.run(task)
        if (failure !== undefined) throw failure.error
        return result
      } finally {
        listeners.delete(name)
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

function batchName(taskId: number, row: number): string {
  return `${taskId} ${row}`
}

/**
 * Number of places for PIDs in shared memory. Each worker takes one at its start, even if it replaces a dead worker.
 */
const PLACES = 256

/** Makes the shared memory in which workers store the PIDs of their processes (`pids` in `WorkerData`). */
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
      // The process has already ended.
    }
  }
}
