import { CONFIDENT } from '../../experiments/answers.js'
import { decimalText, percentText } from '../../plot/numberText.js'
import { flippedOf, plainOf } from '../../results/versions.js'
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
  NOTICEABLE_GAIN,
  positionAdvantage,
  SUPPRESSED,
  separabilityGap,
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
  /** The numbers of the evidence, and what they say about the network. @param range such as "1.4–6.6 %" */
  readonly numberText: NumberText
  readonly says: (range: string, network: NetworkStudy) => string
  /** The measure whose chart shows it on the page; absent: a claim above has the chart. */
  readonly shownBy?: string
}

export interface NumberText {
  readonly text: (mean: number) => string
  readonly unit: string
}

const RELATIVE =
  'Relative similarity is (s − null) / (1 − null), where null is the mean similarity of different objects at the same position: 1 is perfect invariance, 0 as different as another object.'

const DECIMAL: NumberText = { text: (mean) => decimalText(mean, 3), unit: '' }
const PERCENT: NumberText = { text: (mean) => percentText(100 * mean), unit: ' %' }
/** Of logarithms to base 10. */
const POWER_OF_TEN: NumberText = { text: (mean) => percentText(100 * 10 ** mean), unit: ' %' }
const POINTS: NumberText = { text: (mean) => decimalText(100 * mean, 1), unit: ' points' }

const always = () => true
const noObstacle = () => undefined

