import { join } from 'node:path'
import { Piscina } from 'piscina'
import { ResourceError, words } from '../errors.js'
import { systemText } from './machine.js'

/**
 * Bytes of address space that each JavaScript thread takes. V8 and the thread's libraries reserve far more than they
 * use.
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
 * Number of threads that can be started within the shell's limit (`ulimit -v`). With one more thread, V8 ends the
 * process before an error can be shown.
 */
export function threadsWithinLimit(left = addressesLeft()): number {
  return Math.max(0, Math.floor(left / ADDRESSES_PER_THREAD))
}

/** @throws ResourceError if the shell's limit (`ulimit -v`) leaves too little address space for so many workers */
export function checkWorkers(count: number, left = addressesLeft()): void {
  if (count <= threadsWithinLimit(left)) return
  const gibibytes = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`
  const workers = count === 1 ? 'a worker takes' : `${count} workers take`
  const fewer = count === 1 ? '' : words`, or use fewer \`workers\``
  throw ResourceError.of`${workers} ${gibibytes(count * ADDRESSES_PER_THREAD)} of address space, but the limit of this shell leaves only ${gibibytes(left)}; allow more (ulimit -v)${fewer}`
}

export interface ThreadPool<Task, Answer> {
  /**
   * Runs a task in a thread. The promise rejects if this thread dies, or if no thread could be started. A thread that
   * died is replaced.
   */
  run(task: Task): Promise<Answer>
  destroy(): Promise<void>
}

interface PoolOptions {
  /** URL of the module that the threads run. */
  readonly script: string
  readonly threads: number
  readonly tasksEach: number
  readonly workerData?: unknown
  /** Called with each message that a thread posts while it runs a task. */
  readonly onMessage?: (message: unknown) => void
}

export function piscinaPool<Task, Answer>(options: PoolOptions): ThreadPool<Task, Answer> {
  const { script, threads, tasksEach, workerData, onMessage } = options
  const piscina = new Piscina({
    filename: script,
    workerData,
    minThreads: threads,
    maxThreads: threads,
    idleTimeout: Number.POSITIVE_INFINITY,
    concurrentTasksPerWorker: tasksEach,
    atomics: 'disabled',
  })
  if (onMessage) piscina.on('message', onMessage)
  const waiting = new Set<(reason: unknown) => void>()
  // This event means that a thread failed while it had no task. If the pool then has no threads, none could be started,
  // and the tasks would wait forever.
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
