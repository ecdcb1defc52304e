import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { drawCase, readCorpus } from './formats.js'
import { guardFiles } from './guardedFiles.js'
import { randomOf } from './random.js'
import { tryCase } from './trial.js'

/** What the worker is told. */
export interface Assignment {
  readonly seed: number
  readonly first: number
  readonly goldens: string
  /** Empty folder for the files of the cases. */
  readonly folder: string
  /** Int32 [case number, cases read, cases refused, milliseconds of the slowest], shared with the supervisor. */
  readonly state: Int32Array
}

/** A case that did what it must not do. */
export interface Finding {
  readonly caseNumber: number
  readonly faults: readonly string[]
}

const maximumGrowth = 256 * 1024
const { seed, first, goldens, folder, state } = workerData as Assignment
const corpus = readCorpus(goldens)
const inside = join(folder, 'inside')
mkdirSync(join(inside, 'sub'), { recursive: true })
writeFileSync(join(folder, 'secret'), 'not to be read')
writeFileSync(join(inside, 'data.bin'), Buffer.alloc(64))
symlinkSync(join(folder, 'secret'), join(inside, 'link'))
symlinkSync(folder, join(inside, 'up'))

const guard = guardFiles(inside)

/** Highest resident set so far, KiB; what came before the first hundred cases is the program itself. */
let accounted = 0
for (let caseNumber = first; ; caseNumber++) {
  Atomics.store(state, 0, caseNumber)
  const random = randomOf(seed, caseNumber)
  const start = performance.now()
  const { result, faults } = await tryCase(inside, drawCase(random, corpus, join(inside, 'scratch')), guard)
  Atomics.add(state, result === 'read' ? 1 : 2, 1)
  Atomics.store(state, 3, Math.max(state[3] as number, performance.now() - start))
  const { maxRSS } = process.resourceUsage()
  const grown = maxRSS - accounted
  if (caseNumber < first + 100) accounted = maxRSS
  else if (grown > maximumGrowth) {
    accounted = maxRSS
    report({ caseNumber, faults: [`took ${grown >> 10} MiB more than the cases before`] })
  }
  if (faults.length > 0) report({ caseNumber, faults })
}

function report(finding: Finding): void {
  parentPort?.postMessage(finding)
}