/** The paper's claims that a study's numbers can tell about, and two of this project. */
export const CLAIMS: readonly Claim[] = [
  {
    id: 'no-global-invariance',
    title: 'Features change with the position',
    source: 'The paper: features are not globally shift invariant (sections 3.3 and 4).',
    rule: `${RELATIVE} For each layer and size: the relative similarity that 95 % of positions reach, for the anchor where it is lowest. Below ${INVARIANT} supports the claim, above contradicts it.`,
    concerns: always,
    obstacle: needsBaseline,
    evidence: (network) => eachLayer(network, invariance),
    numberText: DECIMAL,
    says: (range, { model }) => `in ${model}, 95 % of positions reach a relative similarity of ${range}`,
    shownBy: 'similarity-mean',
  },
  {
    id: 'anti-aliasing-suppresses-the-grid',
    title: 'Anti-aliasing suppresses the grid',
    source: 'The paper: anti-aliasing suppresses the grid pattern of local fluctuations (sections 3.3 and 4).',
    rule: `For each layer and size, patch by patch: the power of the maps of relative similarity at periods of 2 to ${LONGEST_GRID} px, divided by the plain network’s. Below ${SUPPRESSED} supports the claim, above contradicts it. Evidence is the logarithm to base 10. At stride 1, jaggedness is shown too.`,
    concerns: isAntiAliased,
    obstacle: comparisonObstacle,
    evidence: (network) => eachPair(network, gridSuppression),
    numberText: POWER_OF_TEN,
    says: (range, { model }) => `in ${model}, the grid has ${range} of its strength in ${plainOf(model)}`,
    shownBy: 'grid-spectrum',
  },
  {
    id: 'anti-aliasing-keeps-global-invariance',
    title: 'Anti-aliasing adds no shift invariance',
    source: 'The paper: anti-aliasing does not significantly improve global shift invariance (section 4).',
    rule: `For each layer and size, patch by patch: the gain in mean relative similarity over the plain network, as a share of what the plain network lacks to 1. Below ${NOTICEABLE_GAIN} supports the claim, above contradicts it.`,
    concerns: isAntiAliased,
    obstacle: comparisonObstacle,
    evidence: (network) => eachPair(network, invarianceGain),
    numberText: PERCENT,
    says: (range, { model }) => `${model} closes ${range} of ${plainOf(model)}’s gap to invariance`,
    shownBy: 'coverage',
  },
  {
    id: 'horizontal-bias',
    title: 'Features change less when the object moves sideways',
    source: 'The paper: similarity is higher for horizontal than for vertical moves (sections 3.3 and 4).',
    rule: 'For each layer and size: horizontal minus vertical relative similarity at equal distance from the anchor, mean over distances and over the anchors that have such positions. Above 0 supports the claim, below contradicts it.',
    concerns: always,
    obstacle: needsBaseline,
    evidence: (network) => eachLayer(network, directionBias),
    numberText: DECIMAL,
    says: (range, { model }) => `in ${model}, horizontal minus vertical relative similarity is ${range}`,
    shownBy: 'direction-bias',
  },
  {
    id: 'flips-do-not-cause-the-bias',
    title: 'Flips in training do not cause the sideways bias',
    source: 'The paper: the horizontal bias does not come from horizontal flips in training (section 3.3).',
    rule: 'For each layer and size, patch by patch: the bias of the network trained without flips minus half of the bias with flips. Above 0 supports the claim, below contradicts it. Open if there is no clear bias with flips.',
    concerns: ({ model }) => flippedOf(model) !== undefined,
    obstacle: comparisonObstacle,
    evidence: (network) => eachPair(network, biasWithoutFlips),
    numberText: DECIMAL,
    says: (range, { model }) => `the bias of ${model} minus half of ${flippedOf(model)}’s is ${range}`,
  },
  {
    id: 'top-bottom-less-separable',
    title: 'Top and bottom are harder to separate than left and right',
    source:
      'The paper: linear classifiers tell top from bottom less well than left from right, by about 10 % (section 3.4).',
    rule: `For each layer and size, under ${TELLING_SCHEMES.join(', ')} folds: accuracy of left-right minus accuracy of top-bottom, minus the same difference for features that are nothing but the position. Above ${100 * EQUAL_ACCURACY} points supports the claim, below contradicts it. Shuffled folds decide nothing: each tested position has trained neighbours on all sides. Neither do grids so coarse that the phase alone (position modulo the network’s stride) is right for two thirds of positions in shuffled folds.`,
    concerns: always,
    obstacle: needsTellingFolds,
    evidence: (network) => eachLayer(network, separabilityGap),
    numberText: POINTS,
    says: (range, { model }) => `in ${model}, left-right leads by ${range} more than position alone explains`,
    shownBy: 'separability-accuracy',
  },
  {
    id: 'position-modulo-stride',
    title: 'Features code the position modulo the stride',
    source:
      'A question of this project: which of position and phase (position modulo the network’s stride) explains the folds.',
    rule: 'For each layer and size, on the study’s grid and its sub-grids of 8 to 25 rows, top-bottom in ordered folds: mean error of the accuracies predicted by phase alone, minus the mean error of those predicted by position alone. Below 0 supports the claim, above contradicts it.',
    concerns: always,
    obstacle: noObstacle,
    evidence: (network) => eachLayer(network, positionAdvantage),
    numberText: POINTS,
    says: (range, { model }) => `in ${model}, position predicts the folds ${range} better than phase`,
    shownBy: 'fold-error',
  },
  {
    id: 'answer-keeps',
    title: 'The answer is the same everywhere',
    source: 'A question of this project: whether the network names the same class wherever the object is.',
    rule: `For each size, over the objects of which the network is confident at the center (probability of at least ${CONFIDENT}): the share of positions that keep the center’s answer, right or wrong. Above ${EVERYWHERE} supports the claim, below contradicts it.`,
    concerns: ({ groups }) => groups.some(({ numbers }) => numbers.some(({ metric }) => metric === 'answer-kept')),
    obstacle: noObstacle,
    evidence: (network) => eachLayer(network, answersKept),
    numberText: PERCENT,
    says: (range, { model }) => `${model} keeps its answer at ${range} of positions`,
    shownBy: 'answer-kept',
  },
]

function isAntiAliased({ model }: NetworkStudy): boolean {
  return plainOf(model) !== undefined
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
