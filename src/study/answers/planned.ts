import { join } from 'node:path'
import { InputError } from '../../errors.js'
import { readList } from '../../results/answers/lists.js'
import { answersInputsSchema, bucketOf } from '../../results/answers/schema.js'
import { findAnswers } from '../../results/answers/store.js'
import { addTo } from '../../support/lists.js'
import type { PlannedItem, RunEntry } from '../items/runFile.js'
import { answersTitle } from './item.js'

/** A bucket that entries of run.json plan. */
interface PlannedBucket {
  /** The inputs that the latest entry wants, as it has them. */
  readonly inputs: Readonly<Record<string, unknown>>
  /** The photographs of all entries: each process may have others. */
  readonly names: ReadonlySet<string>
}

/** @param runs entries of run.json, the latest last */
export async function plannedAnswers(results: string, runs: readonly RunEntry[]): Promise<readonly PlannedItem[]> {
  const planned = new Map<string, PlannedBucket>()
  for (const { answers = [], photographs } of runs) {
    const names = photographs && (await namesIn(results, photographs.list))
    const buckets = new Map<string, string[]>()
    for (const name of names ?? []) addTo(buckets, bucketOf(name), name)
    for (const common of answers) {
      const { model, protocol } = common
      for (const [bucket, own] of buckets) {
        const title = answersTitle({ model: String(model), protocol: String(protocol), bucket })
        const earlier = planned.get(title)?.names ?? []
        planned.set(title, { inputs: { ...common, bucket }, names: new Set([...earlier, ...own]) })
      }
    }
  }
  return Array.from(planned, ([title, bucket]) => ({
    kind: 'answers',
    ...{ title, count: bucket.names.size, isStored: () => isStored(results, bucket) },
  }))
}

/** @throws InputError if the list cannot be read, because a study without photographs would seem finished */
async function namesIn(results: string, list: string): Promise<readonly string[]> {
  const names = await readList(results, list)
  if (names !== undefined) return names
  throw new InputError(
    `the list of photographs in ${join(results, 'lists')} is missing or damaged; run consistency on this folder again`,
  )
}

async function isStored(results: string, { inputs, names }: PlannedBucket): Promise<boolean> {
  // Undefined if the inputs are not those of answers.
  const wanted = answersInputsSchema.safeParse(inputs).data
  const found = wanted && (await findAnswers(results, wanted, false))
  if (found?.state !== 'found') return false
  const stored = new Set([...found.answers.photographs, ...found.answers.failed].map(({ name }) => name))
  return [...names].every((name) => stored.has(name))
}
