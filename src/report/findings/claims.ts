import { CONFIDENT, EVERYWHERE } from '../../experiments/answers/confidence.js'
import { type FoldScheme, foldsText } from '../../experiments/classifiers/folds.js'
import type { LinkedView } from '../../page/text/viewLink.js'
import { decimalText, percentText } from '../../plot/numberText.js'
import type { NetworkPair } from '../../results/store/pairs.js'
import type { Border, Evidence, Measured } from './evidence.js'
import { comparisonObstacle, eachLayer, eachPair, layersOf, type NetworkStudy, nullOf } from './network.js'
import {
  answersAgree,
  biasWithoutFlips,
  coarseGridOf,
  constantAnswers,
  gridSuppression,
  horizontalBias,
  invariance,
  invarianceGain,
  LONGEST_GRID,
  leastAgreeing,
  leastSimilarAnchor,
  positionAdvantage,
  separabilityGap,
  strongestGrid,
  TELLING_SCHEMES,
} from './quantities.js'

/** A layer counts as invariant if its relative similarity is at least this. */
const INVARIANT = 0.9

/**
 * A variant counts as more invariant if it closes this share of the plain network's gap to invariance.
 */
const NOTICEABLE_GAIN = 0.1

/** A grid pattern counts as suppressed if its power is less than this share of the power in the plain network. */
const SUPPRESSED = 0.5

/** Two accuracies are treated as equal if they differ by less than this. */
const EQUAL_ACCURACY = 0.02

/** A question about networks, and the rule by which measured numbers support or contradict one of its answers. */
export interface Claim {
  /** Name in files and links: letters and hyphens. */
  readonly id: string
  readonly scope: ClaimScope
  readonly words: ClaimWords
  readonly evidence: ClaimEvidence
  readonly figure: ClaimFigure
}

/** Which networks the claim is about, and what it needs of them. */
interface ClaimScope {
  /** The claim is about the variants of pairs of this kind; by default, it is about all networks. */
  readonly pairs?: NetworkPair['kind']
  /** Whether the claim is about a network; by default, it is about all. */
  readonly concerns?: (network: NetworkStudy) => boolean
  /** Reason why the claim cannot be judged for a network, whatever was measured. */
  readonly obstacle?: (network: NetworkStudy) => string | undefined
  /** The claim needs classifiers. */
  readonly needsFolds?: true
}

export interface ClaimWords {
  readonly question: string
  /**
   * The answer that a verdict supports or contradicts: that of the paper, or Yes if the paper does not ask. With `No`, the
   * lean `for` and the verdict `supported` mean No.
   */
  readonly claimed: 'Yes' | 'No'
  /** The paper does not ask this question. */
  readonly isOwn?: true
  /** Word for Yes if it promises too much. */
  readonly yes?: string
  /** Who asks, and what the paper says, in a sentence. */
  readonly source: string
  /** What is measured. */
  readonly rule: string
  /** Which objects count, if not all that were measured. */
  readonly counted?: string
  /** Puts the range of the measured numbers into the clause that gives the reason for an answer. */
  readonly says: (range: NumberRange) => string
}

interface ClaimEvidence {
  readonly measure: (network: NetworkStudy) => readonly Measured[]
  readonly numbers: NumberKind
  readonly border: Border
}

/** The claim's chart, and the maps that its link opens. */
interface ClaimFigure {
  readonly caption: string
  /** The chart has the accuracy on each fold instead of the evidence. */
  readonly showsFolds?: true
  /** Title of the axis; by default the measured quantity. */
  readonly axis?: string
  /** Values that the axis always includes, in the unit of the axis. */
  readonly within?: readonly number[]
  /** The largest possible value, at which bars end, in the unit of the axis. */
  readonly most?: number
  /** View that the claim's link opens. By default, it is the map for the center anchor, averaged over objects. */
  readonly seenIn?: (network: NetworkStudy, at: Pick<Evidence, 'layer' | 'size'>) => Partial<LinkedView>
}

/** A range of numbers as text for a sentence. */
export interface NumberRange {
  /** The range alone, such as "1.4–6.6 %" or "−0.02 to 0.01". */
  readonly text: string
  /**
   * The range as distances from zero, such as "2.0–3.1 points above". `below` and `above` are the words that follow
   * negative and positive numbers.
   */
  readonly apart: (below: string, above: string) => string
}

