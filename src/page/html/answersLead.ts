import { headOf } from '../../experiments/answers/heads.js'
import { comparedSizes } from '../../patches/sizes.js'
import { FEWEST_PATCHES } from '../../results/measures/rows.js'
import { judged, type PairedVerdict, pairedDifference } from '../../results/paired.js'
import type { NetworkPair } from '../../results/store/pairs.js'
import { mean } from '../../support/statistics.js'
import { counted } from '../../support/text.js'
import { kindOf } from '../site/groups.js'
import type { SiteIndex } from '../site/siteIndex.js'
import { shareText } from '../text/text.js'
import { viewLink } from '../text/viewLink.js'
import { constantSentence, type ObjectAnswer, objectAnswers } from './everyObject.js'
import type { Opening } from './viewerHtml.js'

/**
 * Answers the question of the title, and chooses the example with which the page opens: network A, beside it network B,
 * and the object. A is the plain network of a pair and B its variant; without a pair, they are the first two networks.
 * Undefined without answers.
 */
export function answersLead({ groups, pairs = [] }: Pick<SiteIndex, 'groups' | 'pairs'>): Opening | undefined {
  const all = objectAnswers(groups)
  const telling = all.filter(({ group }) => group.constant === undefined)
  const [constant] = all
  if (constant === undefined) return undefined
  if (telling.length === 0)
    return { sentence: `Can’t tell: ${constantSentence(constant.group)}`, more: '', link: linkTo(constant, undefined) }
  const [a, b] = shownNetworks(telling, pairs)
  const compared = comparedSizes(groups)
  const own = telling.filter(({ group }) => group.model === a)
  const size = Math.min(...own.map(({ group }) => compared(group)))
  const answersOf = (model: string | undefined) =>
    telling.filter(({ group }) => group.model === model && compared(group) === size)
  const [ofA, ofB] = [answersOf(a), answersOf(b)]
  const example = exampleAmong(ofA)
  return { ...sentences(ofA, ofB, pairs), link: linkTo(example, b) }
}

/** Of the objects that A gets right at this share of positions or more, one is the example. */
const OFTEN_RIGHT = 0.25

/**
 * The example is the object with the largest product of disagreement and mean probability: one whose answer changes
 * although the network is sure. Objects that the network does not know are left out, if it is known what is right. B has
 * no say.
 */
function exampleAmong(answers: readonly ObjectAnswer[]): ObjectAnswer {
  const known = answers.filter(({ answer }) => (answer.right ?? 0) >= OFTEN_RIGHT)
  const weight = ({ answer }: ObjectAnswer) => (1 - answer.agreement) * answer.probability
  return (known.length > 0 ? known : answers).toSorted((one, other) => weight(other) - weight(one))[0]!
}

function shownNetworks(
  answers: readonly ObjectAnswer[],
  pairs: readonly NetworkPair[],
): readonly [string, string | undefined] {
  const models = [...new Set(answers.map(({ group }) => group.model))]
  const pair = pairs.find((one) => isShown(one) && models.includes(one.plain) && models.includes(one.variant))
  return pair === undefined ? [models[0]!, models[1]] : [pair.plain, pair.variant]
}

/** Networks that were trained without flips are no variant whose answers should be more stable. */
function isShown({ kind }: NetworkPair): boolean {
  return kind !== 'no-flips'
}

/** Agreements from which, and below which, the answer is not “Not always”. */
const [NEARLY_ALWAYS, OFTEN_NOT] = [0.99, 0.6]

/** The answer with the mean agreement of A, and what is known of B. */
function sentences(
  ofA: readonly ObjectAnswer[],
  ofB: readonly ObjectAnswer[],
  pairs: readonly NetworkPair[],
): Pick<Opening, 'sentence' | 'more'> {
  const [{ group }] = ofA as [ObjectAnswer, ...ObjectAnswer[]]
  const agreement = meanOf(ofA)
  const often = agreement >= NEARLY_ALWAYS ? 'Nearly always' : agreement < OFTEN_NOT ? 'Often not' : 'Not always'
  const isFew = ofA.length < FEWEST_PATCHES
  const verdict = isFew ? `Can’t tell from ${counted(ofA.length, kindOf(group))}` : often
  const share = shareText(agreement, 1)
  const relative = group.relative === undefined ? share : shareText(group.relative, 1)
  // Where chance makes no difference, the same number twice would only confuse.
  const beside = relative === share ? '' : `; ${relative} relative to chance`
  const of = isFew ? '' : ` (mean agreement of ${counted(ofA.length, kindOf(group))}${beside})`
  const sentence = `${verdict}: at two random positions, ${group.model} gives the same answer in ${share} of cases${of}`
  if (ofB.length === 0) return { sentence: `${sentence}.`, more: '' }
  const [{ group: other }] = ofB as [ObjectAnswer, ...ObjectAnswer[]]
  const isTwin = pairs.some(({ kind, variant }) => kind === 'anti-aliasing' && variant === other.model)
  const name = isTwin ? 'its anti-aliased twin' : other.model
  const compared = isFew ? '' : ` (${comparedText(ofA, ofB)})`
  return { sentence: `${sentence};`, more: `${name} in ${shareText(meanOf(ofB), 1)}${compared}.` }
}

const VERDICTS: Readonly<Record<PairedVerdict, string>> = {
  higher: 'clearly more often',
  lower: 'clearly less often',
  unchanged: 'no difference',
  open: 'no clear difference',
  few: 'too few objects to tell them apart',
}

/** Says which network agrees more often with itself, if both know the same classes and see frames of one size. */
function comparedText(ofA: readonly ObjectAnswer[], ofB: readonly ObjectAnswer[]): string {
  const [a, b] = [ofA[0]!.group, ofB[0]!.group]
  if (a.knows !== b.knows) return 'other classes, so they cannot be ranked'
  if (a.frame !== b.frame) return 'another frame, so they cannot be ranked'
  const differences = ofB.flatMap((one) => {
    const same = ofA.find(({ patch }) => patch === one.patch)
    return same === undefined ? [] : [one.answer.agreement - same.answer.agreement]
  })
  return VERDICTS[judged([pairedDifference(differences)])[0]!.verdict]
}

function meanOf(answers: readonly ObjectAnswer[]): number {
  return mean(answers.map(({ answer }) => answer.agreement))
}

function linkTo({ group, patch }: ObjectAnswer, other: string | undefined): string {
  return viewLink({
    network: group.model,
    with: other ?? null,
    ...(group.classes !== null && { layer: group.classes }),
    size: group.size,
    patch,
    anchor: 'center',
    map: headOf(group.head).opens,
  })
}
