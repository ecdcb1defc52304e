import { type ChildProcess, fork } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Assignment, type Finding, STATE_NUMBERS } from './assignment.js'
import { readers } from './readers.js'
import { rowText } from './table.js'

export interface FuzzOptions {
  readonly seed: number
  /** Names of readers; all by default, one after the other. */
  readonly readers?: readonly string[]
  /** Inputs of each reader; as many as there is time for by default. */
  readonly count?: number
  /** Of all readers together, divided equally; no limit by default. */
  readonly minutes?: number
  /** Told of findings at once, and now and then how far it is. */
  readonly say?: (line: string) => void
}

/** What came of the inputs of one reader. */
export interface FuzzRow {
  readonly reader: string
  readonly inputs: number
  readonly read: number
  readonly refused: number
  /** Milliseconds of the slowest input, and its number. */
  readonly slowest: number
  readonly slowestCase: number
  readonly seconds: number
  /** Of the processor, as far as its workers took it themselves. */
  readonly processorSeconds: number
  readonly findings: readonly Finding[]
}

/** Seconds after which an input counts as one that never ends; the first of a process waits for the program to load. */
const MOST_SECONDS = 5
const LOADING_SECONDS = 60
const BETWEEN_LOOKS = 250
const BETWEEN_WORDS = 60_000
const HEAP_MIB = 512
/** Of one reader; the others are counted. */
const MOST_TOLD = 100

/** Where the files of findings are kept. */
export const FINDINGS = resolve('build/fuzz/findings')

/** Readers by their names, or those that are `cheap` or `expensive`; all by default. @throws Error for another name */
export function chosenReaders(names: readonly string[] = []): readonly string[] {
  const groups: Readonly<Record<string, readonly string[]>> = {
    ...Object.fromEntries(readers.map(({ name }) => [name, [name]])),
    cheap: readers.filter(({ isExpensive }) => !isExpensive).map(({ name }) => name),
    expensive: readers.filter(({ isExpensive }) => isExpensive).map(({ name }) => name),
  }
  const unknown = names.find((name) => groups[name] === undefined)
  if (unknown !== undefined)
    throw new Error(`there is no reader ${unknown}; there are ${Object.keys(groups).join(', ')}`)
  const chosen = names.flatMap((name) => groups[name] as readonly string[])
  return chosen.length > 0 ? [...new Set(chosen)] : readers.map(({ name }) => name)
}

/**
 * Gives readers damaged and invented inputs, in a process that is watched: one that hangs, dies or grows is replaced by one that
 * goes on with the next input. An input is made from seed, reader and number alone.
 */
export async function runFuzz({
  seed,
  readers: names,
  count,
  minutes,
  say = () => undefined,
}: FuzzOptions): Promise<readonly FuzzRow[]> {
  const end = minutes === undefined ? Number.POSITIVE_INFINITY : Date.now() + minutes * 60_000
  const memory = '/dev/shm'
  const parent = mkdtempSync(join(existsSync(memory) ? memory : tmpdir(), 'shiftscope-fuzz-'))
  const rows: FuzzRow[] = []
  const chosen = chosenReaders(names)
  try {
    for (const [i, reader] of chosen.entries()) {
      const share = (end - Date.now()) / (chosen.length - i)
      rows.push(
        await runReader({
          seed,
          reader,
          count: count ?? Number.MAX_SAFE_INTEGER,
          end: Date.now() + share,
          parent,
          say,
        }),
      )
    }
  } finally {
    rmSync(parent, { recursive: true, force: true })
  }
  return rows
}

interface ReaderRun {
  readonly seed: number
  readonly reader: string
  readonly count: number
  /** In milliseconds since 1970. */
  readonly end: number
  readonly parent: string
  readonly say: (line: string) => void
}

