/**
 * Feeds damaged and invented files to the readers of checkpoints and ONNX models.
 *
 *     npm run fuzz -- --minutes 15 --seed 1
 *     npm run fuzz -- --seed 1 --case 4711
 *
 * A reader must give tensors or an InputError of one line, within 5 seconds and 256 MiB, and open or read nothing but
 * what the file and its folder hold. Cases that break this are kept in build/fuzz/findings. A case is made from the seed
 * and its number alone.
 */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { drawCase, readCorpus } from './formats.js'
import { guardFiles } from './guardedFiles.js'
import { randomOf } from './random.js'
import { tryCase } from './trial.js'
import type { Assignment, Finding } from './worker.js'

const hangMilliseconds = 5000
const watchMilliseconds = 250
const reportMilliseconds = 60_000

const goldens = resolve('test/golden')
const findingsFolder = resolve('build/fuzz/findings')
const { values } = parseArgs({
  options: { minutes: { type: 'string' }, seed: { type: 'string' }, case: { type: 'string' } },
})
const seed = Number(values.seed ?? 1)
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'shiftscope-fuzz-')))

try {
  if (values.case === undefined) process.exitCode = await supervise(Number(values.minutes ?? 1))
  else await replay(Number(values.case))
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** Runs one case in this thread, for a debugger, and keeps its file. */
async function replay(caseNumber: number): Promise<void> {
  const drawn = drawCase(randomOf(seed, caseNumber), readCorpus(goldens), join(folder, 'scratch'))
  console.log(`case ${caseNumber}: ${drawn.format}, ${drawn.bytes.length} bytes, ${keep(caseNumber)}`)
  console.log(await tryCase(folder, drawn, guardFiles(folder)))
}

/** Has workers run cases until the time is over; a worker that hangs or dies is replaced by one that goes on. */
async function supervise(minutes: number): Promise<number> {
  const start = Date.now()
  const end = start + minutes * 60_000
  const state = new Int32Array(new SharedArrayBuffer(16))
  const findings: Finding[] = []
  const add = (finding: Finding) => {
    findings.push(finding)
    console.log(`FINDING ${keep(finding.caseNumber)}: ${finding.faults.join('; ')}`)
  }
  let spoken = start
  const speak = () => {
    spoken = Date.now()
    console.log(
      `${Math.round((spoken - start) / 1000)} s: ${state[1]} files read, ${state[2]} refused, slowest ${state[3]} ms, ${findings.length} findings`,
    )
  }
  for (let first = 0; Date.now() < end; first = (state[0] as number) + 1) {
    Atomics.store(state, 0, first)
    const fault = await runWorker(
      { seed, first, goldens, folder: mkdtempSync(join(folder, 'worker-')), state },
      end,
      add,
      () => {
        if (Date.now() - spoken > reportMilliseconds) speak()
      },
    )
    if (fault !== null) add({ caseNumber: state[0] as number, faults: [fault] })
  }
  speak()
  return findings.length > 0 ? 1 : 0
}

/** Runs a worker to the end of the time, or until it stops; then says why. */
async function runWorker(
  assignment: Assignment,
  end: number,
  onFinding: (finding: Finding) => void,
  onWatch: () => void,
): Promise<string | null> {
  const worker = new Worker(new URL('./worker.js', import.meta.url), {
    workerData: assignment,
    resourceLimits: { maxOldGenerationSizeMb: 512 },
  })
  worker.on('message', onFinding)
  let last = { caseNumber: -1, since: Date.now() }
  const fault = await new Promise<string | null>((done) => {
    worker.on('error', (error) => done(`ended the worker: ${error.stack ?? error.message}`))
    const watch = setInterval(() => {
      onWatch()
      const caseNumber = Atomics.load(assignment.state, 0)
      if (caseNumber !== last.caseNumber) last = { caseNumber, since: Date.now() }
      if (Date.now() - last.since > hangMilliseconds) done(`takes longer than ${hangMilliseconds} ms`)
      if (Date.now() > end) done(null)
    }, watchMilliseconds)
    worker.on('exit', () => clearInterval(watch))
  })
  await worker.terminate()
  return fault
}

/** Writes the file of a case where it can be looked at. */
function keep(caseNumber: number): string {
  const { extension, bytes } = drawCase(randomOf(seed, caseNumber), readCorpus(goldens), join(folder, 'kept'))
  mkdirSync(findingsFolder, { recursive: true })
  const path = join(findingsFolder, `seed-${seed}-case-${caseNumber}${extension}`)
  writeFileSync(path, bytes)
  return path
}
