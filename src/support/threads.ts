import { join } from 'node:path'
import { Piscina } from 'piscina'
import { ResourceError } from '../errors.js'
import { systemText } from './machine.js'

/**
 * Bytes of addresses that a thread of JavaScript takes: V8 sets far more aside than it uses, and so do the libraries that the
 * thread loads.
 */
const ADDRESSES_PER_THREAD = 1.2 * 2 ** 30

/** Bytes of addresses that the shell's limit (`ulimit -v`) leaves this process; infinite where there is none. */
export function addressesLeft(folder = '/proc/self'): number {
  const number = (file: string, line: RegExp) => Number(line.exec(systemText(join(folder, file)))?.[1])
  const limit = number('limits', /^Max address space\s+(\d+)/m)
  const taken = 1024 * number('status', /^VmSize:\s+(\d+) kB/m)
  return Number.isNaN(limit - taken) ? Number.POSITIVE_INFINITY : limit - taken
}

/** How many threads of JavaScript can be started: one more, and V8 would end the process without a word of ours. */
export function threadsWithinLimit(left = addressesLeft()): number {
  return Math.max(0, Math.floor(left / ADDRESSES_PER_THREAD))
}

/** @throws ResourceError for more workers than the shell's limit leaves addresses for */
export function checkWorkers(count: number, left = addressesLeft()): void {
  if (count <= threadsWithinLimit(left)) return
  const gibibytes = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`
  const workers = count === 1 ? 'a worker takes' : `${count} workers take`
  const fewer = count === 1 ? '' : ', or use fewer `workers`'
  throw new ResourceError(
    `${workers} ${gibibytes(count * ADDRESSES_PER_THREAD)} of addresses, and the limit of this shell leaves ${gibibytes(left)}; allow more (ulimit -v)${fewer}`,
  )
}

/** Threads that take tasks as they come. */
export interface ThreadPool<Task, Answer> {
  /** Rejects where the thread that has the task is lost, whose place another takes; and where none could be started. */
  run(task: Task): Promise<Answer>
  destroy(): Promise<void>
}

interface PoolOptions {
  /** Address of the threads' module. */
  readonly script: string
  readonly threads: number
  /** Tasks that a thread has at a time. */
  readonly tasksEach: number
  readonly workerData?: unknown
}

/** Starts threads at once, which stay until they are destroyed. */
export function openThreadPool<Task, Answer>(options: PoolOptions): ThreadPool<Task, Answer> {
  const { script, threads, tasksEach, workerData } = options
  const piscina = new Piscina({
    filename: script,
    workerData,
    minThreads: threads,
    maxThreads: threads,
    idleTimeout: Number.POSITIVE_INFINITY,
    concurrentTasksPerWorker: tasksEach,
    atomics: 'disabled',
  })
  const waiting = new Set<(reason: unknown) => void>()
  // Errors of threads without a task: those that could not be started, and those that answer when nobody waits any more.
  piscina.on('error', (error) => {
    if (piscina.threads.length === 0) for (const reject of waiting) reject(error)
  })
  return {
    run: (task) =>
      new Promise<Answer>((resolve, reject) => {
        waiting.add(reject)
        const answering: Promise<Answer> = piscina.run(task)
        answering.then(resolve, reject).finally(() => waiting.delete(reject))
      }),
    destroy: () => piscina.destroy(),
  }
}
