import { availableCores } from '../cores.js'
import { argmax } from '../native.js'
import type { Network } from '../networks/index.js'

/** What a network takes the object for, over all positions. */
export interface Answers {
  /** The layer that has a value for each class. */
  readonly layer: string
  /** Where the classes' names come from. */
  readonly source: string
  /** The strongest classes, the one at most positions first; at most five, none where the scores are all equal. */
  readonly classes: readonly { readonly name: string; readonly positions: number }[]
  /** Positions whose scores are all equal, as those of an untrained head are: no answer; absent: none. */
  readonly unanswered?: number
  /** Names of all classes that are the strongest somewhere, by the index of their value. */
  readonly names: Readonly<Record<string, string>>
}

const MOST_CLASSES = 5

/**
 * How often each class is the strongest.
 * @param features of the network's layers, [rows, dims] each
 * @returns undefined where the classes are not known
 */
export async function answersOf(
  { classes, layers }: Network,
  features: readonly Float32Array[],
  rows: number,
): Promise<Answers | undefined> {
  const at = layers.findIndex(({ name }) => name === classes?.layer)
  const [layer, matrix] = [layers[at], features[at]]
  if (classes === undefined || layer === undefined || matrix === undefined) return undefined
  const { dims } = layer
  const strongest = await argmax({ features: matrix, rows, dims, threads: availableCores() })
  const counts = new Map<number, number>()
  let unanswered = 0
  for (const [position, index] of strongest.entries()) {
    const scores = matrix.subarray(position * dims, (position + 1) * dims)
    if (dims > 1 && scores.every((score) => score === scores[0])) unanswered++
    else counts.set(index, (counts.get(index) ?? 0) + 1)
  }
  const sorted = [...counts].sort(([a, one], [b, other]) => other - one || a - b)
  const nameOf = (index: number) => classes.names[index] ?? String(index)
  return {
    layer: layer.name,
    source: classes.source,
    classes: sorted.slice(0, MOST_CLASSES).map(([index, positions]) => ({ name: nameOf(index), positions })),
    ...(unanswered > 0 && { unanswered }),
    names: Object.fromEntries([...new Set(strongest)].map((index) => [index, nameOf(index)])),
  }
}
