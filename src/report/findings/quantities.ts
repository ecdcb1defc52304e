import { coarseGrid, MADE_UP_FEATURES } from '../../experiments/foldBaselines.js'
import { FOLD_SCHEMES } from '../../experiments/folds.js'
import { variantPixels } from '../../results/chartKinds.js'
import { type PatchValues, perPatch, type Row } from '../../results/rows.js'
import type { StudyGroup } from '../../results/study.js'
import { mean } from '../../support/statistics.js'
import { type Border, type Evidence, evidenceOf, leanOf, mapped, paired, signsOf } from './evidence.js'
import { type LayerOfGroup, metricOf, relative, rowsOf, similarityScale } from './network.js'

/** A layer counts as invariant if its relative similarity is at least this. */
export const INVARIANT = 0.9

/** The answer counts as the same everywhere if it is the same at this share of positions. */
export const EVERYWHERE = 0.95

/**
 * An anti-aliased network counts as more invariant if it closes this share of the plain network's gap to invariance.
 */
export const NOTICEABLE_GAIN = 0.1

/** A grid pattern counts as suppressed if its power is less than this share of the power in the plain network. */
export const SUPPRESSED = 0.5

/**
 * Longest period of a grid pattern, in pixels. With longer periods, the gradual fall of similarity over a map would
 * count as a grid pattern, too.
 */
export const LONGEST_GRID = 16

/** Two accuracies are treated as equal if they differ by less than this. */
export const EQUAL_ACCURACY = 0.02

/**
 * Fold schemes (ways to split positions into folds) that decide verdicts. Shuffled folds decide none: with them,
 * a classifier can copy the class of the training positions around each test position.
 */
export const TELLING_SCHEMES = FOLD_SCHEMES.filter((scheme) => scheme !== 'shuffled')

/**
 * For each object, the relative similarity that 95 % of positions reach. Only the anchor with the lowest value counts.
 */
export function invariance(one: LayerOfGroup): readonly Evidence[] {
  const reached = perPatch(rowsOf(one, 'similarity-p5'), (values) => Math.min(...values))
  const quantity = 'relative similarity that 95 % of positions reach'
  return [evidenceOf({ ...placeOf(one), quantity }, relative(one, reached), { at: INVARIANT, speaksFor: 'below' })]
}

/** Name of the anchor whose map has the lowest 5th percentile. */
export function leastSimilarAnchor(
  groups: readonly StudyGroup[],
  { layer, size }: Pick<Evidence, 'layer' | 'size'>,
): string {
  const rows = groups.flatMap((group) => (group.size === size ? rowsOf({ group, layer }, 'similarity-p5') : []))
  return rows.toSorted((a, b) => a.mean - b.mean)[0]?.variant ?? 'center'
}

/**
 * Power of the maps' grid pattern, and jaggedness of the maps. Each is divided by the plain network's value and given
 * as a base-10 logarithm.
 */
export function gridSuppression(own: LayerOfGroup, plain: LayerOfGroup): readonly Evidence[] {
  const [scale, plainScale] = [similarityScale(own), similarityScale(plain)]
  if (scale === undefined || plainScale === undefined) return []
  const logRatio = (of: (one: LayerOfGroup) => PatchValues, exponent: number) => {
    const rescaled = exponent * Math.log10(scale / plainScale)
    return finite(paired(of(own), of(plain), (a, b) => Math.log10(a / b) + rescaled))
  }
  const place = placeOf(own)
  const power = logRatio(gridPower, 2)
  const jaggedness = logRatio((one) => metricOf(one, 'jaggedness'), 1)
  return [
    evidenceOf({ ...place, quantity: 'log₁₀ of grid power relative to the plain network' }, power, {
      at: Math.log10(SUPPRESSED),
      speaksFor: 'below',
    }),
    // Jaggedness is not used for a verdict, because a smooth slope of the map increases it, too.
    evidenceOf({ ...place, quantity: 'log₁₀ of jaggedness relative to the plain network' }, jaggedness, null),
  ]
}

function gridPower(one: LayerOfGroup): PatchValues {
  const isGrid = ({ variant }: Row) => variantPixels(variant) <= LONGEST_GRID
  return perPatch(rowsOf(one, 'grid-spectrum').filter(isGrid), (powers) => mean(powers) * powers.length)
}

export function strongestGrid(groups: readonly StudyGroup[]): Pick<Evidence, 'layer' | 'size'> | undefined {
  return groups
    .flatMap((group) => group.layers.map((layer) => ({ group, layer })))
    .map((one) => ({ ...placeOf(one), power: mean([...gridPower(one).values()]) }))
    .filter(({ power }) => Number.isFinite(power))
    .toSorted((a, b) => b.power - a.power)
    .map(({ layer, size }) => ({ layer, size }))[0]
}

/** Leaves out infinite and NaN ratios, which come from patches whose maps are flat. */
function finite(values: PatchValues): PatchValues {
  return new Map([...values].filter(([, value]) => Number.isFinite(value)))
}

