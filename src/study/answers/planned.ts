import { join } from 'node:path'
import { InputError } from '../../errors.js'
import { readList } from '../../results/answers/lists.js'
import { answersInputsSchema, bucketOf } from '../../results/answers/schema.js'
import { findAnswers } from '../../results/answers/store.js'
import { addTo } from '../../support/lists.js'
import type { PlannedItem, RunEntry } from '../runFile.js'
import { answersTitle } from './item.js'

/**
 * The answers that an entry of run.json plans.
 * @throws InputError if the list of photographs cannot be read, because a study without photographs would seem finished
 */
export async function entryAnswers(
  results: string,
  { answers = [], photographs }: RunEntry,
): Promise<readonly PlannedItem[]> {
  if (photographs === undefined) return []
  const names = await readList(results, photographs.list)
  if (names === undefined)
    throw new InputError(
      `the list of photographs in ${join(results, 'lists')} is missing or damaged; run consistency on this folder again`,
    )
  const buckets = new Map<string, string[]>()
  for (const name of names) addTo(buckets, bucketOf(name), name)
  return answers.flatMap((common) =>
    Array.from(buckets, ([bucket, own]): readonly PlannedItem[] => {
      // Undefined if another version wrote the inputs. That version's answers would be computed again.
      const inputs = answersInputsSchema.safeParse({ ...common, bucket }).data
      if (inputs === undefined) return []
      const isStored = async () => {
        const found = await findAnswers(results, inputs, false)
        if (found.state !== 'found') return false
        const stored = new Set([...found.answers.photographs, ...found.answers.failed].map(({ name }) => name))
        return own.every((name) => stored.has(name))
      }
      return [{ kind: 'answers', title: answersTitle(inputs), count: own.length, isStored }]
    }).flat(),
  )
}
