import { FOLD_SCHEMES, type FoldScheme, TASKS } from '../../experiments/folds.js'
import type { StudyGroup } from '../../results/study.js'
import { meanAndStd } from '../../results/summary.js'
import { average } from '../average.js'
import { counterpart, samePatches } from '../versions.js'
import { type Border, type Evidence, leanOf, type PatchValues, paired, patchValues, spreadOf } from './evidence.js'
import { retrainedMeans } from './retrained.js'

/** All groups of a network, and those of the network that it is the anti-aliased or the flip-free version of. */
export interface NetworkStudy {
  readonly model: string
  readonly groups: readonly StudyGroup[]
  readonly original: readonly StudyGroup[]
}

/** Similarity that counts as the same feature, and share of positions that counts as everywhere. */
export const SAME = 0.95
export const EVERYWHERE = 0.95

/** Differences of accuracy and of similarity below this are none. */
export const NO_DIFFERENCE = 0.02

/** Periods that the verdict on the grid rests on; 32 pixels are a third of a map and close to its smooth part. */
export const LONGEST_GRID = 16

export const GRID_POWER = `log₁₀ of grid power over the plain network’s, periods to ${LONGEST_GRID} px`
export const JAGGEDNESS = 'log₁₀ of jaggedness over the plain network’s'
export const gapUnder = (scheme: FoldScheme) => `accuracy of left-right less top-bottom, ${scheme} folds`

/** Fold schemes that treat rows and columns alike. */
export const EVEN_SCHEMES: readonly FoldScheme[] = ['shuffled', 'blocks']

interface LayerEvidence {
  readonly quantity: string
  readonly values: PatchValues
  /** Where it speaks for the claim; none: it would, but tells nothing; null: it is shown only. */
  readonly border: Border | 'none' | null
}

export function eachLayer(
  groups: readonly StudyGroup[],
  measure: (group: StudyGroup, layer: string) => readonly LayerEvidence[],
): readonly Evidence[] {
  return eachLayerCompared(groups, (group) => [group], measure)
}

export function eachPair(
  { groups, original }: NetworkStudy,
  measure: (group: StudyGroup, original: StudyGroup, layer: string) => readonly LayerEvidence[],
): readonly Evidence[] {
  const compared = (group: StudyGroup) => [group, counterpart(group, original) ?? group]
  return eachLayerCompared(groups, compared, (group, layer) => {
    const other = counterpart(group, original)
    if (!other?.layers.includes(layer)) return []
    const shared = samePatches(group, other)
    const ofShared = { ...other, metrics: other.metrics.filter(({ patch }) => shared.has(patch)) }
    return measure(group, ofShared, layer)
  })
}

/**
 * The evidence of each layer, beside it the means of networks that were trained from other seeds.
 * @param compared a group and what it is compared with
 */
function eachLayerCompared(
  groups: readonly StudyGroup[],
  compared: (group: StudyGroup) => readonly StudyGroup[],
  measure: (group: StudyGroup, layer: string) => readonly LayerEvidence[],
): readonly Evidence[] {
  return groups.flatMap((group) =>
    group.layers.flatMap((layer) =>
      measure(group, layer)
        .filter(({ values }) => values.size > 0)
        .map((own) => {
          const retrained = retrainedMeans(compared(group), layer, own.quantity)
          return evidenceOf({ layer, size: group.size, ...(retrained && { retrained }) }, own)
        }),
    ),
  )
}

function evidenceOf(
  place: Pick<Evidence, 'layer' | 'size' | 'retrained'>,
  { quantity, values, border }: LayerEvidence,
): Evidence {
  const known = { ...place, quantity, ...spreadOf(values) }
  if (border === null) return { ...known, lean: null }
  return { ...known, lean: border === 'none' ? 'open' : leanOf(values, border) }
}

export function globalInvariance(group: StudyGroup, layer: string): readonly LayerEvidence[] {
  const covered = patchValues(
    group,
    layer,
    ({ metric, threshold }) => metric === 'coverage' && threshold === SAME,
    (values) => Math.min(...values),
  )
  const { different = [] } = group.nullBaseline[group.layers.indexOf(layer)] ?? {}
  const baseline = different.length === 0 ? undefined : meanAndStd(different).mean
  const saysNothing = baseline !== undefined && baseline >= SAME
  const similarity = patchValues(group, layer, ({ metric }) => metric === 'similarity-mean')
  return [
    {
      quantity: `share of positions at ${SAME} or more, worst anchor`,
      values: covered,
      border: saysNothing ? 'none' : { at: EVERYWHERE, speaksFor: 'below' },
    },
    { quantity: 'mean similarity over positions and anchors', values: similarity, border: null },
    ...(baseline === undefined
      ? []
      : [
          {
            quantity: 'the same as a share of the way from other objects at the same place (0) to invariance (1)',
            values: new Map([...similarity].map(([patch, value]) => [patch, (value - baseline) / (1 - baseline)])),
            border: null,
          },
        ]),
  ]
}

