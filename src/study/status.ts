import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { InputError } from '../errors.js'
import { openLocks } from '../files/lock.js'
import { checkText } from '../support/optionChecks.js'
import { shellWord } from '../support/text.js'
import { plannedAnswers } from './answers/planned.js'
import { entryArithmetic } from './arithmetic/planned.js'
import { workerStateSchema } from './items/peers.js'
import { entriesOf, type PlannedItem, type RunEntry, readRun } from './items/runFile.js'
import type { WorkItem } from './items/workItem.js'
import { itemLock } from './items/workQueue.js'
import { entryUnits } from './maps/planned.js'

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
  /** Number of networks whose feature arithmetic the study computes, and for how many of them it is finished. */
  readonly arithmetic: { readonly total: number; readonly done: number }
  /** Numbers of photographs, counted for each network and protocol. The keys mean what they do for units. */
  readonly photographs: StudyStatus['units']
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
  /** Seconds until all units are finished, as the processes estimate them; null if unknown, as before arithmetic. */
  readonly secondsLeft: number | null
}

/** Whether all units, all arithmetic and all photographs are finished. */
export function isComplete({ units, arithmetic, photographs }: StudyStatus): boolean {
  return [units, arithmetic, photographs].every(({ done, total }) => done === total)
}

/**
 * Returns the progress of a study, without changing any file of the results folder.
 * @throws UsageError if `results` is no text
 * @throws InputError if no study has started there, or if its list of photographs is missing or damaged
 */
export async function studyStatus(results: string): Promise<StudyStatus> {
  checkText(results, 'a results folder')
  const run = await readRun(join(results, 'run.json'))
  if (run === undefined) throw await noStudy(results)
  const wanted = await wantedItems(results, entriesOf(run))
  const held = await openLocks(results).held()
  const locked = new Set(held.map(({ name }) => name))
  const units = await countOf(wanted, 'maps', locked)
  const { total, done } = await countOf(wanted, 'arithmetic', locked)
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
      state !== undefined &&
      held.some((lock) => lock.owner.id === owner.id && lock.name === itemLock({ title: state.unit }))
    const { unit, since } = isComputed ? state : { unit: null, since: null }
    return { host: owner.host, pid: owner.pid, unit, since, heard }
  })
  const states = processes.flatMap(({ state }) => (state !== undefined && state.seconds > 0 ? [state] : []))
  const rate = states.reduce((sum, { images, seconds }) => sum + images / seconds, 0)
  const status = {
    units,
    arithmetic: { total, done },
    photographs: await countOf(wanted, 'answers', locked),
    workers,
    imagesPerSecond: rate > 0 ? rate : null,
    secondsLeft: longestOf(states.map(({ secondsLeft }) => secondsLeft)),
  }
  return isComplete(status) ? { ...status, secondsLeft: 0 } : status
}

/** Largest of the numbers; null if there are none, or if one of them is unknown. */
function longestOf(seconds: readonly (number | null)[]): number | null {
  const known = seconds.filter((one) => one !== null)
  return known.length > 0 && known.length === seconds.length ? Math.max(...known) : null
}

/** The planned items of entries of run.json, by kind. If several entries plan an item, the last one counts. */
const PLANNED: Readonly<Record<WorkItem['kind'], PlannedItems>> = {
  maps: (results, runs) => runs.flatMap((run) => entryUnits(results, run)),
  arithmetic: (results, runs) => runs.flatMap((run) => entryArithmetic(results, run)),
  answers: plannedAnswers,
}
type PlannedItems = (
  results: string,
  runs: readonly RunEntry[],
) => readonly PlannedItem[] | Promise<readonly PlannedItem[]>

async function countOf(wanted: readonly PlannedItem[], kind: WorkItem['kind'], locked: ReadonlySet<string>) {
  const count = { total: 0, done: 0, inProgress: 0 }
  for (const item of wanted) {
    if (item.kind !== kind) continue
    const { count: size = 1 } = item
    count.total += size
    if (locked.has(itemLock(item))) count.inProgress += size
    else if (await item.isStored()) count.done += size
  }
  return { ...count, left: count.total - count.done - count.inProgress }
}

/**
 * The planned items of all runs that have not ended, and of the last run with objects and the last with photographs. If
 * several runs plan the same item, the inputs of the latest count.
 * @param runs entries of run.json, the latest last
 */
async function wantedItems(results: string, runs: readonly RunEntry[]): Promise<readonly PlannedItem[]> {
  const isOfPhotographs = ({ answers }: RunEntry) => answers !== undefined
  const last = [true, false].map((wanted) => runs.findLast((run) => isOfPhotographs(run) === wanted))
  const counted = runs.filter((run) => last.includes(run) || run.finished === null)
  const wanted = new Map<string, PlannedItem>()
  for (const itemsOf of Object.values(PLANNED))
    for (const item of await itemsOf(results, counted)) wanted.set(item.title, item)
  return [...wanted.values()]
}

async function noStudy(results: string): Promise<InputError> {
  const entry = await stat(results).catch(() => undefined)
  const found = entry === undefined ? `${results} does not exist` : `there is no study in ${results}`
  return new InputError(`${found}; run "shiftscope reproduce --out ${shellWord(results)}" first`)
}
