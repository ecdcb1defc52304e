/**
 * Gives damaged and invented inputs to everything that reads what comes from outside: files, answers of servers, command lines.
 *
 *     npm run fuzz -- --minutes 15 --seed 1
 *     npm run fuzz -- --count 1000000 --reader cheap --json build/fuzz/table.json
 *     npm run fuzz -- --minutes 5 --reader svg --reader networks
 *     npm run fuzz -- --seed 1 --reader npy --case 4711
 *
 * A reader must give a result or one of the project's errors, whose message is one line, within 5 seconds and 256 MiB, and open
 * nothing but what lies in its folder. Inputs that break this are kept in build/fuzz/findings. An input is made from the
 * seed, the reader and its number alone.
 */
import './linkedPackage.js'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { readers } from './readers.js'
import { chosenReaders, FINDINGS, runFuzz } from './supervisor.js'
import { tableText } from './table.js'
import { keepCase, openTrial } from './trial.js'

const { values } = parseArgs({
  options: {
    ...{ minutes: { type: 'string' }, count: { type: 'string' }, seed: { type: 'string', default: '1' } },
    ...{ reader: { type: 'string', multiple: true }, case: { type: 'string' }, json: { type: 'string' } },
  },
})
const seed = numberOf('seed', values.seed)
const names = chosenReaders(values.reader)

// Workers end with this process.
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => process.exit(1))
if (values.case !== undefined) for (const name of names) await replay(name, numberOf('case', values.case))
else await campaign()

function numberOf(option: string, text: string): number {
  if (text.trim() !== '' && Number(text) >= 0) return Number(text)
  throw new Error(`--${option} ${text} is no number`)
}

async function campaign(): Promise<void> {
  const minutes = values.minutes ?? (values.count === undefined ? '1' : undefined)
  const rows = await runFuzz({
    seed,
    readers: names,
    ...(values.count !== undefined && { count: numberOf('count', values.count) }),
    ...(minutes !== undefined && { minutes: numberOf('minutes', minutes) }),
    say: console.log,
  })
  console.log(tableText(rows))
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ seed, rows }, null, 2)}\n`)
  process.exitCode = rows.some(({ findings }) => findings.length > 0) ? 1 : 0
}

/** Runs one case in this thread, for a debugger, and keeps its files. */
async function replay(name: string, caseNumber: number): Promise<void> {
  const reader = readers.find((one) => one.name === name)
  if (reader === undefined) return
  const folder = mkdtempSync(join(tmpdir(), 'shiftscope-fuzz-'))
  try {
    const trial = await openTrial(reader, seed, folder)
    const drawn = trial.draw(caseNumber)
    console.log(`${name}, ${drawn.kind}: ${keepCase(FINDINGS, name, seed, caseNumber, drawn)}`)
    const start = performance.now()
    const outcome = await trial.run(drawn)
    console.log(outcome, `${Math.round(performance.now() - start)} ms`)
    await trial.close()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