async function runReader({ seed, reader, count, end, parent, say }: ReaderRun): Promise<FuzzRow> {
  const start = Date.now()
  const findings: Finding[] = []
  const before = { read: 0, refused: 0, slowest: 0, slowestCase: -1, processorSeconds: 0 }
  const { mostSeconds = MOST_SECONDS } = readers.find(({ name }) => name === reader) ?? {}
  const rowWith = ([
    ,
    read = 0,
    refused = 0,
    slowest = 0,
    slowestCase = -1,
    processor = 0,
  ]: Iterable<number>): FuzzRow => ({
    reader,
    inputs: before.read + read + before.refused + refused,
    read: before.read + read,
    refused: before.refused + refused,
    slowest: Math.round(Math.max(before.slowest, slowest)),
    slowestCase: slowest > before.slowest ? slowestCase : before.slowestCase,
    seconds: (Date.now() - start) / 1000,
    processorSeconds: before.processorSeconds + processor / 1e6,
    findings,
  })
  const add = (finding: Finding) => {
    findings.push(finding)
    if (findings.length <= MOST_TOLD)
      say(`FINDING ${reader} --case ${finding.caseNumber}: ${finding.faults.join('; ')}`)
  }
  let spoken = Date.now()
  let first = 0
  let slow = -1
  while (first < count && Date.now() < end) {
    const folder = mkdtempSync(join(parent, `${reader}-`))
    const assignment = {
      seed,
      reader,
      first,
      end: count,
      folder,
      findings: FINDINGS,
      state: join(parent, 'state'),
      mostSeconds,
    }
    const { fault, state } = await runWorker(assignment, end, add, (numbers) => {
      if (Date.now() - spoken < BETWEEN_WORDS) return
      spoken = Date.now()
      say(rowText(rowWith(numbers)))
    })
    const { read, refused, slowest, slowestCase, processorSeconds } = rowWith(state)
    Object.assign(before, { read, refused, slowest, slowestCase, processorSeconds })
    rmSync(folder, { recursive: true, force: true })
    if (fault === undefined) break
    const [caseNumber = -1] = state
    if (caseNumber < 0) {
      add({ reader, caseNumber, faults: [fault] })
      break
    }
    // On a busy machine anything may take long once.
    const isSlow = fault.startsWith(SLOW)
    const isFirst = isSlow && slow !== caseNumber
    slow = caseNumber
    first = isFirst ? caseNumber : caseNumber + 1
    if (isFirst) continue
    before.refused++
    if (isSlow) Object.assign(before, { slowest: Math.max(slowest, 1000 * mostSeconds), slowestCase: caseNumber })
    add({ reader, caseNumber, faults: [fault] })
    await keepFiles({ ...assignment, first: caseNumber, folder: mkdtempSync(join(parent, 'kept-')), keepsOnly: true })
  }
  return rowWith([])
}

const SLOW = 'takes longer than '

/** Runs a worker to the end of its cases or of the time, or until it stops; then says why. */
async function runWorker(
  assignment: Assignment,
  end: number,
  onFinding: (finding: Finding) => void,
  onLook: (state: Float64Array) => void,
): Promise<{ readonly fault: string | undefined; readonly state: Float64Array }> {
  rmSync(assignment.state, { force: true })
  const worker = started(assignment)
  worker.on('message', (finding) => onFinding(finding as Finding))
  let words = ''
  worker.stderr?.on('data', (data) => {
    words = `${words}${data}`.slice(-2000)
  })
  let last = { caseNumber: -1, since: Date.now() }
  let reason: string | undefined
  let isOver = false
  const watch = setInterval(() => {
    const state = stateOf(assignment.state)
    const [caseNumber = -1] = state
    if (caseNumber !== last.caseNumber) last = { caseNumber, since: Date.now() }
    onLook(state)
    isOver = Date.now() > end
    const seconds = caseNumber < 0 ? LOADING_SECONDS : assignment.mostSeconds
    if (Date.now() - last.since > 1000 * seconds) reason = `${SLOW}${seconds} s`
    if (isOver || reason !== undefined) killGroup(worker)
  }, BETWEEN_LOOKS)
  const status = await new Promise<string | number | null>((done) => {
    worker.on('close', (code, signal) => done(signal ?? code))
  })
  clearInterval(watch)
  const isWell = status === 0 || (isOver && reason === undefined)
  const fault = isWell ? undefined : (reason ?? `ended the process with ${status}: ${words.trim()}`)
  return { fault, state: stateOf(assignment.state) }
}

function started(assignment: Assignment): ChildProcess {
  const script = fileURLToPath(new URL('./worker.js', import.meta.url))
  const worker = fork(script, [JSON.stringify(assignment)], {
    execArgv: [`--max-old-space-size=${HEAP_MIB}`],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    // A group of its own, so that what it started ends with it.
    detached: true,
  })
  const end = () => killGroup(worker)
  process.once('exit', end)
  worker.once('exit', () => process.removeListener('exit', end))
  return worker
}

function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended.
  }
}

async function keepFiles(assignment: Assignment): Promise<void> {
  mkdirSync(FINDINGS, { recursive: true })
  const worker = started(assignment)
  const timer = setTimeout(() => killGroup(worker), 1000 * LOADING_SECONDS)
  await new Promise((done) => worker.on('close', done))
  clearTimeout(timer)
}

function stateOf(path: string): Float64Array {
  const state = new Float64Array(STATE_NUMBERS)
  state[0] = -1
  if (existsSync(path)) new Uint8Array(state.buffer).set(readFileSync(path).subarray(0, state.byteLength))
  return state
}
