import { ofPatches, type PatchValues, perPatch, type Row } from '../../results/measures/rows.js'
import { isSameVariant, type Variant } from '../../results/measures/variant.js'
import { counterpart, layersOfPair, type NetworkPair, pairObstacle, samePatches } from '../../results/store/pairs.js'
import { numberOf, type StudyGroup } from '../../results/store/study.js'
import { type Measured, mapped } from './evidence.js'

/** All groups (one per size) of a network. */
export interface NetworkStudy {
  readonly model: string
  readonly groups: readonly StudyGroup[]
  /** The pair whose variant the network is; absent unless a claim compares the two networks of pairs. */
  readonly pair?: NetworkPair
  /** Groups of the pair's plain network; empty if there is no pair, or if the results do not include this network. */
  readonly plains: readonly StudyGroup[]
}

/** Numbers from a grid with fewer rows or columns than this decide nothing. */
const FEWEST_ROWS = 8
export const FEWEST_POSITIONS = `${FEWEST_ROWS}×${FEWEST_ROWS}`

export function hasFewPositions({ rows, cols }: Pick<StudyGroup, 'rows' | 'cols'>): boolean {
  return Math.min(rows, cols) < FEWEST_ROWS
}

export interface LayerOfGroup {
  readonly group: StudyGroup
  readonly layer: string
}

/** All layers of all groups. */
export function layersOf(groups: readonly StudyGroup[]): readonly LayerOfGroup[] {
  return groups.flatMap((group) => group.layers.map((layer) => ({ group, layer })))
}

export function eachLayer(measure: (one: LayerOfGroup) => readonly Measured[]) {
  return ({ groups }: NetworkStudy): readonly Measured[] => layersOf(groups).flatMap(measure)
}

/** Compares a network with the plain one of its pair, using only the patches that both networks saw. */
export function eachPair(measure: (own: LayerOfGroup, plain: LayerOfGroup) => readonly Measured[]) {
  return ({ groups, plains }: NetworkStudy): readonly Measured[] =>
    groups.flatMap((group) => {
      const plain = counterpart(group, plains)
      if (plain === undefined) return []
      const ofShared = { ...plain, numbers: ofPatches(plain.numbers, samePatches(group, plain)) }
      return layersOfPair(group, plain).flatMap(([layer, ofPlain]) =>
        measure({ group, layer }, { group: ofShared, layer: ofPlain }),
      )
    })
}

export function comparisonObstacle({ pair, plains, groups }: NetworkStudy): string | undefined {
  if (plains.length === 0) return `${pair?.plain} is not among the results`
  return pair && pairObstacle(pair, plains, groups)
}

/** The null baseline: mean similarity of objects of different classes at the same position. */
export function nullOf({ group, layer }: LayerOfGroup): number | undefined {
  return numberOf(group, layer, 'null-baseline', { classes: 'different' })?.mean
}

/** Factor that converts differences of similarity to differences of relative similarity: 1 / (1 − null baseline). */
export function similarityScale(one: LayerOfGroup): number | undefined {
  const baseline = nullOf(one)
  return baseline === undefined || baseline >= 1 ? undefined : 1 / (1 - baseline)
}

/** Converts similarity to relative similarity, which is 1 for perfect invariance and 0 for a different object. */
export function relative(one: LayerOfGroup, similarity: PatchValues): PatchValues {
  const scale = similarityScale(one)
  return scale === undefined ? new Map() : mapped(similarity, (value) => 1 - (1 - value) * scale)
}

/** One value of a measure per patch. Without `variant`, it is the mean over all variants. */
export function metricOf(one: LayerOfGroup, name: string, variant?: Variant): PatchValues {
  return perPatch(rowsOf(one, name).filter((row) => variant === undefined || isSameVariant(row.variant, variant)))
}

export function rowsOf({ group, layer }: LayerOfGroup, name: string): readonly Row[] {
  return group.numbers.filter((row) => row.layer === layer && row.metric === name)
}
