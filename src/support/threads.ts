import { join } from 'node:path'
import { Piscina } from 'piscina'
import { ResourceError } from '../errors.js'
import { systemText } from './machine.js'

/**
 * Bytes of address space that a JavaScript thread takes. V8 reserves far more than it uses, and so do the libraries
 * that the thread loads.
 */
const ADDRESSES_PER_THREAD = 1.2 * 2 ** 30

/** Bytes of address space that the shell's limit (`ulimit -v`) leaves this process; infinite if there is no limit. */
export function addressesLeft(folder = '/proc/self'): number {
  const number = (file: string, line: RegExp) => Number(line.exec(systemText(join(folder, file)))?.[1])
  const limit = number('limits', /^Max address space\s+(\d+)/m)
  const taken = 1024 * number('status', /^VmSize:\s+(\d+) kB/m)
  return Number.isNaN(limit - taken) ? Number.POSITIVE_INFINITY : limit - taken
}

/**
 * How many JavaScript threads can be started. With one more, V8 would end the process before Shiftscope could report
 * the error.
 */
export function threadsWithinLimit(left = addressesLeft()): number {
  return Math.max(0, Math.floor(left / ADDRESSES_PER_THREAD))
}

/** @throws ResourceError if the shell's limit leaves too little address space for so many workers */
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
  /** Rejects if the task's thread is lost, in which case another takes its place, and if no thread could be started. */
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

/** Starts all threads at once. They stay until they are destroyed. */
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
  // Errors of threads without a task: of threads that could not be started, and of threads whose answer nobody waits
  // for.
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
