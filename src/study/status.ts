import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { InputError } from '../errors.js'
import { openLocks } from '../files/lock.js'
import { sha256 } from '../files/sha256.js'
import { readAccuracy } from '../results/arithmeticDocument.js'
import { accuracyPath } from '../results/arithmeticStudy.js'
import { fileName } from '../results/fileName.js'
import { inputsSchema, type UnitInputs } from '../results/unit/schema.js'
import { isUnitThere } from '../results/unit/store.js'
import { shellWord } from '../support/text.js'
import { readRun, runSchema } from './runFile.js'
import { workerStateSchema } from './team.js'
import { arithmeticLock, unitTitle } from './unitQueue.js'

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

/** Whether all units and all arithmetic are finished. */
export function isComplete({ units, arithmetic }: StudyStatus): boolean {
  return units.done === units.total && arithmetic.done === arithmetic.total
}

/**
 * Returns the progress of a study, without changing any file of the results folder.
 * @throws InputError if no study has started there
 */
export async function studyStatus(results: string): Promise<StudyStatus> {
  const run = await readRun(join(results, 'run.json'))
  const { units: planned, arithmetic: plannedArithmetic } = wantedWork([...(run.earlier ?? []), run])
  // A study of arithmetic alone plans no units.
  if (planned.size === 0 && run.planned === undefined) throw await noStudy(results)
  const held = await openLocks(results).held()
  const locked = new Set(held.map(({ name }) => name))
  const inProgress = [...planned.keys()].filter((title) => locked.has(fileName(title))).length
  let done = 0
  for (const [title, unit] of planned)
    if (unit !== undefined && !locked.has(fileName(title)) && (await isUnitThere(results, unit))) done++
  let doneArithmetic = 0
  for (const [model, wanted] of plannedArithmetic) {
    if (!locked.has(arithmeticLock(model)) && (await hasAccuracy(results, model, wanted))) doneArithmetic++
  }
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
  const states = processes.flatMap(({ state }) => (state !== undefined && state.seconds > 0 ? [state] : []))
  const rate = states.reduce((sum, { images, seconds }) => sum + images / seconds, 0)
  const status = {
    units: { total: planned.size, done, inProgress, left: planned.size - done - inProgress },
    arithmetic: { total: plannedArithmetic.size, done: doneArithmetic },
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

/**
 * Inputs of the planned units by title, and the hash of the inputs of each network's arithmetic. They are those of the
 * last run and of all runs that have not ended. If several runs plan the same unit, the inputs of the latest count. If
 * another version wrote the inputs, they are undefined, because that version's unit would be computed again.
 * @param runs entries of run.json, the latest last
 */
function wantedWork(runs: readonly unknown[]) {
  const units = new Map<string, UnitInputs | undefined>()
  const arithmetic = new Map<string, string>()
  for (const [i, run] of runs.entries()) {
    const { finished = null, planned = [], ...plan } = runSchema.safeParse(run).data ?? {}
    if (i < runs.length - 1 && finished !== null) continue
    const objects = new Map(plan.patches?.map((object) => [unitTitle('', object.size, object.name), object]))
    for (const { model, size, patches, inputs } of planned) {
      for (const patch of patches) {
        const { sha256: patchSha256, category } = objects.get(unitTitle('', size, patch)) ?? {}
        const wanted = inputsSchema.safeParse({ ...inputs, patch, patchSha256, category })
        units.set(unitTitle(model, size, patch), wanted.data)
      }
    }
    for (const { model, inputsSha256 } of plan.arithmetic ?? []) arithmetic.set(model, inputsSha256)
  }
  return { units, arithmetic }
}

/** Whether the arithmetic of these inputs is finished. Its file of accuracies is written last. */
async function hasAccuracy(results: string, model: string, inputsSha256: string): Promise<boolean> {
  const stored = await readAccuracy(accuracyPath(results, model)).catch(() => undefined)
  return stored !== undefined && sha256(JSON.stringify(stored.inputs)) === inputsSha256
}

async function noStudy(results: string): Promise<InputError> {
  const entry = await stat(results).catch(() => undefined)
  const found = entry === undefined ? `${results} does not exist` : `there is no study in ${results}`
  return new InputError(`${found}; run "shiftscope reproduce --out ${shellWord(results)}" first`)
}