/** Format of a claim's numbers in texts, tables and figures. */
export interface NumberKind {
  /** Converts a mean to the number that is shown, for example a share to a percentage. */
  readonly value: (mean: number) => number
  readonly text: (value: number) => string
  /** Digits after the point in tables. */
  readonly digits: number
  readonly unit: string
  readonly isLog?: true
}

const RELATIVE =
  'Relative similarity is (s − null) / (1 − null): s is the similarity to the anchor, null is the mean similarity of different objects at the same position.'

const DECIMAL: NumberKind = { value: (mean) => mean, text: (value) => decimalText(value, 3), digits: 3, unit: '' }
const PERCENT: NumberKind = { value: (mean) => 100 * mean, text: percentText, digits: 1, unit: ' %' }
/** Format for ratios that are averaged as base-10 logarithms. The ratio itself is shown, as a percentage. */
const POWER_OF_TEN: NumberKind = {
  value: (mean) => 100 * 10 ** mean,
  text: percentText,
  digits: 1,
  unit: ' %',
  isLog: true,
}
const POINTS: NumberKind = {
  value: (mean) => 100 * mean,
  text: (value) => decimalText(value, 1),
  digits: 1,
  unit: ' points',
}

/** Numbers on this side of the border speak for the claim. */
const above = (at: number): Border => ({ at, speaksFor: 'above' })
const below = (at: number): Border => ({ at, speaksFor: 'below' })

/** What the texts of a claim about pairs say of the two networks. */
interface PairWords {
  readonly pairs: NetworkPair['kind']
  /** Start of the claims' ids. */
  readonly id: string
  /** What distinguishes the variant, as the subject of a clause. */
  readonly cause: string
  /** Sentence after the one that says what the paper claims; empty for the paper's own pairs. */
  readonly sourceNote: string
  /** What the plain network is. */
  readonly plain: string
}

const ANTI_ALIASING: PairWords = {
  pairs: 'anti-aliasing',
  id: 'anti-aliasing',
  cause: 'anti-aliasing',
  sourceNote: '',
  plain: 'the same network without anti-aliasing',
}

const GIVEN: PairWords = {
  pairs: 'given',
  id: 'variant',
  cause: 'the variant',
  sourceNote: ' Here, the variant of your pair (--pair) takes the place of the anti-aliased network.',
  plain: 'the first one of your pair',
}

function pairClaims(words: PairWords): readonly Claim[] {
  const { pairs, id, cause, sourceNote, plain } = words
  const isOwn = pairs === 'given' && { isOwn: true as const }
  return [
    {
      id: `${id}-suppresses-the-grid`,
      scope: { pairs, obstacle: comparisonObstacle },
      words: {
        question: `Does ${cause} suppress the grid pattern?`,
        claimed: 'Yes',
        ...isOwn,
        source: `The paper says that anti-aliasing suppresses the grid pattern on the maps (sections 3.3 and 4). The pattern is local: similarity changes within a few pixels.${sourceNote}`,
        rule: `The plain network is ${plain}. The number is the power of the grid pattern on the maps of relative similarity, divided by that of the plain network (geometric mean over objects). It counts periods of 2, 4, 8 and ${LONGEST_GRID} px that are at least two steps of the object.`,
        says: ({ text }) => `its power is ${text} of that in the plain network`,
      },
      evidence: { measure: eachPair(gridSuppression), numbers: POWER_OF_TEN, border: below(Math.log10(SUPPRESSED)) },
      figure: {
        caption: `Strides make similarity rise and fall, like a grid on the maps. 100 % is the power of this pattern in the plain network, ${plain}. Left of the line (${100 * SUPPRESSED} %), the pattern is suppressed.`,
        axis: 'power of the grid pattern, % of that in the plain network',
        within: [100],
        // The effect is easiest to see where the plain network's grid pattern is strongest.
        seenIn: (network) => ({ ...besidePlain(network), ...strongestGrid(network.plains) }),
      },
    },
    {
      id: `${id}-keeps-global-invariance`,
      scope: { pairs, obstacle: comparisonObstacle },
      words: {
        question: `Does ${cause} add global shift invariance?`,
        claimed: 'No',
        ...isOwn,
        source: `The paper says that anti-aliasing significantly improves local invariance (within a few pixels), but does not impact global invariance (across the frame). This question is about global invariance.${sourceNote}`,
        rule: `The plain network is ${plain}. The number is the share of its gap to perfect invariance that ${cause} closes. This gap is 1 minus the mean relative similarity of all positions in the frame.`,
        says: ({ text }) => `it closes ${text} of the gap to perfect invariance`,
      },
      evidence: { measure: eachPair(invarianceGain), numbers: PERCENT, border: below(NOTICEABLE_GAIN) },
      figure: {
        caption: `0 % is no gain over the plain network (${plain}), 100 % is perfect invariance. Right of the line (${100 * NOTICEABLE_GAIN} %), the gain counts as an improvement.`,
        within: [0],
        seenIn: (network) => besidePlain(network),
      },
    },
  ]
}

