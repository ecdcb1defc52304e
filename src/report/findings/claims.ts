import { FOLD_SCHEMES, type FoldScheme, TASKS } from '../../experiments/folds.js'
import type { StudyGroup } from '../../results/study.js'
import { meanAndStd } from '../../results/summary.js'
import { average } from '../average.js'
import { decimalText } from '../numberText.js'
import { counterpart, differenceBetween, plainOf, samePatches } from '../versions.js'
import { type Evidence, type Lean, leanOf, type PatchValues, paired, patchValues, spreadOf } from './evidence.js'

/** A claim of the paper, and the rule that weighs a network's numbers against it. */
export interface Claim {
  /** In file formats: letters and hyphens. */
  readonly id: string
  /** What the paper says, and where. */
  readonly statement: string
  /** The same as a table's heading. */
  readonly heading: string
  /** What is measured, and what speaks for the claim. */
  readonly rule: string
  /** Why nothing can tell, where that is known before the numbers; undefined: there may be evidence. */
  readonly obstacle: (network: NetworkStudy) => string | undefined
  readonly evidence: (network: NetworkStudy) => readonly Evidence[]
  /** The numbers in short, shown next to the verdict. */
  readonly headline: (evidence: readonly Evidence[]) => string
  /** Whether the claim is about this network at all. */
  readonly concerns?: (model: string) => boolean
}

/** All groups of a network, and those of the network that it is the anti-aliased version of. */
export interface NetworkStudy {
  readonly model: string
  readonly groups: readonly StudyGroup[]
  readonly plain: readonly StudyGroup[]
}

/** Similarity that counts as the same feature, and share of positions that counts as everywhere. */
const SAME = 0.95
const EVERYWHERE = 0.95

/** Differences of accuracy and of similarity below this are none. */
const NO_DIFFERENCE = 0.02

/** Periods that the verdict on the grid rests on; 32 pixels are a third of a map and close to its smooth part. */
const LONGEST_GRID = 16

const GRID_POWER = `log₁₀ of grid power over the plain network’s, periods to ${LONGEST_GRID} px`
const JAGGEDNESS = 'log₁₀ of jaggedness over the plain network’s'
const GRID_MEASURES = [
  [GRID_POWER, 'grid power'],
  [JAGGEDNESS, 'jaggedness'],
] as const
const gapUnder = (scheme: FoldScheme) => `accuracy of left-right less top-bottom, ${scheme} folds`

/** Fold schemes that treat rows and columns alike. */
const EVEN_SCHEMES: readonly FoldScheme[] = ['shuffled', 'blocks']

