import type { FoldScheme } from '../../experiments/folds.js'
import type { StudyGroup } from '../../results/study.js'
import { PAPER_FOLDS } from '../paper.js'
import { differenceBetween, flippedOf, originalOf, plainOf } from '../versions.js'
import type { Evidence } from './evidence.js'
import {
  answersKept,
  biasWithoutFlips,
  EVEN_SCHEMES,
  EVERYWHERE,
  eachLayer,
  eachPair,
  GRID_POWER,
  gapUnder,
  globalGain,
  globalInvariance,
  gridSuppression,
  horizontalBias,
  JAGGEDNESS,
  LONGEST_GRID,
  type NetworkStudy,
  NO_DIFFERENCE,
  SAME,
  separabilityGap,
} from './measurements.js'
import { embeddedNetwork } from './retrained.js'
import { AS_IT_IS, IN_PERCENT, inRange, type NumberScale, type PlainWords, rangeText } from './sentence.js'

/** A claim, and the rule that weighs a network's numbers against it. */
export interface Claim {
  /** In file formats: letters and hyphens. */
  readonly id: string
  /** What is claimed, and where. */
  readonly statement: string
  /** The same as a table's heading. */
  readonly heading: string
  /** What is measured, and what speaks for the claim. */
  readonly rule: string
  /** Why nothing can tell, where that is known before the numbers; undefined: there may be evidence. */
  readonly obstacle: (network: NetworkStudy) => string | undefined
  readonly evidence: (network: NetworkStudy) => readonly Evidence[]
  /** The claim in plain words. @param evidence of the network, for numbers that are named besides the deciding ones */
  readonly words: (network: NetworkStudy, evidence: readonly Evidence[]) => PlainWords
  /** Whether the claim is about this network at all. */
  readonly concerns?: (network: NetworkStudy) => boolean
}

const GRID_MEASURES = [
  [GRID_POWER, 'grid power'],
  [JAGGEDNESS, 'jaggedness'],
] as const

/** Logarithms to base 10 as shares. */
const POWER_OF_TEN: NumberScale = { of: (mean) => 100 * 10 ** mean, digits: 1, unit: ' %' }

