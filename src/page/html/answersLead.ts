import { headOf } from '../../experiments/answers/heads.js'
import { comparedSizes } from '../../patches/sizes.js'
import { FEWEST_PATCHES } from '../../results/measures/rows.js'
import type { SiteGroup } from '../site/siteIndex.js'
import { viewLink } from '../text/viewLink.js'
import { constantSentence, type ObjectAnswer, objectAnswers } from './everyObject.js'
import { sentencesOfFew, sentencesOfMany } from './leadText.js'
import type { Opening } from './viewerHtml.js'

/**
 * Chooses the view with which the page opens, that of an example, and says what its answers tell. Undefined without
 * answers.
 */
export function answersLead(groups: readonly SiteGroup[]): Opening | undefined {
  const all = objectAnswers(groups)
  const answered = all.filter(({ group }) => group.constant === undefined)
  if (all.length === 0) return undefined
  if (answered.length === 0) {
    const example = exampleOf(all)
    return { sentence: `Can’t tell: ${constantSentence(example.group)}`, more: '', link: linkTo(example, all) }
  }
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
  return changing ?? leastStable ?? surest!
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
    map: headOf(group.head).opens,
  })
}