/** The paper's claims that the numbers of a study can tell about. */
export const CLAIMS: readonly Claim[] = [
  {
    id: 'no-global-invariance',
    heading: 'no global invariance',
    statement: 'The features are not globally shift invariant (sections 3.3 and 4).',
    rule: `For each layer and size: the share of positions whose similarity to the anchor is at least ${SAME}, at the anchor where it is smallest. Below ${EVERYWHERE} speaks for the claim, above against it. Open where different objects at the same place are as similar as ${SAME}: such features tell nothing apart.`,
    obstacle: () => undefined,
    evidence: ({ groups }) => eachLayer(groups, globalInvariance),
    headline: (evidence) => `share of positions ${range(evidence)}`,
  },
  {
    id: 'anti-aliasing-suppresses-the-grid',
    heading: 'anti-aliasing suppresses the grid',
    statement: 'Anti-aliasing suppresses the grid pattern of local fluctuations (sections 3.3 and 4).',
    rule: `For each layer and size, patch by patch against the plain network: the logarithm to base 10 of the power of the maps at periods of 2 to ${LONGEST_GRID} pixels (those that the stride can show, both axes and all anchors together), and at stride 1 of the jaggedness. Below zero speaks for the claim: −1 is a tenth.`,
    obstacle: needsPlain,
    evidence: (network) => eachPair(network, gridSuppression),
    headline: (evidence) => {
      const shares = GRID_MEASURES.flatMap(([quantity, name]) => {
        const own = evidence.filter((one) => one.quantity === quantity)
        return own.length === 0 ? [] : [{ name, share: range(own, (mean) => 10 ** mean) }]
      })
      return shares
        .map(({ name, share }, i) => `${name} ${share}${i === 0 ? ' of the plain network’s' : ''}`)
        .join(', ')
    },
    concerns: (model) => plainOf(model) !== undefined,
  },
  {
    id: 'anti-aliasing-keeps-global-invariance',
    heading: 'anti-aliasing gains no global invariance',
    statement: 'Anti-aliasing does not significantly improve global shift invariance (section 4).',
    rule: `For each layer and size, patch by patch against the plain network: the gain in mean similarity over all positions and anchors. Below ${NO_DIFFERENCE} speaks for the claim, above against it.`,
    obstacle: needsPlain,
    evidence: (network) => eachPair(network, globalGain),
    headline: (evidence) => `gain ${range(evidence)}`,
    concerns: (model) => plainOf(model) !== undefined,
  },
  {
    id: 'horizontal-bias',
    heading: 'horizontal bias',
    statement:
      'Features stay more similar when the object moves horizontally than when it moves vertically (sections 3.3 and 4).',
    rule: 'For each layer and size: horizontal less vertical similarity at equal distance from the anchor, mean over distances and anchors. Above zero speaks for the claim.',
    obstacle: () => undefined,
    evidence: ({ groups }) => eachLayer(groups, horizontalBias),
    headline: (evidence) => `bias ${range(evidence)}`,
  },
  {
    id: 'top-bottom-less-separable',
    heading: 'top-bottom is less separable',
    statement: 'Top and bottom are less separable than left and right, by about 10 % (section 3.4).',
    rule: `For each layer and size: accuracy for left-right less accuracy for top-bottom, under folds that treat rows and columns alike (${EVEN_SCHEMES.join(', ')}). Above ${NO_DIFFERENCE} speaks for the claim, below against it. Ordered and transposed folds are shown, but cannot tell: they test whole bands of rows (columns) beside which nothing was trained, and features that are nothing but the position give +0.100 (−0.100) under them.`,
    obstacle: ({ groups }) => {
      const schemes = new Set(
        groups.flatMap(({ units }) => units.flatMap(({ inputs }) => inputs.separability?.cv ?? [])),
      )
      if (schemes.size === 0) return 'separability was not measured'
      if (EVEN_SCHEMES.some((scheme) => schemes.has(scheme))) return undefined
      return `only ${[...schemes].join(' and ')} folds were measured, which favour one axis by themselves`
    },
    evidence: ({ groups }) => eachLayer(groups, separabilityGap),
    headline: (evidence) => {
      const means = FOLD_SCHEMES.flatMap((scheme) => {
        const cells = evidence.filter(({ quantity }) => quantity === gapUnder(scheme))
        return cells.length === 0 ? [] : [`${numberText(average(cells.map(({ mean }) => mean)))} under ${scheme} folds`]
      })
      return `left-right is ahead by ${means.join(', ')}`
    },
  },
]

function needsPlain({ model, plain, groups }: NetworkStudy): string | undefined {
  if (plain.length === 0) return `${plainOf(model)} is not among the results`
  const difference = differenceBetween(groups, plain)
  return difference && `${plainOf(model)} was measured ${difference}`
}

type LayerEvidence = Pick<Evidence, 'quantity' | 'lean'> & { readonly values: PatchValues }

function eachLayer(
  groups: readonly StudyGroup[],
  measure: (group: StudyGroup, layer: string) => readonly LayerEvidence[],
): readonly Evidence[] {
  return groups.flatMap((group) =>
    group.layers.flatMap((layer) =>
      measure(group, layer)
        .filter(({ values }) => values.size > 0)
        .map(({ quantity, values, lean }) => ({ layer, size: group.size, quantity, ...spreadOf(values), lean })),
    ),
  )
}