/** The paper's claims that the numbers of a study can tell about, and a question of our own. */
export const CLAIMS: readonly Claim[] = [
  {
    id: 'no-global-invariance',
    heading: 'no global invariance',
    statement: 'The features are not globally shift invariant (sections 3.3 and 4).',
    rule: `For each layer and size: the share of positions whose similarity to the anchor is at least ${SAME}, at the anchor where it is smallest. Below ${EVERYWHERE} speaks for the claim, above against it. Open where different objects at the same place are as similar as ${SAME}: such features tell nothing apart.`,
    obstacle: () => undefined,
    evidence: ({ groups }) => eachLayer(groups, globalInvariance),
    words: ({ model }) => ({
      supported: `The features of ${model} are not globally shift invariant`,
      against: `The features of ${model} are globally shift invariant`,
      question: `It is open whether the features of ${model} are globally shift invariant`,
      ...inRange(IN_PERCENT, (range) => `${range} of positions reach a similarity of ${SAME} with the worst anchor`),
    }),
  },
  {
    id: 'anti-aliasing-suppresses-the-grid',
    heading: 'anti-aliasing suppresses the grid',
    statement: 'Anti-aliasing suppresses the grid pattern of local fluctuations (sections 3.3 and 4).',
    rule: `For each layer and size, patch by patch against the plain network: the logarithm to base 10 of the power of the maps at periods of 2 to ${LONGEST_GRID} pixels (those that the stride can show, both axes and all anchors together), and at stride 1 of the jaggedness. Below zero speaks for the claim: −1 is a tenth.`,
    obstacle: needsOriginal,
    evidence: (network) => eachPair(network, gridSuppression),
    words: (network) => {
      const { model } = network
      const shares = (some: readonly Evidence[], of: string) =>
        GRID_MEASURES.flatMap(([quantity, name]) => {
          const own = some.filter((one) => one.quantity === quantity)
          return own.length === 0 ? [] : [`${name} ${rangeText(own, POWER_OF_TEN)}`]
        })
          .map((share, i) => (i === 0 ? `${share}${of}` : share))
          .join(', ')
      return {
        supported: `Anti-aliasing suppresses the grid pattern in ${model}`,
        against: `Anti-aliasing does not suppress the grid pattern in ${model}`,
        question: `It is open whether anti-aliasing suppresses the grid pattern in ${model}`,
        numbers: (some) => shares(some, ` of ${plainOf(model)}’s`),
        others: (some) => shares(some, ''),
        aside: unequalAccuracy(network),
      }
    },
    concerns: ({ model }) => plainOf(model) !== undefined,
  },
  {
    id: 'anti-aliasing-keeps-global-invariance',
    heading: 'anti-aliasing gains no global invariance',
    statement: 'Anti-aliasing does not significantly improve global shift invariance (section 4).',
    rule: `For each layer and size, patch by patch against the plain network: the gain in mean similarity over all positions and anchors. Below ${NO_DIFFERENCE} speaks for the claim, above against it.`,
    obstacle: needsOriginal,
    evidence: (network) => eachPair(network, globalGain),
    words: (network) => ({
      supported: `Anti-aliasing makes ${network.model} no more shift invariant`,
      against: `Anti-aliasing makes ${network.model} more shift invariant`,
      question: `It is open whether anti-aliasing makes ${network.model} more shift invariant`,
      ...inRange(AS_IT_IS, (range) => `mean similarity gains ${range} over ${plainOf(network.model)}`),
      aside: unequalAccuracy(network),
    }),
    concerns: ({ model }) => plainOf(model) !== undefined,
  },
  {
    id: 'horizontal-bias',
    heading: 'horizontal bias',
    statement:
      'Features stay more similar when the object moves horizontally than when it moves vertically (sections 3.3 and 4).',
    rule: 'For each layer and size: horizontal minus vertical similarity at equal distance from the anchor, mean over distances and over the anchors that have such positions. Above zero speaks for the claim.',
    obstacle: () => undefined,
    evidence: ({ groups }) => eachLayer(groups, horizontalBias),
    words: ({ model }) => ({
      supported: `Features of ${model} stay more similar when the object moves sideways than up and down`,
      against: `Features of ${model} do not stay more similar when the object moves sideways than up and down`,
      question: `It is open whether features of ${model} stay more similar when the object moves sideways than up and down`,
      ...inRange(AS_IT_IS, (range) => `similarity differs by ${range}`),
    }),
  },
  {
    id: 'flips-do-not-cause-the-bias',
    heading: 'no bias by flips',
    statement: 'The horizontal bias does not come from horizontal flips in training (section 3.3).',
    rule: 'For each layer and size, patch by patch: horizontal less vertical similarity of the network that was trained without flips, less half of that of the network with them. Above zero speaks for the claim: most of the bias is there without flips. Open where there is no clear bias with flips.',
    obstacle: needsOriginal,
    evidence: (network) => eachPair(network, biasWithoutFlips),
    words: (network) => {
      const flipped = flippedOf(network.model)
      return {
        supported: `Most of ${flipped}’s horizontal bias does not come from flips in training`,
        against: `Most of ${flipped}’s horizontal bias comes from flips in training`,
        question: `It is open whether most of ${flipped}’s horizontal bias comes from flips in training`,
        ...inRange(AS_IT_IS, (range) => `without flips it exceeds half of what it is with them by ${range}`),
        aside: unequalAccuracy(network),
      }
    },
    concerns: ({ model }) => flippedOf(model) !== undefined,
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
    words: ({ model }, evidence) => ({
      supported: `Top and bottom are less separable than left and right in ${model}`,
      against: `Top and bottom are not less separable than left and right in ${model}`,
      question: `It is open whether top and bottom are less separable than left and right in ${model}`,
      ...inRange(
        AS_IT_IS,
        (range) => `left-right is ahead by ${range} under ${evenSchemes(evidence)} folds${orderedGap(evidence)}`,
      ),
    }),
  },
  {
    id: 'answer-keeps',
    heading: 'same answer everywhere',
    statement:
      'The network’s answer does not depend on where the object is (a question of this tool; the paper makes no such claim).',
    rule: `For each size, in the layer of the network’s classes: the share of positions whose strongest class is the one that is the strongest with the object at the center, right or wrong. Above ${EVERYWHERE} speaks for the claim, below against it: the same share that counts as everywhere for features, so that answers and features are held to one measure. The probability at the center and its largest fall are shown beside it.`,
    obstacle: () => undefined,
    evidence: ({ groups }) => eachLayer(groups, answersKept),
    words: ({ model }) => ({
      supported: `${model} answers the same wherever the object is`,
      against: `What ${model} answers depends on where the object is`,
      question: `It is open whether ${model} answers the same wherever the object is`,
      ...inRange(IN_PERCENT, (range) => `${range} of positions keep the center’s answer`),
    }),
    concerns: ({ groups }) =>
      groups.some(({ metrics }) => metrics.some(({ measure }) => measure.metric === 'answer-kept')),
  },
]

function needsOriginal({ model, original, groups }: NetworkStudy): string | undefined {
  if (original.length === 0) return `${originalOf(model)} is not among the results`
  const difference = differenceBetween(groups, original)
  return difference && `${originalOf(model)} was measured ${difference}`
}

/** Shares of right answers that differ by more are worth a word. */
const SIMILARLY_GOOD = 0.03

/** Said of embedded networks that answer better or worse, since more than what the claim is about sets them apart then. */
function unequalAccuracy({ model, groups, original }: NetworkStudy): string {
  const accuracyOf = ([group]: readonly StudyGroup[]) => group && embeddedNetwork(group)?.accuracy?.white
  const [own, other] = [accuracyOf(groups), accuracyOf(original)]
  if (own === undefined || other === undefined || Math.abs(own - other) <= SIMILARLY_GOOD) return ''
  const [ownText, otherText] = [own, other].map((share) => `${(100 * share).toFixed(1)} %`)
  return ` (${model} is right about ${ownText} of objects on white, ${originalOf(model)} about ${otherText})`
}

/** Which of the fold schemes that treat both axes alike were measured. */
function evenSchemes(evidence: readonly Evidence[]): string {
  return EVEN_SCHEMES.filter((scheme) => ofScheme(evidence, scheme).length > 0).join(' and ')
}

/** What the paper's folds give, where they were measured. */
function orderedGap(evidence: readonly Evidence[]): string {
  const own = ofScheme(evidence, PAPER_FOLDS)
  return own.length === 0 ? '' : `, by ${rangeText(own, AS_IT_IS)} under the paper’s ${PAPER_FOLDS} ones`
}

function ofScheme(evidence: readonly Evidence[], scheme: FoldScheme): readonly Evidence[] {
  return evidence.filter(({ quantity }) => quantity === gapUnder(scheme))
}
