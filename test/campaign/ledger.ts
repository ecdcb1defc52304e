import { appendFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { packageFolder } from '../../src/files/package.js'
import { type Random, randomOf } from '../support/random.js'

/** `CAMPAIGN_SECONDS` for each part; without it, a few rounds. */
const SECONDS = Number(process.env.CAMPAIGN_SECONDS ?? 0)
/** Of a test that holds one part, in milliseconds. */
export const CAMPAIGN_TIMEOUT = SECONDS * 1000 + 300_000

/** Repeats what is drawn. */
const SEED = Number(process.env.CAMPAIGN_SEED ?? 1)
/** One round alone, by its number. */
const ONLY = process.env.CAMPAIGN_ROUND

/** What a part of the campaign found. */
export interface Ledger {
  /** Counts something that was done, by what it was done to. */
  count(what: string, how: string): void
  /** Something that must not be. */
  find(line: string): void
}

/**
 * Runs rounds until the time is over, or `few` of them where none was given; each has its own source of chance, by the
 * seed and its number. What happened is printed, and appended to build/campaign/PART.jsonl.
 * @returns the findings
 */
export async function campaign(
  part: string,
  few: number,
  round: (random: Random, ledger: Ledger, number: number) => Promise<void>,
): Promise<readonly string[]> {
  const counts = new Map<string, number>()
  const findings: string[] = []
  const begin = performance.now()
  const isOver = (done: number) =>
    ONLY !== undefined ? done > 0 : SECONDS === 0 ? done >= few : performance.now() - begin > SECONDS * 1000
  let done = 0
  let failure: { readonly error: unknown } | undefined
  for (; failure === undefined && !isOver(done); done++) {
    const number = ONLY === undefined ? done : Number(ONLY)
    const ledger: Ledger = {
      count: (what, how) => {
        const key = JSON.stringify([what, how])
        counts.set(key, (counts.get(key) ?? 0) + 1)
      },
      find: (line) => {
        const text = `CAMPAIGN_SEED=${SEED} CAMPAIGN_ROUND=${number}: ${line}`
        findings.push(text)
        console.log(`FINDING in ${part}, ${text}`)
      },
    }
    await round(randomOf(SEED, part, number), ledger, number).catch((error: unknown) => {
      failure = { error }
    })
  }
  const seconds = Math.round((performance.now() - begin) / 1000)
  const rows = [...counts].map(([key, count]) => [...(JSON.parse(key) as string[]), count] as const).sort()
  if (SECONDS > 0 || ONLY !== undefined) {
    const lines = rows.map(([what, how, count]) => `  ${String(count).padStart(6)}  ${what}: ${how}`)
    console.log(`${part}: ${done} rounds in ${seconds} s, ${findings.length} findings\n${lines.join('\n')}`)
    const folder = join(packageFolder(), 'build/campaign')
    mkdirSync(folder, { recursive: true })
    const record = { part, seed: SEED, rounds: done, seconds, counts: rows, findings }
    appendFileSync(join(folder, `${part}.jsonl`), `${JSON.stringify(record)}\n`)
  }
  // What was counted before is told.
  if (failure !== undefined) throw failure.error
  return findings
}
