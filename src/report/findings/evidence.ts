import { FEWEST_PATCHES, type PatchValues } from '../../results/measures/rows.js'
import { FEWEST_PAIRS, judged, pairedDifference } from '../../results/paired.js'
import { type MeanInterval, meanInterval } from '../../support/statistics.js'

/** Evidence about a claim: the values of one quantity for one network, layer and size, averaged over objects. */
export interface Evidence extends MeanInterval {
  readonly layer: string
  /** Side of the square patches in pixels. */
  readonly size: number
  /** Side of the frame in pixels; absent if it is 224. */
  readonly frame?: number
  readonly quantity: string
  /** Number of objects whose value is finite. The others count as missing. */
  readonly patches: number
  /** Whether the mean supports the claim; null if the number is only shown and decides nothing. */
  readonly lean: Lean | null
}

/** Whether a mean supports a claim (`for`), contradicts it (`against`), or is too uncertain to tell (`open`). */
export type Lean = 'for' | 'against' | 'open'

/** Threshold of a claim, and the side of it on which numbers support the claim. */
export interface Border {
  readonly at: number
  readonly speaksFor: 'above' | 'below'
}

/** The values of one quantity, from which evidence is made. */
export interface Measured extends Pick<Evidence, 'layer' | 'size' | 'frame' | 'quantity'> {
  readonly values: PatchValues
  /** Set if no threshold applies: null if the values are only shown, `open` if they are too uncertain to judge. */
  readonly lean?: 'open' | null
}

/** Whose numbers a claim judges: those of one network, or the differences of two networks on the same objects. */
export type ClaimAbout = 'network' | 'pair'

/** Fewest objects with which a number of a claim is judged. */
export const FEWEST_OBJECTS: Readonly<Record<ClaimAbout, number>> = { network: FEWEST_PATCHES, pair: FEWEST_PAIRS }

/** The evidence about one claim. Quantities without a finite value are left out. */
export function evidenceOf(all: readonly Measured[], border: Border, about: ClaimAbout): readonly Evidence[] {
  const found = all.filter(({ values }) => meanOf(values).patches > 0)
  const family = found.filter(({ lean }) => lean === undefined)
  const familyValues = family.map(({ values }) => values)
  const leans = about === 'pair' ? leansOf(familyValues, border) : familyValues.map((values) => leanOf(values, border))
  return found.map((one) => {
    const { values, lean = leans[family.indexOf(one)]!, ...place } = one
    return { ...place, ...meanOf(values), lean }
  })
}

/**
 * Judges differences of two networks, of all layers and sizes together, by their means' distances from the threshold. The
 * result is `open` if the distance may be chance, or if there are too few patches.
 */
function leansOf(family: readonly PatchValues[], { at, speaksFor }: Border): readonly Lean[] {
  const distances = family.map((values) => pairedDifference([...values.values()].map((value) => value - at)))
  return judged(distances).map(({ verdict }) => {
    if (verdict !== 'higher' && verdict !== 'lower') return 'open'
    return (verdict === 'higher') === (speaksFor === 'above') ? 'for' : 'against'
  })
}

/** Judges a network's values. The result is `open` if the interval of the mean contains the threshold, or if there are too few patches. */
export function leanOf(values: PatchValues, { at, speaksFor }: Border): Lean {
  const { mean, halfWidth, patches } = meanOf(values)
  if (patches < FEWEST_PATCHES || halfWidth === null) return 'open'
  if (Math.abs(mean - at) <= halfWidth) return 'open'
  return mean > at === (speaksFor === 'above') ? 'for' : 'against'
}

/**
 * Mean over patches. Values that are not finite, such as ratios of patches whose maps are flat, count as missing here, so
 * they decide nothing.
 */
export function meanOf(values: PatchValues): MeanInterval & Pick<Evidence, 'patches'> {
  const numbers = [...values.values()].filter(Number.isFinite)
  return { ...meanInterval(numbers), patches: numbers.length }
}

export function mapped<T>(values: ReadonlyMap<string, T>, change: (value: T) => number): PatchValues {
  return new Map([...values].map(([patch, value]) => [patch, change(value)]))
}

/** Combines the two numbers of each patch, one from `a` and one from `b`. Patches that lack one are left out. */
export function paired(a: PatchValues, b: PatchValues, combine: (a: number, b: number) => number): PatchValues {
  return new Map(
    [...a].flatMap(([patch, value]) => {
      const other = b.get(patch)
      return other === undefined ? [] : [[patch, combine(value, other)] as const]
    }),
  )
}
