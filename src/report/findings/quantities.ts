import type { AnchorName } from '../../engine/scene/positions.js'
import { constantWords } from '../../experiments/answers/chance.js'
import { coarseGrid, MADE_UP_FEATURES } from '../../experiments/classifiers/foldBaselines.js'
import { FOLD_RULES, FOLD_SCHEMES } from '../../experiments/classifiers/folds.js'
import { sizeInFrame } from '../../patches/sizes.js'
import { type PatchValues, perPatch, type Row } from '../../results/measures/rows.js'
import type { StudyGroup } from '../../results/store/study.js'
import { mean } from '../../support/statistics.js'
import { type Evidence, leanOf, type Measured, mapped, meanOf, paired } from './evidence.js'
import { hasFewPositions, type LayerOfGroup, layersOf, metricOf, relative, rowsOf, similarityScale } from './network.js'

/**
 * Longest period of a grid pattern, in pixels. With longer periods, the gradual fall of similarity over a map would
 * count as a grid pattern, too.
 */
export const LONGEST_GRID = 16

/** Fold schemes that decide verdicts. */
export const TELLING_SCHEMES = FOLD_SCHEMES.filter((scheme) => !FOLD_RULES[scheme].decidesNothing)

/**
 * For each object, the relative similarity that 95 % of positions reach. Only the anchor with the lowest value counts.
 */
export function invariance(one: LayerOfGroup): readonly Measured[] {
  const reached = perPatch(rowsOf(one, 'similarity-p5'), (values) => Math.min(...values))
  const quantity = 'relative similarity that 95 % of positions reach'
  return [{ ...placeOf(one), quantity, values: relative(one, reached) }]
}

/** Name of the anchor whose map has the lowest 5th percentile. */
export function leastSimilarAnchor(
  groups: readonly StudyGroup[],
  { layer, size }: Pick<Evidence, 'layer' | 'size'>,
): AnchorName {
  const rows = groups.flatMap((group) => (group.size === size ? rowsOf({ group, layer }, 'similarity-p5') : []))
  return rows.toSorted((a, b) => a.mean - b.mean)[0]?.variant.anchor ?? 'center'
}

/**
 * Power of the maps' grid pattern, and jaggedness of the maps. Each is divided by the plain network's value and given
 * as a base-10 logarithm.
 */
export function gridSuppression(own: LayerOfGroup, plain: LayerOfGroup): readonly Measured[] {
  const [scale, plainScale] = [similarityScale(own), similarityScale(plain)]
  if (scale === undefined || plainScale === undefined) return []
  const logRatio = (of: (one: LayerOfGroup) => PatchValues, exponent: number) => {
    const rescaled = exponent * Math.log10(scale / plainScale)
    return paired(of(own), of(plain), (a, b) => Math.log10(a / b) + rescaled)
  }
  const place = placeOf(own)
  const power = logRatio(gridPower, 2)
  const jaggedness = logRatio((one) => metricOf(one, 'jaggedness'), 1)
  return [
    { ...place, quantity: 'log₁₀ of grid power relative to the plain network', values: power },
    // Jaggedness is not used for a verdict, because a smooth slope of the map increases it, too.
    { ...place, quantity: 'log₁₀ of jaggedness relative to the plain network', values: jaggedness, lean: null },
  ]
}

function gridPower(one: LayerOfGroup): PatchValues {
  const isGrid = ({ variant: { period } }: Row) => period !== undefined && period <= LONGEST_GRID
  return perPatch(rowsOf(one, 'grid-spectrum').filter(isGrid), (powers) => mean(powers) * powers.length)
}

export function strongestGrid(groups: readonly StudyGroup[]): Pick<Evidence, 'layer' | 'size'> | undefined {
  return layersOf(groups)
    .map((one) => ({ ...placeOf(one), power: mean([...gridPower(one).values()]) }))
    .filter(({ power }) => Number.isFinite(power))
    .toSorted((a, b) => b.power - a.power)
    .map(({ layer, size }) => ({ layer, size }))[0]
}

/** Cosines of equal features differ from 1 by rounding. A gap that is smaller than this consists only of rounding. */
const NO_GAP = 1e-6

/** Share of the plain network's gap to perfect invariance that its variant closes. There is none without a gap. */
export function invarianceGain(own: LayerOfGroup, plain: LayerOfGroup): readonly Measured[] {
  const [values, before] = [own, plain].map((one) => relative(one, metricOf(one, 'similarity-mean'))) as [
    PatchValues,
    PatchValues,
  ]
  const gap = 1 - meanOf(before).mean
  if (gap < NO_GAP) return []
  const gains = paired(values, before, (a, b) => (a - b) / gap)
  const quantity = 'share of the plain network’s gap to perfect invariance that is closed'
  return [{ ...placeOf(own), quantity, values: gains }]
}

