import { closeSync, openSync, writeSync } from 'node:fs'
import { type Assignment, type Finding, STATE_NUMBERS } from './assignment.js'
import { readers } from './readers.js'
import { keepCase, openTrial } from './trial.js'

/** Of the processor's time that a case may take in this process. */
const OWN_SECONDS = 5

/**
 * Of how many cases one is read as the program does it. The others read their files without Node's threads, and their errors do
 * without stacks: both take longer than most readers.
 */
const USUAL = 64
const { stackTraceLimit } = Error

/**
 * Milliseconds within which no case can break a limit. What the process has used is measured after longer ones, and with every
 * `USUAL`th, since measuring gives the processor to others.
 */
const QUICK = 5

/** Files of findings that one process keeps. */
const MOST_KEPT = 100

await work(JSON.parse(process.argv[2] as string) as Assignment)

async function work({ seed, reader: name, first, end, folder, findings, state, keepsOnly }: Assignment): Promise<void> {
  const reader = readers.find((one) => one.name === name)
  if (reader === undefined) throw new Error(`there is no reader ${name}`)
  const numbers = new Float64Array(STATE_NUMBERS)
  numbers[0] = -1
  const descriptor = openSync(state, 'w')
  const share = () => writeSync(descriptor, numbers, 0, numbers.byteLength, 0)
  share()
  const report = (caseNumber: number, faults: readonly string[]) =>
    new Promise((done) => process.send?.({ reader: name, caseNumber, faults } satisfies Finding, undefined, {}, done))
  process.on('disconnect', () => process.exit(1))
  const trial = await openTrial(reader, seed, folder)
  if (keepsOnly) {
    keepCase(findings, name, seed, first, trial.draw(first))
    process.exit(0)
  }
  const most = { growth: (reader.mostGrowth ?? 256) * 1024, processorTime: OWN_SECONDS * 1e6 }
  let kept = 0
  let before = used()
  for (let caseNumber = first; caseNumber < end; caseNumber++) {
    numbers[0] = caseNumber
    share()
    const start = performance.now()
    const drawn = trial.draw(caseNumber)
    const isUsual = caseNumber % USUAL === 0
    Error.stackTraceLimit = isUsual ? stackTraceLimit : 0
    const { result, faults } = await trial.run(drawn, !isUsual)
    const place = result === 'read' ? 1 : 2
    numbers[place] = (numbers[place] as number) + 1
    const milliseconds = performance.now() - start
    if (milliseconds > (numbers[3] as number)) numbers.set([milliseconds, caseNumber], 3)
    const all = [...faults]
    if (milliseconds > QUICK || isUsual) {
      const now = used()
      const grown = now.memory - before.memory
      const processorTime = now.processorTime - before.processorTime
      if (grown > most.growth) all.push(`took ${grown >> 10} MiB more than the cases before`)
      if (processorTime > most.processorTime) all.push(`took ${processorTime / 1e6} s of the processor`)
      before = now
      numbers[5] = now.processorTime
    }
    if (all.length === 0) continue
    if (kept++ < MOST_KEPT) keepCase(findings, name, seed, caseNumber, drawn)
    await report(caseNumber, all)
  }
  numbers[0] = end
  numbers[5] = used().processorTime
  share()
  closeSync(descriptor)
  await trial.close()
  process.exit(0)
}

/** Of this process so far: microseconds of the processor, and the most KiB that it had. */
function used() {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
  return { processorTime: userCPUTime + systemCPUTime, memory: maxRSS }
}
