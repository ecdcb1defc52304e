import { CONFIDENT } from '../../experiments/answers.js'
import { decimalText, percentText } from '../../plot/numberText.js'
import { flippedOf, originalOf, plainOf } from '../../results/versions.js'
import type { LinkedView } from '../viewLink.js'
import type { Evidence } from './evidence.js'
import { comparisonObstacle, eachLayer, eachPair, type NetworkStudy, nullOf } from './network.js'
import {
  answersKept,
  biasWithoutFlips,
  coarseGridOf,
  directionBias,
  EQUAL_ACCURACY,
  EVERYWHERE,
  gridSuppression,
  INVARIANT,
  invariance,
  invarianceGain,
  LONGEST_GRID,
  leastKept,
  leastSimilarAnchor,
  NOTICEABLE_GAIN,
  positionAdvantage,
  SUPPRESSED,
  separabilityGap,
  strongestGrid,
  TELLING_SCHEMES,
} from './quantities.js'

/** A claim, and the rule that weighs a network's numbers against it. */
export interface Claim {
  /** In file formats: letters and hyphens. */
  readonly id: string
  /** The claim as a plain clause. */
  readonly title: string
  /** Who claims it, and where. */
  readonly source: string
  /** What is measured, and what speaks for the claim. */
  readonly rule: string
  /** Whether the claim is about this network at all. */
  readonly concerns: (network: NetworkStudy) => boolean
  /** Why nothing can tell, where that is known before the numbers; undefined: there may be evidence. */
  readonly obstacle: (network: NetworkStudy) => string | undefined
  readonly evidence: (network: NetworkStudy) => readonly Evidence[]
  /** The numbers of the evidence, and the clause that says them. @param range such as "1.4–6.6 %" */
  readonly numbers: NumberKind
  readonly says: (range: string) => string
  /** Where numbers of the evidence begin to speak for the claim. */
  readonly border: number
  /** What to look for in its figure: the evidence that is judged as dots, or the accuracies of the folds. */
  readonly caption: string
  readonly showsFolds?: true
  /** What the axis of the dots says, where that is not the quantity, and values that it has in any case, in the unit. */
  readonly axis?: string
  readonly within?: readonly number[]
  /** How the viewer shows a number, where that is not one map of the mean over objects for the center anchor. */
  readonly seenIn?: (network: NetworkStudy, at: Pick<Evidence, 'layer' | 'size'>) => Partial<LinkedView>
}

/** Numbers as texts and figures have them. */
export interface NumberKind {
  /** In the unit. */
  readonly value: (mean: number) => number
  readonly text: (value: number) => string
  readonly unit: string
  readonly isLog?: true
}

const RELATIVE =
  'Relative similarity is (s − null) / (1 − null), where null is the mean similarity of different objects at the same position: 1 is perfect invariance, 0 as different as another object.'

const DECIMAL: NumberKind = { value: (mean) => mean, text: (value) => decimalText(value, 3), unit: '' }
const PERCENT: NumberKind = { value: (mean) => 100 * mean, text: percentText, unit: ' %' }
/** Of logarithms to base 10. */
const POWER_OF_TEN: NumberKind = { value: (mean) => 100 * 10 ** mean, text: percentText, unit: ' %', isLog: true }
const POINTS: NumberKind = { value: (mean) => 100 * mean, text: (value) => decimalText(value, 1), unit: ' points' }

const always = () => true
const noObstacle = () => undefined