/** All questions, of the paper and of this project, in the order in which they are asked. */
export const CLAIMS: readonly Claim[] = [
  {
    id: 'top-bottom-less-separable',
    scope: { obstacle: needsTellingFolds, needsFolds: true },
    words: {
      question: 'Are top and bottom harder to separate than left and right?',
      claimed: 'Yes',
      source:
        'The paper says that linear classifiers separate top and bottom less well than left and right, by about 10 points (section 3.4).',
      rule: `The lead is the accuracy of left-right minus that of top-bottom. The number is this lead minus the lead of position only, a made-up feature that contains only the position. ${foldsText(TELLING_SCHEMES)} Shuffled folds decide nothing, because each test position has training positions beside it. Nor do coarse grids, where phase only (position modulo the stride) reaches two thirds in shuffled folds.`,
      says: ({ text }) =>
        `beyond what the position alone gives, left-right leads by ${text}; a lead counts from ${100 * EQUAL_ACCURACY} points`,
    },
    evidence: { measure: eachLayer(separabilityGap), numbers: POINTS, border: above(EQUAL_ACCURACY) },
    figure: {
      caption:
        'Look at folds 1 and 5. Where a held-out band (orange) touches the border to be found (dashed), the classifier lacks training positions beside it. Position only is a made-up feature that contains only the position. For a yes, left-right must lead top-bottom by more than in position only.',
      showsFolds: true,
    },
  },
  {
    id: 'position-modulo-stride',
    scope: { obstacle: needsFolds, needsFolds: true },
    words: {
      question: 'Do features encode only the position modulo the stride?',
      claimed: 'Yes',
      isOwn: true,
      source: 'The paper does not ask this.',
      rule: 'Position only and phase only are made-up features that contain only the position or only its phase (position modulo the stride). Their accuracies predict those of the network, for top-bottom in ordered folds. The number is the error of phase only minus that of position only (mean absolute difference, on the study’s grid and coarser ones of 8 to 25 rows).',
      says: ({ apart }) => `the position predicts the accuracies ${apart('worse', 'better')} than its phase`,
    },
    evidence: { measure: eachLayer(positionAdvantage), numbers: POINTS, border: below(0) },
    figure: {
      caption:
        'Right of the line (0), the position predicts the accuracies on the folds better; left of it, the phase does. If features held only the phase, maps of similarity would repeat with the network’s stride.',
    },
  },
  ...pairClaims(ANTI_ALIASING),
  ...pairClaims(GIVEN),
  {
    id: 'no-global-invariance',
    scope: { obstacle: needsBaseline },
    words: {
      question: 'Do features change with the position?',
      claimed: 'Yes',
      source: 'The paper says that features are not globally shift invariant (sections 3.3 and 4).',
      rule: `${RELATIVE} The number is the relative similarity that 95 % of positions reach, for the worst anchor.`,
      says: ({ text }) => `95 % of positions reach a relative similarity of ${text}, where 1 is no change`,
    },
    evidence: { measure: eachLayer(invariance), numbers: DECIMAL, border: below(INVARIANT) },
    figure: {
      caption: `1 is perfect invariance. 0 means as different as another object at the same position, below 0 even more different. Left of the line (${INVARIANT}), features change with the position.`,
      within: [0, 1],
      seenIn: ({ groups }, at) => ({ anchor: leastSimilarAnchor(groups, at) }),
    },
  },
  {
    id: 'horizontal-bias',
    scope: { obstacle: needsBaseline },
    words: {
      question: 'Do features change less when the object moves sideways?',
      claimed: 'Yes',
      source: 'The paper says that similarity is higher for horizontal than for vertical moves (sections 3.3 and 4).',
      rule: 'The number is the sideways bias: horizontal minus vertical relative similarity at the same distance from the anchor (mean over distances and anchors).',
      says: ({ apart }) => `relative similarity is ${apart('lower', 'higher')} than for moves up or down`,
    },
    evidence: { measure: eachLayer(horizontalBias), numbers: DECIMAL, border: above(0) },
    figure: {
      caption:
        'Right of the line (0), features change less when the object moves sideways than when it moves up or down. This difference is the sideways bias.',
    },
  },
  {
    id: 'flips-do-not-cause-the-bias',
    scope: { pairs: 'no-flips', obstacle: comparisonObstacle },
    words: {
      question: 'Do flips in training cause the sideways bias?',
      claimed: 'No',
      source: 'The paper says that horizontal flips in training do not cause the sideways bias (section 3.3).',
      rule: 'Flips are no cause if more than half of the sideways bias remains without them. So the number is the bias without flips minus half of the bias with flips. Without a clear bias with flips, it is open.',
      says: ({ apart }) => `without flips, the bias is ${apart('below', 'above')} half of the bias with flips`,
    },
    evidence: { measure: eachPair(biasWithoutFlips), numbers: DECIMAL, border: above(0) },
    figure: {
      caption: 'Right of the line (0), more than half of the sideways bias remains without flips in training.',
      seenIn: besidePlain,
    },
  },
  {
    id: 'answer-keeps',
    scope: {
      concerns: ({ groups }) =>
        groups.some(({ numbers }) => numbers.some(({ metric }) => metric.startsWith('answer-'))),
      obstacle: ({ groups }) => {
        const constant = constantAnswers(groups)
        return constant && `the network ${constant}`
      },
    },
    words: {
      question: 'Do confident answers stay the same wherever the object is?',
      claimed: 'Yes',
      isOwn: true,
      yes: 'Mostly',
      source: 'The paper does not ask this.',
      rule: `An answer is confident if its probability is at least ${CONFIDENT} with the object at the center. Agreement is the chance that two positions, drawn at random, get the same answer. The number is the agreement relative to chance of objects with a confident answer, correct or not: (agreement − chance) / (1 − chance), where chance is the probability that two of these objects get the same answer at the same position. A network that gives more than 90 % of all objects and positions the same answer has no such number.`,
      counted: 'have a confident answer',
      says: ({ text }) => `the agreement of two positions relative to chance is ${text}`,
    },
    evidence: { measure: eachLayer(answersAgree), numbers: PERCENT, border: above(EVERYWHERE) },
    figure: {
      caption: `The figure has the mean over the objects whose answer at the center has a probability of at least ${CONFIDENT}. Right of the line (${100 * EVERYWHERE} %), the answer counts as the same everywhere.`,
      axis: 'agreement of two positions relative to chance, %',
      within: [100],
      most: 100,
      seenIn: ({ groups }) => ({ ...leastAgreeing(groups), map: 'answers' }),
    },
  },
]

