import type { StudyGroup } from './study.js'

const AA = /-aa$/
const NO_FLIP = /-noflip$/

/** Id of the network that this one is the anti-aliased version of; undefined if it is none. */
export function plainOf(model: string): string | undefined {
  return AA.test(model) ? model.replace(AA, '') : undefined
}

/** Id of the same network trained with horizontal flips; undefined if this one is not its version without. */
export function flippedOf(model: string): string | undefined {
  return NO_FLIP.test(model) ? model.replace(NO_FLIP, '') : undefined
}

/** Id of the network that this one is a version of, in whichever way; undefined: of none. */
export function originalOf(model: string): string | undefined {
  return plainOf(model) ?? flippedOf(model)
}

const OTHER_GRID = 'at other sizes or strides'

/** How two networks were measured so differently that their numbers tell nothing about each other; undefined: alike. */
function differenceOf(a: StudyGroup, b: StudyGroup): string | undefined {
  if (a.size !== b.size || a.stride !== b.stride) return OTHER_GRID
  // All units of a group have these in common.
  const [first, second] = [a.units[0]?.inputs, b.units[0]?.inputs]
  if (first?.background !== second?.background) return 'on another background'
  if (first?.blend !== second?.blend) return 'with another blend'
  if (first?.precision !== second?.precision) return 'in another precision'
  return samePatches(a, b).size === 0 ? 'with other objects' : undefined
}

/** The group of another network that saw what this one saw: the same patches, placed and composited alike. */
export function counterpart(group: StudyGroup, others: readonly StudyGroup[]): StudyGroup | undefined {
  return others.find((other) => differenceOf(group, other) === undefined)
}

/** Why no group has a counterpart among the others, as the end of "was measured …"; undefined if one has. */
export function differenceBetween(groups: readonly StudyGroup[], others: readonly StudyGroup[]): string | undefined {
  const differences = groups.flatMap((group) => others.map((other) => differenceOf(group, other)))
  if (differences.includes(undefined)) return undefined
  return differences.find((difference) => difference !== OTHER_GRID) ?? OTHER_GRID
}

/** Names of the patches whose pictures two groups share; one name can belong to two pictures. */
export function samePatches(a: StudyGroup, b: StudyGroup): ReadonlySet<string> {
  const pictures = new Map(b.units.map(({ inputs }) => [inputs.patch, inputs.patchSha256]))
  const shared = a.units.filter(({ inputs }) => pictures.get(inputs.patch) === inputs.patchSha256)
  return new Set(shared.map(({ inputs }) => inputs.patch))
}