function eachPair(
  { groups, plain }: NetworkStudy,
  measure: (group: StudyGroup, plain: StudyGroup, layer: string) => readonly LayerEvidence[],
): readonly Evidence[] {
  return eachLayer(groups, (group, layer) => {
    const other = counterpart(group, plain)
    if (!other?.layers.includes(layer)) return []
    const shared = samePatches(group, other)
    return measure(group, { ...other, metrics: other.metrics.filter(({ patch }) => shared.has(patch)) }, layer)
  })
}

function globalInvariance(group: StudyGroup, layer: string): readonly LayerEvidence[] {
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
      lean: saysNothing ? 'open' : leanOf(covered, EVERYWHERE, 'below'),
    },
    { quantity: 'mean similarity over positions and anchors', values: similarity, lean: null },
    ...(baseline === undefined
      ? []
      : [
          {
            quantity: 'the same as a share of the way from other objects at the same place (0) to invariance (1)',
            values: new Map([...similarity].map(([patch, value]) => [patch, (value - baseline) / (1 - baseline)])),
            lean: null,
          },
        ]),
  ]
}

function gridSuppression(group: StudyGroup, plain: StudyGroup, layer: string): readonly LayerEvidence[] {
  const logRatio = (of: (group: StudyGroup) => PatchValues) =>
    paired(of(group), of(plain), (aa, other) => Math.log10(aa / other))
  const power = logRatio((one) =>
    patchValues(one, layer, ({ metric, period = 0 }) => metric === 'grid-spectrum' && period <= LONGEST_GRID, sum),
  )
  const jaggedness = logRatio((one) => patchValues(one, layer, ({ metric }) => metric === 'jaggedness'))
  return [
    { quantity: GRID_POWER, values: finite(power) },
    { quantity: JAGGEDNESS, values: finite(jaggedness) },
  ].map((entry) => ({ ...entry, lean: leanOf(entry.values, 0, 'below') }))
}

function globalGain(group: StudyGroup, plain: StudyGroup, layer: string): readonly LayerEvidence[] {
  const similarity = (one: StudyGroup) => patchValues(one, layer, ({ metric }) => metric === 'similarity-mean')
  const values = paired(similarity(group), similarity(plain), (aa, other) => aa - other)
  return [{ quantity: 'gain in mean similarity', values, lean: leanOf(values, NO_DIFFERENCE, 'below') }]
}

function horizontalBias(group: StudyGroup, layer: string): readonly LayerEvidence[] {
  const values = patchValues(group, layer, ({ metric }) => metric === 'direction-bias')
  return [{ quantity: 'horizontal less vertical similarity', values, lean: leanOf(values, 0, 'above') }]
}

function separabilityGap(group: StudyGroup, layer: string): readonly LayerEvidence[] {
  return FOLD_SCHEMES.map((scheme) => {
    const [leftRight, topBottom] = TASKS.map((task) =>
      patchValues(
        group,
        layer,
        ({ metric, variant }) => metric === 'separability-accuracy' && variant === `${task} ${scheme}`,
      ),
    ) as [PatchValues, PatchValues]
    const values = paired(leftRight, topBottom, (a, b) => a - b)
    const lean: Lean | null = EVEN_SCHEMES.includes(scheme) ? leanOf(values, NO_DIFFERENCE, 'above') : null
    return { quantity: gapUnder(scheme), values, lean }
  })
}

/** Without patches whose maps are flat, of which no ratio can be taken. */
function finite(values: PatchValues): PatchValues {
  return new Map([...values].filter(([, value]) => Number.isFinite(value)))
}

function sum(values: readonly number[]): number {
  return average(values) * values.length
}

/** Smallest to largest mean of the numbers that a verdict rests on. */
function range(evidence: readonly Evidence[], scale: (mean: number) => number = (mean) => mean): string {
  const means = evidence.filter(({ lean }) => lean !== null).map(({ mean }) => scale(mean))
  const [low, high] = [Math.min(...means), Math.max(...means)].map(numberText) as [string, string]
  return low === high ? low : `${low} to ${high}`
}

function numberText(value: number): string {
  return decimalText(value, 3)
}