/** The paper's claims that a study's numbers can tell about, and two of this project. */
export const CLAIMS: readonly Claim[] = [
  {
    id: 'no-global-invariance',
    title: 'Features change with the position',
    source: 'The paper says that features are not globally shift invariant (sections 3.3 and 4).',
    rule: `${RELATIVE} For each layer and size: the relative similarity that 95 % of positions reach, for the anchor where it is lowest. Below ${INVARIANT} supports the claim, above contradicts it.`,
    concerns: always,
    obstacle: needsBaseline,
    evidence: (network) => eachLayer(network, invariance),
    numbers: DECIMAL,
    says: (range) => `95 % of positions reach a relative similarity of ${range}`,
    border: INVARIANT,
    caption: `1 is perfect invariance, 0 is a different object at the same position. Features left of the line (${INVARIANT}) change with the position.`,
    within: [0, 1],
    seenIn: ({ groups }, at) => ({ anchor: leastSimilarAnchor(groups, at) }),
  },
  {
    id: 'anti-aliasing-suppresses-the-grid',
    title: 'Anti-aliasing suppresses the grid',
    source: 'The paper says that anti-aliasing suppresses the grid pattern of local fluctuations (sections 3.3 and 4).',
    rule: `For each layer and size, patch by patch: the power of the maps of relative similarity at periods of 2 to ${LONGEST_GRID} px, divided by the plain network’s. Below ${SUPPRESSED} supports the claim, above contradicts it. Evidence is the logarithm to base 10. At stride 1, jaggedness is shown too.`,
    concerns: isAntiAliased,
    obstacle: comparisonObstacle,
    evidence: (network) => eachPair(network, gridSuppression),
    numbers: POWER_OF_TEN,
    says: (range) => `the grid has ${range} of its strength in the plain network`,
    border: Math.log10(SUPPRESSED),
    axis: 'power of the grid, % of the plain network’s',
    caption: `100 is a grid as strong as in the plain network. Left of the line (${100 * SUPPRESSED}), it is suppressed.`,
    within: [100],
    // Suppression is seen where there is most to suppress.
    seenIn: (network) => ({ ...besideOriginal(network), ...strongestGrid(network.original) }),
  },
  {
    id: 'anti-aliasing-keeps-global-invariance',
    title: 'Anti-aliasing adds no shift invariance',
    source: 'The paper says that anti-aliasing does not significantly improve global shift invariance (section 4).',
    rule: `For each layer and size, patch by patch: the gain in mean relative similarity over the plain network, as a share of what the plain network lacks to 1. Below ${NOTICEABLE_GAIN} supports the claim, above contradicts it.`,
    concerns: isAntiAliased,
    obstacle: comparisonObstacle,
    evidence: (network) => eachPair(network, invarianceGain),
    numbers: PERCENT,
    says: (range) => `${range} of the plain network’s gap to invariance is closed`,
    border: NOTICEABLE_GAIN,
    caption: `0 is no gain, 100 is perfect invariance. Layers right of the line (${100 * NOTICEABLE_GAIN}) are more invariant than in the plain network.`,
    within: [0],
    seenIn: (network) => ({ ...besideOriginal(network), show: 'difference' }),
  },
  {
    id: 'horizontal-bias',
    title: 'Features change less when the object moves sideways',
    source: 'The paper says that similarity is higher for horizontal than for vertical moves (sections 3.3 and 4).',
    rule: 'For each layer and size: horizontal minus vertical relative similarity at equal distance from the anchor, mean over distances and over the anchors that have such positions. Above 0 supports the claim, below contradicts it.',
    concerns: always,
    obstacle: needsBaseline,
    evidence: (network) => eachLayer(network, directionBias),
    numbers: DECIMAL,
    says: (range) => `horizontal minus vertical relative similarity is ${range}`,
    border: 0,
    caption: 'Right of the line, features change less when the object moves sideways than when it moves up or down.',
  },
  {
    id: 'flips-do-not-cause-the-bias',
    title: 'Flips in training do not cause the sideways bias',
    source: 'The paper says that the horizontal bias does not come from horizontal flips in training (section 3.3).',
    rule: 'For each layer and size, patch by patch: the bias of the network trained without flips minus half of the bias with flips. Above 0 supports the claim, below contradicts it. Open if there is no clear bias with flips.',
    concerns: ({ model }) => flippedOf(model) !== undefined,
    obstacle: comparisonObstacle,
    evidence: (network) => eachPair(network, biasWithoutFlips),
    numbers: DECIMAL,
    says: (range) => `the bias without flips minus half of the bias with flips is ${range}`,
    border: 0,
    caption: 'Right of the line, more than half of the bias is there without flips.',
    seenIn: besideOriginal,
  },
  {
    id: 'top-bottom-less-separable',
    title: 'Top and bottom are harder to separate than left and right',
    source:
      'The paper says that linear classifiers tell top from bottom less well than left from right, by about 10 % (section 3.4).',
    rule: `For each layer and size, under ${TELLING_SCHEMES.join(', ')} folds: accuracy of left-right minus accuracy of top-bottom, minus the same difference for features that are nothing but the position. Above ${100 * EQUAL_ACCURACY} points supports the claim, below contradicts it. Shuffled folds decide nothing: each tested position has trained neighbours on all sides. Neither do grids so coarse that the phase alone (position modulo the network’s stride) is right for two thirds of positions in shuffled folds.`,
    concerns: always,
    obstacle: needsTellingFolds,
    evidence: (network) => eachLayer(network, separabilityGap),
    numbers: POINTS,
    says: (range) => `left-right leads by ${range} more than position alone explains`,
    border: EQUAL_ACCURACY,
    showsFolds: true,
    caption:
      'Look at the outer folds: top-bottom may fall there in ordered folds (bands of rows), left-right in transposed folds (bands of columns). The dashed line is the position alone; only a lead beyond it supports the claim. The maps show no folds: the nearest is similarity to the top-left anchor.',
    seenIn: () => ({ anchor: 'top-left' }),
  },
  {
    id: 'position-modulo-stride',
    title: 'Features code the position modulo the stride',
    source:
      'This project asks which explains the folds better, the position or the phase (position modulo the network’s stride).',
    rule: 'For each layer and size, on the study’s grid and its sub-grids of 8 to 25 rows, top-bottom in ordered folds: mean error of the accuracies predicted by phase alone, minus the mean error of those predicted by position alone. Below 0 supports the claim, above contradicts it.',
    concerns: always,
    obstacle: noObstacle,
    evidence: (network) => eachLayer(network, positionAdvantage),
    numbers: POINTS,
    says: (range) => `position predicts the folds ${range} better than phase`,
    border: 0,
    caption:
      'Right of the line, the position explains the accuracies better; left of it, the phase. The maps show no folds: the nearest is similarity to the center anchor, which phase alone would repeat with the stride.',
  },
  {
    id: 'answer-keeps',
    title: 'The answer is the same everywhere',
    source: 'This project asks whether a network names the same class wherever the object is.',
    rule: `For each size, over the objects of which the network is confident at the center (probability of at least ${CONFIDENT}): the share of positions that keep the center’s answer, right or wrong. Above ${EVERYWHERE} supports the claim, below contradicts it.`,
    concerns: ({ groups }) => groups.some(({ numbers }) => numbers.some(({ metric }) => metric === 'answer-kept')),
    obstacle: noObstacle,
    evidence: (network) => eachLayer(network, answersKept),
    numbers: PERCENT,
    says: (range) => `the answer stays the same at ${range} of positions`,
    border: EVERYWHERE,
    caption: `Mean over the objects of which the network is confident at the center. Right of the line (${100 * EVERYWHERE}), the answer counts as the same everywhere.`,
    within: [100],
    seenIn: ({ groups }) => ({ ...leastKept(groups), map: 'answers' }),
  },
]

function isAntiAliased({ model }: NetworkStudy): boolean {
  return plainOf(model) !== undefined
}

/** The original network's map beside the network's own. */
function besideOriginal({ model, original }: NetworkStudy): Partial<LinkedView> {
  return original.length === 0 ? {} : { network: originalOf(model) as string, with: model }
}

/** Relative similarity needs objects of different classes. */
function needsBaseline({ groups }: NetworkStudy): string | undefined {
  const hasBaseline = groups.some((group) => group.layers.some((layer) => nullOf({ group, layer }) !== undefined))
  return hasBaseline ? undefined : 'there are no objects of different classes to compare with'
}

function needsTellingFolds({ groups }: NetworkStudy): string | undefined {
  const schemes = new Set(groups.flatMap(({ units }) => units.flatMap(({ inputs }) => inputs.separability?.cv ?? [])))
  if (schemes.size === 0) return 'separability was not measured'
  if (!TELLING_SCHEMES.some((scheme) => schemes.has(scheme))) return 'only shuffled folds were measured'
  const reasons = groups.flatMap((group) => group.layers.map((layer) => coarseGridOf({ group, layer })))
  return reasons.includes(undefined) ? undefined : reasons[0]
}
