import { closeSync, openSync, writeSync } from 'node:fs'
import { readers } from './readers.js'
import { keepCase, openTrial } from './trial.js'

/** What a worker is told. */
export interface Assignment {
  readonly seed: number
  readonly reader: string
  /** Number of the first case, and of the one after the last. */
  readonly first: number
  readonly end: number
  /** Empty folder for the files of the cases. */
  readonly folder: string
  /** Where the files of findings are kept. */
  readonly findings: string
  /** File of float64: `WorkerState`. */
  readonly state: string
  /** Keeps the files of the first case, and does nothing else. */
  readonly keepsOnly?: boolean
}

/** Case that is running (−1: none yet), cases read, cases refused, milliseconds of the slowest. */
export const STATE_NUMBERS = 4

/** A case that did what it must not do. */
export interface Finding {
  readonly reader: string
  readonly caseNumber: number
  readonly faults: readonly string[]
}

if (process.send !== undefined) await work(JSON.parse(process.argv[2] as string) as Assignment)

async function work({ seed, reader: name, first, end, folder, findings, state, keepsOnly }: Assignment): Promise<void> {
  const reader = readers.find((one) => one.name === name)
  if (reader === undefined) throw new Error(`there is no reader ${name}`)
  const numbers = new Float64Array([-1, 0, 0, 0])
  const descriptor = openSync(state, 'w')
  const share = () => writeSync(descriptor, numbers, 0, numbers.byteLength, 0)
  share()
  const report = (caseNumber: number, faults: readonly string[]) =>
    process.send?.({ reader: name, caseNumber, faults } satisfies Finding)
  const trial = await openTrial(reader, seed, folder)
  if (keepsOnly) {
    keepCase(findings, name, seed, first, trial.draw(first))
    process.exit(0)
  }
  const mostGrowth = (reader.mostGrowth ?? 256) * 1024
  // What came before the first hundred cases is the program itself.
  let { maxRSS: before } = process.resourceUsage()
  for (let caseNumber = first; caseNumber < end; caseNumber++) {
    numbers[0] = caseNumber
    share()
    const start = performance.now()
    const drawn = trial.draw(caseNumber)
    const { result, faults } = await trial.run(drawn)
    const place = result === 'read' ? 1 : 2
    numbers[place] = (numbers[place] as number) + 1
    numbers[3] = Math.max(numbers[3] as number, performance.now() - start)
    const { maxRSS } = process.resourceUsage()
    const grown = maxRSS - before
    before = maxRSS
    const all = grown > mostGrowth ? [...faults, `took ${grown >> 10} MiB more than the cases before`] : faults
    if (all.length === 0) continue
    keepCase(findings, name, seed, caseNumber, drawn)
    report(caseNumber, all)
  }
  numbers[0] = end
  share()
  closeSync(descriptor)
  await trial.close()
  process.disconnect()
  process.exit(0)
}
