import { type ObjectAnswer, objectAnswers } from '../../page/html/everyObject.js'
import type { Opening } from '../../page/html/viewerHtml.js'
import type { SiteIndex } from '../../page/site/siteIndex.js'
import { comparedSizes } from '../../patches/sizes.js'
import { decimalText } from '../../plot/numberText.js'
import { FEWEST_PATCHES } from '../../results/measures/rows.js'
import { viewLink } from '../text/viewLink.js'
import type { ClaimFinding } from './finding.js'
import { sentencesOfFew, sentencesOfMany } from './leadText.js'

/**
 * Chooses the view with which the page opens, and answers the question of its title. If answers are known, the view
 * shows the example of `exampleOf`, and otherwise the layer with the lowest similarity. Undefined if there is nothing to
 * say.
 * @param findings without them, nothing is said about similarity
 */
export function leadOf({ groups }: SiteIndex, findings: readonly ClaimFinding[] = []): Opening | undefined {
  const answered = objectAnswers(groups)
  return answered.length > 0 ? answersLead(answered) : similarityLead(findings)
}

function answersLead(answered: readonly ObjectAnswer[]): Opening {
  const example = exampleOf(answered)
  const compared = comparedSizes(answered.map(({ group }) => group))
  const alike = answered.filter(({ group }) => compared(group) === compared(example.group))
  const isFew = new Set(answered.map(({ patch }) => patch)).size < FEWEST_PATCHES
  const [sentence, more] = isFew ? sentencesOfFew(example) : sentencesOfMany(example, answered, alike)
  return { sentence, more, link: linkTo(example, alike) }
}

/**
 * The example is a confident and right answer that becomes another confident one at the largest share of positions. If
 * there is none, it is the one with a confident answer whose answers agree least. Without confident answers, it is the
 * most probable one. Wrong answers are considered only if no confident answer is known to be right.
 */
function exampleOf(answered: readonly ObjectAnswer[]): ObjectAnswer {
  const confident = answered.filter(({ isConfident }) => isConfident)
  const right = confident.filter(({ answer }) => answer.center.isRight === true)
  const eligible = right.length > 0 ? right : confident
  const [changing] = eligible
    .filter(({ answer }) => answer.flip !== undefined)
    .toSorted((a, b) => b.answer.changed - a.answer.changed)
  const [leastStable] = eligible.toSorted((a, b) => a.answer.agreement - b.answer.agreement)
  const [surest] = answered.toSorted((a, b) => b.answer.center.probability - a.answer.center.probability)
  return changing ?? leastStable ?? (surest as ObjectAnswer)
}

/** Link to the example's map, beside the map of the network whose agreement for the object differs most. */
function linkTo({ group, patch, answer: { agreement } }: ObjectAnswer, alike: readonly ObjectAnswer[]): string {
  const apart = ({ answer }: ObjectAnswer) => Math.abs(answer.agreement - agreement)
  const [farthest] = alike
    .filter((one) => one.patch === patch && one.group.model !== group.model)
    .toSorted((a, b) => apart(b) - apart(a))
  return viewLink({
    network: group.model,
    with: farthest?.group.model ?? null,
    ...(group.classes !== null && { layer: group.classes }),
    size: group.size,
    patch,
    anchor: 'center',
    map: group.isDetector ? 'found' : 'answers',
  })
}

function similarityLead(findings: readonly ClaimFinding[]): Opening | undefined {
  const [lowest] = findings
    .filter(({ claim, verdict }) => claim === 'no-global-invariance' && verdict === 'supported')
    .toSorted((a, b) => lowestOf(a).mean - lowestOf(b).mean)
  if (lowest === undefined) return undefined
  const { layer, mean } = lowestOf(lowest)
  const change =
    mean > 0
      ? `can fall to ${decimalText(mean, 3)} (1 is no change, 0 is another object)`
      : `can fall to ${decimalText(mean, 3)}, as low as between different objects`
  return {
    sentence: `In ${lowest.model} ${layer}, the relative similarity of a moved object ${change}.`,
    more: '',
    link: lowest.link,
  }
}

function lowestOf({ evidence }: ClaimFinding): ClaimFinding['evidence'][number] {
  return evidence
    .filter(({ lean }) => lean === 'for')
    .toSorted((a, b) => a.mean - b.mean)[0] as ClaimFinding['evidence'][number]
}