export function horizontalBias(one: LayerOfGroup): readonly Measured[] {
  return [{ ...placeOf(one), quantity: 'horizontal minus vertical relative similarity', values: biasOf(one) }]
}

function biasOf(one: LayerOfGroup): PatchValues {
  const scale = similarityScale(one)
  return scale === undefined ? new Map() : mapped(metricOf(one, 'direction-bias'), (value) => value * scale)
}

/** Horizontal bias of the network trained without flips, minus half of the bias of the network trained with flips. */
export function biasWithoutFlips(own: LayerOfGroup, flipped: LayerOfGroup): readonly Measured[] {
  const [without, withFlips] = [biasOf(own), biasOf(flipped)]
  const values = paired(without, withFlips, (one, other) => one - other / 2)
  const isBiased = leanOf(withFlips, { at: 0, speaksFor: 'above' }) === 'for'
  const measured = { ...placeOf(own), quantity: 'bias without flips minus half of the bias with flips', values }
  return [isBiased ? measured : { ...measured, lean: 'open' }]
}

/** Reason why the grid of positions is too coarse to judge a layer's separability; undefined if it is fine enough. */
export function coarseGridOf(one: LayerOfGroup): string | undefined {
  const [phase] = rowsOf(one, 'phase-accuracy')
  return phase?.variant.period === undefined ? undefined : coarseGrid(phase.mean, phase.variant.period)
}

/**
 * Lead of left-right classifiers: their accuracy minus that of top-bottom classifiers. The lead of classifiers that
 * know only the position is subtracted.
 */
export function separabilityGap(one: LayerOfGroup): readonly Measured[] {
  const isCoarse = coarseGridOf(one) !== undefined
  return TELLING_SCHEMES.map((scheme) => {
    const values = metricOf(one, 'separability-lead', { scheme })
    return { ...placeOf(one), quantity: FOLD_RULES[scheme].title, values, ...(isCoarse && { lean: null }) }
  })
}

/**
 * Predicts the fold accuracies from the phase (the position modulo a period), and from the position. Returns the error
 * of the first prediction minus that of the second. A positive number means that the position predicts them better.
 */
export function positionAdvantage(one: LayerOfGroup): readonly Measured[] {
  const [byPosition, byPhase] = MADE_UP_FEATURES.map((feature) => metricOf(one, 'fold-error', { feature })) as [
    PatchValues,
    PatchValues,
  ]
  const values = paired(byPhase, byPosition, (a, b) => a - b)
  return [{ ...placeOf(one), quantity: 'error of phase only minus error of position only', values }]
}

/**
 * How much more often two positions get the same answer than two objects at one position. Only objects whose class the
 * network predicts confidently at the center decide the verdict.
 */
export function answersAgree(one: LayerOfGroup): readonly Measured[] {
  const of = (metric: string, what: string, confidence: 'confident' | 'unsure'): Measured => {
    const quantity = `${what} of ${confidence} answers`
    return { ...placeOf(one), quantity, values: metricOf(one, metric, { confidence }) }
  }
  return [
    of('answer-relative-agreement', 'relative agreement', 'confident'),
    { ...of('answer-agreement', 'agreement', 'confident'), lean: null },
    { ...of('answer-agreement', 'agreement', 'unsure'), lean: null },
  ]
}

/** Why the answers of a network say nothing: it gives all objects the same one. Undefined for other networks. */
export function constantAnswers(groups: readonly StudyGroup[]): string | undefined {
  const varieties = groups.flatMap((group) => group.varieties.flatMap((one) => one ?? []))
  const words = varieties.map((one) => constantWords(one, 'object'))
  return words.includes(undefined) ? undefined : words[0]
}

/** The object with a confident answer whose answers agree least; undefined if no answer is confident. */
export function leastAgreeing(
  groups: readonly StudyGroup[],
): { readonly size: number; readonly patch: string } | undefined {
  const agreements = (one: LayerOfGroup) => [...metricOf(one, 'answer-agreement', { confidence: 'confident' })]
  const [least] = layersOf(groups)
    .flatMap((one) => agreements(one).map(([patch, agreement]) => ({ size: one.group.size, patch, agreement })))
    .toSorted((a, b) => a.agreement - b.agreement)
  return least && { size: least.size, patch: least.patch }
}

function placeOf({ group, layer }: LayerOfGroup): Pick<Measured, 'layer' | 'size' | 'frame' | 'lean'> {
  return { layer, ...sizeInFrame(group), ...(hasFewPositions(group) && { lean: 'open' }) }
}