/** Share of the plain network's gap to perfect invariance that its anti-aliased version closes. */
export function invarianceGain(own: LayerOfGroup, plain: LayerOfGroup): readonly Evidence[] {
  const [values, before] = [own, plain].map((one) => relative(one, metricOf(one, 'similarity-mean'))) as [
    PatchValues,
    PatchValues,
  ]
  const gap = 1 - mean([...before.values()])
  const gains = paired(values, before, (a, b) => (a - b) / gap)
  const quantity = 'share of the plain network’s gap to perfect invariance that is closed'
  return [evidenceOf({ ...placeOf(own), quantity }, gains, { at: NOTICEABLE_GAIN, speaksFor: 'below' })]
}

export function horizontalBias(one: LayerOfGroup): readonly Evidence[] {
  return [difference(one, 'horizontal minus vertical relative similarity', biasOf(one), 'above')]
}

function biasOf(one: LayerOfGroup): PatchValues {
  const scale = similarityScale(one)
  return scale === undefined ? new Map() : mapped(metricOf(one, 'direction-bias'), (value) => value * scale)
}

/** Horizontal bias of the network trained without flips, minus half of the bias of the network trained with flips. */
export function biasWithoutFlips(own: LayerOfGroup, flipped: LayerOfGroup): readonly Evidence[] {
  const [without, withFlips] = [biasOf(own), biasOf(flipped)]
  const values = paired(without, withFlips, (one, other) => one - other / 2)
  const isBiased = leanOf(withFlips, { at: 0, speaksFor: 'above' }) === 'for'
  const evidence = difference(own, 'bias without flips minus half of the bias with flips', values, 'above')
  return [isBiased ? evidence : { ...evidence, lean: 'open' }]
}

/** Reason why the grid of positions is too coarse to judge a layer's separability; undefined if it is fine enough. */
export function coarseGridOf(one: LayerOfGroup): string | undefined {
  const [phase] = rowsOf(one, 'phase-accuracy')
  return phase && coarseGrid(phase.mean, variantPixels(phase.variant))
}

/**
 * Lead of left-right classifiers: their accuracy minus that of top-bottom classifiers. The lead of classifiers that
 * know only the position is subtracted.
 */
export function separabilityGap(one: LayerOfGroup): readonly Evidence[] {
  const border: Border | null = coarseGridOf(one) === undefined ? { at: EQUAL_ACCURACY, speaksFor: 'above' } : null
  return TELLING_SCHEMES.map((scheme) => {
    const quantity = `lead minus that of position only, ${scheme === 'blocks' ? 'block' : scheme} folds`
    return evidenceOf({ ...placeOf(one), quantity }, metricOf(one, 'separability-lead', scheme), border)
  })
}

/**
 * Predicts the fold accuracies from the phase (the position modulo a period), and from the position. Returns the error
 * of the first prediction minus that of the second. A positive number means that the position predicts them better.
 */
export function positionAdvantage(one: LayerOfGroup): readonly Evidence[] {
  const [byPosition, byPhase] = MADE_UP_FEATURES.map((feature) => metricOf(one, 'fold-error', feature)) as [
    PatchValues,
    PatchValues,
  ]
  const values = paired(byPhase, byPosition, (a, b) => a - b)
  return [difference(one, 'error of phase only minus error of position only', values, 'below')]
}

/**
 * Share of positions at which the network predicts the same class as at the center. Only classes that it predicts
 * confidently at the center decide the verdict.
 */
export function answersKept(one: LayerOfGroup): readonly Evidence[] {
  const of = (confidence: string, answer: string, border: Border | null) => {
    const quantity = `positions that keep ${answer} answer`
    return evidenceOf({ ...placeOf(one), quantity }, metricOf(one, 'answer-kept', `center ${confidence}`), border)
  }
  return [of('confident', 'a confident', { at: EVERYWHERE, speaksFor: 'above' }), of('unsure', 'an unsure', null)]
}

/** The object for which a confident answer is kept at the fewest positions; undefined if no answer is confident. */
export function leastKept(
  groups: readonly StudyGroup[],
): { readonly size: number; readonly patch: string } | undefined {
  const [least] = groups
    .flatMap((group) =>
      group.layers.flatMap((layer) =>
        [...metricOf({ group, layer }, 'answer-kept', 'center confident')].map(([patch, kept]) => ({
          size: group.size,
          patch,
          kept,
        })),
      ),
    )
    .toSorted((a, b) => a.kept - b.kept)
  return least && { size: least.size, patch: least.patch }
}

/** Makes evidence from differences, with a sign test. The threshold is 0. */
function difference(
  one: LayerOfGroup,
  quantity: string,
  values: PatchValues,
  speaksFor: Border['speaksFor'],
): Evidence {
  return { ...evidenceOf({ ...placeOf(one), quantity }, values, { at: 0, speaksFor }), signs: signsOf(values) }
}

function placeOf({ group: { size }, layer }: LayerOfGroup): Pick<Evidence, 'layer' | 'size'> {
  return { layer, size }
}
