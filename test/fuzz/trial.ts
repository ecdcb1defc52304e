import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { packageFolder } from '../../src/files/package.js'
import { guardFiles } from './guardedFiles.js'
import { errorFaults, type Files, type Input, inputsOf, type Reader } from './reader.js'

/** Seconds of the processor that an input may take in this process. */
const MOST_PROCESSOR_SECONDS = 5
/** Seconds for an input whose work another process does, which has limits of its own. */
const MOST_SECONDS = 300
const MOST_BYTES = 256 << 20
/** A network or a picture of the largest size takes so much. */
const MOST_BYTES_EXPENSIVE = 1 << 30

const FINDINGS = join(packageFolder(), 'build/fuzz')

/** Which inputs a reader is given. */
export interface Trials {
  readonly seed: number
  readonly runs: number
  /** Of one input alone, as a finding names it. */
  readonly path?: string
}

/**
 * Gives a reader its goldens, which it must read, then damaged copies, which it must read or refuse with one of the
 * project's errors. The current folder and the environment are the reader's meanwhile.
 * @param parent an empty folder
 * @returns the number of inputs that were read and refused
 * @throws Error for the first finding, which is made as small as possible and kept in build/fuzz
 */
export async function tryReader(reader: Reader, parent: string, { seed, runs, path }: Trials) {
  const counts = { read: 0, refused: 0 }
  let lastRefusal = ''
  await inFolderOfReader(reader, parent, async (folder, watched) => {
    const goldens = typeof reader.goldens === 'function' ? await reader.goldens(folder) : reader.goldens
    const attempt = async (files: Files, label: string) => {
      placeFiles(folder, files)
      const { error, faults } = await watched(label, () => reader.read(folder, files))
      counts[error === undefined ? 'read' : 'refused']++
      lastRefusal = String(error)
      return faults
    }
    for (const [i, files] of goldens.entries()) {
      const faults = await attempt(files, `golden ${i} of ${reader.name}`)
      assert.deepEqual(faults, [])
      assert.equal(counts.refused, 0, `${reader.name} refuses its golden ${i}: ${lastRefusal}`)
    }
    let run = 0
    let found: { readonly input: Input; readonly faults: readonly string[] } | undefined
    const property = fc.asyncProperty(inputsOf(goldens, reader), async (input) => {
      const where = found === undefined ? (path ?? String(run++)) : `${run - 1}, while it was made smaller`
      const faults = await attempt(input.files, command(reader, seed, where))
      if (faults.length === 0) return true
      found = { input, faults }
      return false
    })
    const result = await fc.check(property, {
      ...{ seed, numRuns: runs, endOnFailure: reader.isExpensive ?? false },
      ...(path !== undefined && { path }),
    })
    if (!result.failed || found === undefined) return
    const kept = join(FINDINGS, `${reader.name}-${seed}-${result.counterexamplePath?.replaceAll(':', '-')}`)
    placeFiles(kept, found.input.files)
    const repeats = command(reader, seed, result.counterexamplePath ?? '')
    throw new Error(`FINDING ${found.faults.join('; ')}\n${repeats}\n${found.input.name} was damaged; see ${kept}`)
  })
  return counts
}

function command({ name }: Reader, seed: number, path: string): string {
  return `npm run fuzz -- --reader ${name} --seed ${seed} --path ${path}`
}

interface Outcome {
  /** Why it was refused; undefined if it was read. */
  readonly error: unknown
  /** What the reader did that it must not do. */
  readonly faults: readonly string[]
}

type Watched = (label: string, read: () => unknown) => Promise<Outcome>

/** Nothing of the machine's user, and nothing from outside of this machine. */
function environmentIn(folder: string): NodeJS.ProcessEnv {
  const nobody = 'http://localhost:1'
  return {
    ...{ HOME: folder, TMPDIR: folder, SHIFTSCOPE_CACHE: join(folder, 'cache'), ORT_DISABLE_TELEMETRY: '1' },
    ...{ HF_ENDPOINT: nobody, HF_TOKEN: '', HF_HUB_OFFLINE: '', no_proxy: '', NO_PROXY: '' },
    ...{ https_proxy: nobody, http_proxy: nobody, all_proxy: nobody, PATH: folder },
  }
}

/** Has readers read in a folder, beside which lies what they must not read. */
async function inFolderOfReader(
  reader: Reader,
  parent: string,
  use: (folder: string, watched: Watched) => Promise<void>,
): Promise<void> {
  const folder = join(realpathSync(parent), 'inside')
  emptyFolder(folder)
  writeFileSync(join(folder, '..', 'secret'), 'not to be read')
  const before = { folder: process.cwd(), environment: { ...process.env } }
  const guard = reader.opensAnything ? undefined : guardFiles(folder, reader.readsBeyondEnds)
  const mostBytes = reader.isExpensive ? MOST_BYTES_EXPENSIVE : MOST_BYTES
  const watch = await startWatch(mostBytes)
  const uncaught: string[] = []
  const noteUncaught = (error: Error) => uncaught.push(`ended the process: ${error.stack}`)
  process.on('uncaughtException', noteUncaught)
  process.chdir(folder)
  Object.assign(process.env, environmentIn(folder))
  try {
    await use(folder, async (label, read) => {
      guard?.takeViolations()
      watch.begin(label)
      const start = memoryUsed()
      const { error, faults } = await outcomeOf(read)
      const grown = memoryUsed().map((bytes, i) => bytes - (start[i] as number))
      watch.end()
      const growth = Math.max(...grown) > mostBytes ? [`took ${Math.max(...grown) >> 20} MiB`] : []
      return { error, faults: [...faults, ...growth, ...uncaught.splice(0), ...(guard?.takeViolations() ?? [])] }
    })
  } finally {
    process.off('uncaughtException', noteUncaught)
    process.chdir(before.folder)
    for (const name of Object.keys(process.env)) delete process.env[name]
    Object.assign(process.env, before.environment)
    guard?.release()
    await watch.close()
  }
}

async function outcomeOf(read: () => unknown): Promise<Outcome> {
  try {
    await read()
    return { error: undefined, faults: [] }
  } catch (error) {
    return { error, faults: errorFaults(error) }
  }
}

/** The most that the process has had, and the memory of its buffers, which counts before it is used. */
function memoryUsed(): readonly number[] {
  return [process.resourceUsage().maxRSS * 1024, process.memoryUsage().arrayBuffers]
}

async function startWatch(mostBytes: number) {
  const shared = new SharedArrayBuffer(1024)
  const limits = { mostProcessorSeconds: MOST_PROCESSOR_SECONDS, mostSeconds: MOST_SECONDS, mostBytes: 4 * mostBytes }
  const thread = new Worker(new URL('./hangWatch.mjs', import.meta.url), { workerData: { shared, ...limits } })
  await new Promise((done) => thread.once('online', done))
  const number = new Int32Array(shared, 0, 1)
  let count = 0
  return {
    begin: (label: string) => {
      Buffer.from(shared, 4).fill(0).write(label)
      Atomics.store(number, 0, ++count)
    },
    end: () => Atomics.store(number, 0, 0),
    close: () => thread.terminate(),
  }
}

function placeFiles(folder: string, files: Files): void {
  emptyFolder(folder)
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
}

/** Leaves nothing in a folder but links out of it. The folder stays, because it may be the current one. */
function emptyFolder(folder: string): void {
  mkdirSync(folder, { recursive: true })
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true, force: true })
  symlinkSync(join('..', 'secret'), join(folder, 'link'))
  symlinkSync('..', join(folder, 'up'))
}
