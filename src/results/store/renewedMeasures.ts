import { workerFile } from '../../files/package.js'
import { availableCores } from '../../support/machine.js'
import { piscinaPool } from '../../support/threads.js'
import { hasMeasures } from './storedMeasures.js'

interface RenewalOptions {
  /** Called once, with the number of units whose measures are renewed; not called if there are none. */
  readonly onStart: (units: number) => void
  /** Called after each unit. May throw to stop the work. */
  readonly onUnit: (done: number) => void
}

/**
 * Computes the measures of those units again whose stored measures are missing, damaged or of another version. Worker
 * threads do this from the stored arrays. A unit that cannot be read is left as it is.
 * @param folders folders of units
 */
export async function renewMeasures(folders: readonly string[], { onStart, onUnit }: RenewalOptions): Promise<void> {
  const stale: string[] = []
  for (const folder of folders) if (!(await hasMeasures(folder))) stale.push(folder)
  if (stale.length === 0) return
  onStart(stale.length)
  const threads = Math.min(availableCores(), stale.length)
  const script = workerFile('results/store/measuresWorker.js')
  const pool = piscinaPool<string, void>({ script, threads, tasksEach: 1 })
  try {
    let done = 0
    const renew = async (folder: string) => {
      // Whoever reads the unit afterwards computes its measures, too, and reports what is wrong.
      await pool.run(folder).catch(() => undefined)
      onUnit(++done)
    }
    await Promise.all(stale.map(renew))
  } finally {
    await pool.destroy()
  }
}
