import { join } from 'node:path'
import { z } from 'zod'
import { UsageError } from '../../errors.js'
import { readStored } from '../../files/json.js'
import { catalogPairs, type PairKind } from '../../networks/catalog/catalog.js'
import { isSameShare } from '../../patches/sizes.js'
import { catalogIdOf, type UnitInputs } from '../unit/schema.js'
import { pairDifference } from '../unit/unitDifferences.js'
import { pairedLayers, roledLayers } from './pairedLayers.js'
import type { StudyGroup } from './study.js'

const pairSchema = z.strictObject({ plain: z.string(), variant: z.string() }).readonly()

export const pairsSchema = z.array(pairSchema).readonly()

/** Ids of two networks of a study that are compared: a plain network and its variant. */
export type GivenPair = z.infer<typeof pairSchema>

export interface NetworkPair extends GivenPair {
  /** How the variant differs from the plain network, if the catalog says so; `given` for any other pair of the user. */
  readonly kind: PairKind | 'given'
}

/**
 * @param known ids of the networks that can be compared
 * @throws UsageError for an unknown network, one that is compared with itself, and the variant of two pairs
 */
export function checkPairs(pairs: readonly GivenPair[], known: readonly string[]): void {
  const variants = pairs.map(({ variant }) => variant)
  for (const [i, { plain, variant }] of pairs.entries()) {
    const stray = [plain, variant].find((id) => !known.includes(id))
    if (stray !== undefined)
      throw UsageError.of`\`pairs\` names ${stray}, but the networks are ${known.join(', ')}; use two of these`
    if (plain === variant) throw UsageError.of`\`pairs\` compares ${plain} with itself; name two networks`
    if (variants.indexOf(variant) < i)
      throw UsageError.of`\`pairs\` names ${variant} as the variant of two networks; leave one of these pairs out`
  }
}

/** Reads the pairs that the last `reproduce` with pairs stored in a results folder. */
export async function storedPairs(results: string): Promise<readonly GivenPair[]> {
  const run = await readStored(z.looseObject({ pairs: pairsSchema.optional() }), join(results, 'run.json'))
  return run?.pairs ?? []
}

/**
 * The pairs of a study: first the given ones, then those of the catalog that have a variant among the groups. A network
 * with a name of its own counts as its entry of the catalog. If the plain network of such a pair is not in the study,
 * `plain` is its id in the catalog.
 */
export function pairsAmong(groups: readonly StudyGroup[], given: readonly GivenPair[]): readonly NetworkPair[] {
  const catalogIds = new Map(groups.map(({ model, units: [unit] }) => [model, unit && catalogIdOf(unit.inputs)]))
  const modelsOf = (id: string) => [...catalogIds.keys()].filter((model) => catalogIds.get(model) === id)
  const kindOf = ({ plain, variant }: GivenPair) =>
    catalogPairs().find((pair) => pair.plain === catalogIds.get(plain) && pair.variant === catalogIds.get(variant))
      ?.kind
  const own = given.map((pair): NetworkPair => ({ ...pair, kind: kindOf(pair) ?? 'given' }))
  const ofCatalog = catalogPairs().flatMap(({ kind, ...entry }) => {
    const plains = modelsOf(entry.plain)
    // A network outside the catalog may have the name of the plain one.
    if (plains.length === 0 && catalogIds.has(entry.plain)) return []
    const plain = plains.includes(entry.plain) ? entry.plain : (plains[0] ?? entry.plain)
    return modelsOf(entry.variant).map((variant) => ({ kind, plain, variant }))
  })
  const isReplaced = ({ kind, variant }: NetworkPair) =>
    own.some((pair) => pair.kind === kind && pair.variant === variant)
  return [...own, ...ofCatalog.filter((pair) => !isReplaced(pair))]
}

const OTHER_GRID = 'at other sizes or strides'

/** What of a group decides whether it can be compared with another one. */
export interface ComparedGroup extends Pick<StudyGroup, 'size' | 'stride' | 'rows' | 'frame'> {
  readonly units: readonly {
    readonly inputs: UnitInputs
    readonly layers: Parameters<typeof roledLayers>[0]
  }[]
}

/** Says how two groups were measured differently, such as "with another blend". */
function differenceOf(a: ComparedGroup, b: ComparedGroup): string | undefined {
  if (!areSamePositions(a, b)) return OTHER_GRID
  // One unit is enough, because all units of a group agree in these settings.
  const [first, second] = [a.units[0]?.inputs, b.units[0]?.inputs]
  const difference = first && second && pairDifference(first, second)
  if (difference !== undefined) return difference
  // Networks of a pair may have different tokens, so only the way of pooling counts.
  if (first?.pool !== second?.pool) return 'with other pooling'
  return samePatches(a, b).size === 0 ? 'with other objects' : undefined
}

/** In frames of different sides, positions correspond by their share of the frame. */
function areSamePositions(a: ComparedGroup, b: ComparedGroup): boolean {
  if (a.frame === b.frame) return a.size === b.size && a.stride === b.stride
  return isSameShare(a, b) && (a.stride === b.stride || a.rows === b.rows)
}

/** Finds the first of `others` that was measured in the same way and shares a patch with the group. */
export function counterpart(group: StudyGroup, others: readonly StudyGroup[]): StudyGroup | undefined {
  return others.find((other) => differenceOf(group, other) === undefined)
}

/** Says why the two networks of a pair cannot be compared in any of their groups; undefined if they can. */
export function pairObstacle(
  { plain, variant }: GivenPair,
  plains: readonly ComparedGroup[],
  variants: readonly ComparedGroup[],
): string | undefined {
  if (layersOfPair(plains[0], variants[0]).length === 0)
    return `${plain} and ${variant} share no layer, neither by name nor by role (class scores, pooled features)`
  const differences = variants.flatMap((group) => plains.map((other) => differenceOf(group, other)))
  if (differences.includes(undefined)) return undefined
  return `${plain} was measured ${differences.find((difference) => difference !== OTHER_GRID) ?? OTHER_GRID}`
}

/** Names of the layers that two groups can compare; see `pairedLayers`. All units of a group have the same layers. */
export function layersOfPair(
  one: ComparedGroup | undefined,
  other: ComparedGroup | undefined,
): readonly (readonly [string, string])[] {
  return pairedLayers(roledLayers(one?.units[0]?.layers ?? []), roledLayers(other?.units[0]?.layers ?? []))
}

/**
 * Names of the patches that two groups share. Equal names are not enough, so the pictures are compared, too. Pictures of
 * different sizes cannot be, but then the objects have the same class.
 */
export function samePatches(a: ComparedGroup, b: ComparedGroup): ReadonlySet<string> {
  const contentOf = ({ patchSha256, category }: UnitInputs) => (a.size === b.size ? patchSha256 : category)
  const contents = new Map(b.units.map(({ inputs }) => [inputs.patch, contentOf(inputs)]))
  const shared = a.units.filter(({ inputs }) => contents.get(inputs.patch) === contentOf(inputs))
  return new Set(shared.map(({ inputs }) => inputs.patch))
}
