import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { InputError } from '../errors.js'
import { openLocks } from '../files/lock.js'
import { fileName } from '../results/fileName.js'
import { groupFolder } from '../results/unit/store.js'
import { shellWord } from '../support/text.js'
import { groupSchema, type PlannedGroup, readRun } from './runFile.js'
import { workerStateSchema } from './team.js'
import { unitTitle } from './unitQueue.js'

/** Progress of a study, and the processes that compute the study. */
export interface StudyStatus {
  /** Numbers of units. A unit is one object at one size in one network. */
  readonly units: {
    readonly total: number
    readonly done: number
    /** Units that an active process has locked, because it computes them. */
    readonly inProgress: number
    /** Units that nobody has started: `total` minus `done` minus `inProgress`. */
    readonly left: number
  }
  /** Processes that work on the study. A process on another machine may have died since `heard`. */
  readonly workers: readonly {
    readonly host: string
    readonly pid: number
    /** Unit that the process computes (network, size and object); null if it computes none. */
    readonly unit: string | null
    /** Time at which the process started this unit, as ISO 8601; null if it computes none. */
    readonly since: string | null
    /** Time of the last heartbeat of the process by the clock of the file system, as ISO 8601; null if unknown. */
    readonly heard: string | null
  }[]
  /** Images per second of all processes together; null if none has finished an image. */
  readonly imagesPerSecond: number | null
  /** Seconds until all units and their classifiers are finished at this speed; null if unknown. Arithmetic is extra. */
  readonly secondsLeft: number | null
}

const plannedSchema = z.looseObject({
  finished: z.string().nullish(),
  planned: z.array(groupSchema).optional(),
})

/** Whether all units are finished. A study without units, of arithmetic alone, is complete when no process works on it. */
export function isComplete({ units, workers }: StudyStatus): boolean {
  return units.done === units.total && (units.total > 0 || workers.length === 0)
}

/**
 * Returns the progress of a study, without changing any file of the results folder.
 * @throws InputError if no study has started there
 */
export async function studyStatus(results: string): Promise<StudyStatus> {
  const run = await readRun(join(results, 'run.json'))
  const groups = plannedGroups([run, ...(run.earlier ?? [])])
  // A study of arithmetic alone plans no units.
  if (groups.length === 0 && plannedSchema.safeParse(run).data?.planned === undefined) throw await noStudy(results)
  let done = 0
  let imagesLeft = 0
  for (const group of groups) {
    const there = await namesIn(groupFolder(results, group))
    const missing = group.patches.filter((patch) => !there.has(fileName(patch))).length
    done += group.patches.length - missing
    imagesLeft += missing * group.images
  }
  const total = groups.reduce((sum, { patches }) => sum + patches.length, 0)
  const names = new Set(
    groups.flatMap(({ model, size, patches }) => patches.map((patch) => fileName(unitTitle(model, size, patch)))),
  )
  const held = await openLocks(results).held()
  const locked = new Set(held.map(({ name }) => name).filter((name) => names.has(name)))
  const inProgress = Math.min(total - done, locked.size)
  const byOwner = new Map(held.map((lock) => [lock.owner.id, lock]))
  const processes = await Promise.all(
    [...byOwner.values()].map(async ({ path, owner, state }) => ({
      owner,
      state: workerStateSchema.safeParse(state).data,
      // Null if the file is gone, or if its date is out of range for JavaScript, so that `toISOString` throws.
      heard: await stat(path)
        .then(({ mtime }) => mtime.toISOString())
        .catch(() => null),
    })),
  )
  const workers = processes.map(({ owner, state, heard }) => {
    // The state keeps the unit that the process began last. While the unit is computed, the process holds its lock.
    const isComputed =
      state !== undefined && held.some((lock) => lock.owner.id === owner.id && lock.name === fileName(state.unit))
    const { unit, since } = isComputed ? state : { unit: null, since: null }
    return { host: owner.host, pid: owner.pid, unit, since, heard }
  })
  const rates = processes.flatMap(({ state }) =>
    state !== undefined && state.seconds > 0 && state.images > 0 ? [state.images / state.seconds] : [],
  )
  const imagesPerSecond = rates.length > 0 ? rates.reduce((sum, rate) => sum + rate, 0) : null
  const secondsLeft = imagesLeft === 0 ? 0 : imagesPerSecond === null ? null : imagesLeft / imagesPerSecond
  return { units: { total, done, inProgress, left: total - done - inProgress }, workers, imagesPerSecond, secondsLeft }
}

/**
 * Planned units of the last run and of all runs that have not ended, grouped by network and size. A unit that is in
 * several plans is counted once.
 */
function plannedGroups(runs: readonly unknown[]): readonly PlannedGroup[] {
  const groups = new Map<string, PlannedGroup>()
  for (const [i, run] of runs.entries()) {
    const { finished = null, planned = [] } = plannedSchema.safeParse(run).data ?? {}
    if (i > 0 && finished !== null) continue
    for (const group of planned) {
      const key = JSON.stringify([group.model, group.size])
      const patches = new Set([...(groups.get(key)?.patches ?? []), ...group.patches])
      groups.set(key, { ...group, patches: [...patches] })
    }
  }
  return [...groups.values()]
}

async function namesIn(folder: string): Promise<ReadonlySet<string>> {
  return new Set(await readdir(folder).catch((): string[] => []))
}

async function noStudy(results: string): Promise<InputError> {
  const entry = await stat(results).catch(() => undefined)
  const found = entry === undefined ? `${results} does not exist` : `there is no study in ${results}`
  return new InputError(`${found}; run "shiftscope reproduce --out ${shellWord(results)}" first`)
}