function besidePlain({ model, pair, plains }: NetworkStudy): Partial<LinkedView> {
  return pair === undefined || plains.length === 0 ? {} : { network: pair.plain, with: model }
}

/** Reason why relative similarity cannot be computed; undefined if it can. It needs objects of different classes. */
function needsBaseline({ groups }: NetworkStudy): string | undefined {
  const hasBaseline = layersOf(groups).some((one) => nullOf(one) !== undefined)
  return hasBaseline ? undefined : 'there are no objects of different classes to compare with'
}

function schemesOf({ groups }: NetworkStudy): ReadonlySet<FoldScheme> {
  return new Set(groups.flatMap(({ units }) => units.flatMap(({ inputs }) => inputs.separability?.cv ?? [])))
}

function needsFolds(network: NetworkStudy): string | undefined {
  return schemesOf(network).size === 0 ? 'separability was not measured' : undefined
}

function needsTellingFolds(network: NetworkStudy): string | undefined {
  const schemes = schemesOf(network)
  if (schemes.size === 0) return needsFolds(network)
  if (!TELLING_SCHEMES.some((scheme) => schemes.has(scheme))) return 'only shuffled folds were measured'
  const reasons = layersOf(network.groups).map(coarseGridOf)
  return reasons.includes(undefined) ? undefined : reasons[0]
}
