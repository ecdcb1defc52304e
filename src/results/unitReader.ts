import { availableCores } from '../cores.js'
import { InputError } from '../errors.js'
import { workerFile } from '../files/package.js'
import { openThreadPool, threadsWithinLimit } from '../threads.js'
import { type MeasuredUnit, readMeasuredUnit } from './measuredUnit.js'
import type { UnitAnswer, UnitTask } from './unitWorker.js'

/** Units from which on threads save more than their start costs. */
const WORTH_THREADS = 100

/** More would wait for the thread that takes what they read. */
const MOST_THREADS = 4

/** Reads and measures the units of one results folder. */
export interface UnitReader {
  /** How many units are best asked for before the first of them is taken. */
  readonly ahead: number
  /** @throws InputError if the unit is damaged or not where it belongs */
  readonly read: (folder: string) => Promise<MeasuredUnit>
  readonly close: () => Promise<void>
}

/** @param units how many will be read: many are read by threads */
export function openUnitReader(results: string, units: number): UnitReader {
  const threads = Math.min(MOST_THREADS, availableCores(), threadsWithinLimit())
  if (units < WORTH_THREADS || threads === 0) {
    return { ahead: 2, read: (folder) => readMeasuredUnit(results, folder), close: () => Promise.resolve() }
  }
  const pool = openThreadPool<UnitTask, UnitAnswer>({
    script: workerFile('results/unitWorker.js'),
    threads,
    tasksEach: 1,
  })
  const running = new Set<Promise<UnitAnswer>>()
  return {
    ahead: 2 * threads,
    read: async (folder) => {
      const answering = pool.run({ results, folder })
      running.add(answering)
      const answer = await answering.finally(() => running.delete(answering))
      if ('refused' in answer) throw new InputError(answer.refused)
      return answer
    },
    close: async () => {
      // An answer that comes when its question is gone would end the process.
      await Promise.allSettled(running)
      await pool.destroy()
    },
  }
}

/** Reads units in their order, a few ahead of the one that is taken. */
export async function* readInOrder(reader: UnitReader, folders: readonly string[]): AsyncGenerator<MeasuredUnit> {
  const reads: Promise<MeasuredUnit>[] = []
  for (const i of folders.keys()) {
    for (const following of folders.slice(i + reads.length, i + reader.ahead)) {
      reads.push(seenLater(reader.read(following)))
    }
    yield await (reads.shift() as Promise<MeasuredUnit>)
  }
}

/** A failure of the promise is seen when its turn comes; until then it must not count as unhandled. */
export function seenLater<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined)
  return promise
}
