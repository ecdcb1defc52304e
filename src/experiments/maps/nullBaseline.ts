import { cosineSimilarity } from '../../native.js'

/**
 * Cosines between the features of two different objects at the same position, for pairs of the same class (`same`) and
 * for all other pairs (`different`). They help to judge how large the similarity of one object at two positions is.
 */
export interface PairSimilarities {
  readonly same: readonly number[]
  readonly different: readonly number[]
}

/**
 * @param features [objects, dims], float32, one feature per object
 * @param categories class of each object, or null if it is unknown; pairs with an unknown class count as different
 */
export async function pairSimilarities(
  features: Float32Array,
  dims: number,
  categories: readonly (string | null)[],
  threads: number,
): Promise<PairSimilarities> {
  const count = categories.length
  const cosines = await cosineSimilarity({
    features,
    rows: count,
    dims,
    anchors: features,
    anchorCount: count,
    threads,
  })
  const same: number[] = []
  const different: number[] = []
  for (let i = 0; i < count; i++) {
    for (let j = i + 1; j < count; j++) {
      const isSame = categories[i] !== null && categories[i] === categories[j]
      const target = isSame ? same : different
      target.push(cosines[i * count + j]!)
    }
  }
  return { same, different }
}