export function gridSuppression(group: StudyGroup, plain: StudyGroup, layer: string): readonly LayerEvidence[] {
  const logRatio = (of: (group: StudyGroup) => PatchValues) =>
    paired(of(group), of(plain), (aa, other) => Math.log10(aa / other))
  const power = logRatio((one) =>
    patchValues(one, layer, ({ metric, period = 0 }) => metric === 'grid-spectrum' && period <= LONGEST_GRID, sum),
  )
  const jaggedness = logRatio((one) => patchValues(one, layer, ({ metric }) => metric === 'jaggedness'))
  return [
    { quantity: GRID_POWER, values: finite(power) },
    { quantity: JAGGEDNESS, values: finite(jaggedness) },
  ].map((entry) => ({ ...entry, border: { at: 0, speaksFor: 'below' } }))
}

export function globalGain(group: StudyGroup, plain: StudyGroup, layer: string): readonly LayerEvidence[] {
  const similarity = (one: StudyGroup) => patchValues(one, layer, ({ metric }) => metric === 'similarity-mean')
  const values = paired(similarity(group), similarity(plain), (aa, other) => aa - other)
  return [{ quantity: 'gain in mean similarity', values, border: { at: NO_DIFFERENCE, speaksFor: 'below' } }]
}

export function horizontalBias(group: StudyGroup, layer: string): readonly LayerEvidence[] {
  const values = patchValues(group, layer, ({ metric }) => metric === 'direction-bias')
  return [{ quantity: 'horizontal less vertical similarity', values, border: { at: 0, speaksFor: 'above' } }]
}

/** Of a network without flips, against the one with them. */
export function biasWithoutFlips(group: StudyGroup, flipped: StudyGroup, layer: string): readonly LayerEvidence[] {
  const [withFlips, without] = [flipped, group].map((one) =>
    patchValues(one, layer, ({ metric }) => metric === 'direction-bias'),
  ) as [PatchValues, PatchValues]
  const isBiased = leanOf(withFlips, { at: 0, speaksFor: 'above' }) === 'for'
  return [
    {
      quantity: 'horizontal less vertical similarity without flips, less half of that with flips',
      values: paired(without, withFlips, (one, other) => one - other / 2),
      border: isBiased ? { at: 0, speaksFor: 'above' } : 'none',
    },
    { quantity: 'horizontal less vertical similarity without flips', values: without, border: null },
    { quantity: 'horizontal less vertical similarity with flips', values: withFlips, border: null },
  ]
}

export function separabilityGap(group: StudyGroup, layer: string): readonly LayerEvidence[] {
  return FOLD_SCHEMES.map((scheme) => {
    const [leftRight, topBottom] = TASKS.map((task) =>
      patchValues(
        group,
        layer,
        ({ metric, variant }) => metric === 'separability-accuracy' && variant === `${task} ${scheme}`,
      ),
    ) as [PatchValues, PatchValues]
    const values = paired(leftRight, topBottom, (a, b) => a - b)
    const border: Border | null = EVEN_SCHEMES.includes(scheme) ? { at: NO_DIFFERENCE, speaksFor: 'above' } : null
    return { quantity: gapUnder(scheme), values, border }
  })
}

/** Of a layer of classes, one number a patch; none of another layer. */
export function answersKept(group: StudyGroup, layer: string): readonly LayerEvidence[] {
  const [kept, probability, fall] = ['answer-kept', 'answer-probability', 'answer-fall'].map((wanted) =>
    patchValues(group, layer, ({ metric }) => metric === wanted),
  ) as [PatchValues, PatchValues, PatchValues]
  return [
    {
      quantity: 'share of positions that keep the center’s answer',
      values: kept,
      border: { at: EVERYWHERE, speaksFor: 'above' },
    },
    { quantity: 'probability of that answer at the center', values: probability, border: null },
    { quantity: 'its largest fall at any position', values: fall, border: null },
  ]
}

/** Without patches whose maps are flat, of which no ratio can be taken. */
function finite(values: PatchValues): PatchValues {
  return new Map([...values].filter(([, value]) => Number.isFinite(value)))
}

function sum(values: readonly number[]): number {
  return average(values) * values.length
}
