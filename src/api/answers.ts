import { availableCores } from '../cores.js'
import { argmax } from '../native.js'
import type { Network } from '../networks/index.js'

/** What a network takes the object for, over all positions. */
export interface Answers {
  /** The layer that has a value for each class. */
  readonly layer: string
  /** Where the classes' names come from. */
  readonly source: string
  /** The strongest classes, the one at most positions first; at most five. */
  readonly classes: readonly { readonly name: string; readonly positions: number }[]
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
  for (const index of strongest) counts.set(index, (counts.get(index) ?? 0) + 1)
  const sorted = [...counts].sort(([a, one], [b, other]) => other - one || a - b).slice(0, MOST_CLASSES)
  return {
    layer: layer.name,
    source: classes.source,
    classes: sorted.map(([index, positions]) => ({ name: classes.names[index] ?? String(index), positions })),
  }
}
