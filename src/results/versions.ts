import type { StudyGroup } from './study.js'

const OTHER_GRID = 'at other sizes or strides'

/** Says how two groups were measured differently, such as "with another blend". */
function differenceOf(a: StudyGroup, b: StudyGroup): string | undefined {
  if (a.size !== b.size || a.stride !== b.stride) return OTHER_GRID
  // One unit is enough, because all units of a group agree in background, blend and precision.
  const [first, second] = [a.units[0]?.inputs, b.units[0]?.inputs]
  if (first?.background !== second?.background) return 'on another background'
  if (first?.blend !== second?.blend) return 'with another blend'
  if (first?.precision !== second?.precision) return 'in another precision'
  return samePatches(a, b).size === 0 ? 'with other objects' : undefined
}

/** Finds the first of `others` that was measured in the same way and shares a patch with the group. */
export function counterpart(group: StudyGroup, others: readonly StudyGroup[]): StudyGroup | undefined {
  return others.find((other) => differenceOf(group, other) === undefined)
}

/**
 * Says why no group of the first list can be compared with a group of the second, in words that complete "was measured
 * …". Returns undefined if at least one pair can be compared.
 */
export function differenceBetween(groups: readonly StudyGroup[], others: readonly StudyGroup[]): string | undefined {
  const differences = groups.flatMap((group) => others.map((other) => differenceOf(group, other)))
  if (differences.includes(undefined)) return undefined
  return differences.find((difference) => difference !== OTHER_GRID) ?? OTHER_GRID
}

/** Names of the patches that two groups share. Equal names are not enough, so the pictures are compared, too. */
export function samePatches(a: StudyGroup, b: StudyGroup): ReadonlySet<string> {
  const pictures = new Map(b.units.map(({ inputs }) => [inputs.patch, inputs.patchSha256]))
  const shared = a.units.filter(({ inputs }) => pictures.get(inputs.patch) === inputs.patchSha256)
  return new Set(shared.map(({ inputs }) => inputs.patch))
}
