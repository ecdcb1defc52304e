import { CONFIDENT } from '../../experiments/answers.js'
import { isRightAnswer } from '../../networks/objectClasses.js'
import type { Opening } from '../../page/viewerHtml.js'
import { comparedSizes, inWordsOf, SUBJECTS, type Subject, subjectOf } from '../../patches/sizes.js'
import { decimalText, percentText } from '../../plot/numberText.js'
import { FEWEST_PATCHES } from '../../results/rows.js'
import type { StudyGroup } from '../../results/study.js'
import { openUnit } from '../../results/unit/open.js'
import { unitFolder } from '../../results/unit/store.js'
import { viewLink } from '../viewLink.js'
import { ON_PHOTOGRAPHS } from './claims.js'
import type { ClaimFinding } from './finding.js'

/** Id of the claim in the page's second sentence. If no answer changes, the first sentence is about this claim, too. */
const INVARIANCE = 'no-global-invariance'

/**
 * Finds the first sentence of the page: the study's most striking example. This is the object for which the
 * largest share of positions has another answer than the center. The answer at the center must be confident. An object
 * is skipped if the most frequent other answer is correct, too, unless this is so for all objects. If no answer
 * changes, the example is the layer with the lowest similarity. A study of objects and photographs has a sentence about
 * each. Undefined if there is no example, or if the study has too few objects.
 */
export async function leadOf(
  results: string,
  groups: readonly StudyGroup[],
  findings: readonly ClaimFinding[],
): Promise<Opening | undefined> {
  const found = await Promise.all(SUBJECTS.map((subject) => leadAbout(subject, results, groups, findings)))
  const leads = found.flatMap((lead) => lead ?? [])
  return leads[0] && { ...leads[0], sentence: leads.map(({ sentence }) => sentence).join(' ') }
}

async function leadAbout(
  subject: Subject,
  results: string,
  groups: readonly StudyGroup[],
  findings: readonly ClaimFinding[],
): Promise<Opening | undefined> {
  const id = subject === 'objects' ? INVARIANCE : `${INVARIANCE}${ON_PHOTOGRAPHS}`
  const invariance = findings.filter(({ claim }) => claim === id)
  const answered = groups
    .filter((group) => subjectOf(group) === subject && group.units.length >= FEWEST_PATCHES)
    .flatMap(answeredOf)
  const changing = answered
    .filter(({ answers: { anchors, kept } }) => anchors.center.probability >= CONFIDENT && kept < 1)
    .toSorted((a, b) => a.answers.kept - b.answers.kept)
  const [most] = changing
  if (most === undefined) return similarityLead(subject, invariance)
  const more = subject === 'objects' ? atLarge(invariance) : ''
  const leads = async (one: Answered) => {
    const { sentence, isRight } = await answerSentence(results, one)
    return { isRight, lead: { sentence: `${sentence}${more}`, link: linkTo(one, answered) } }
  }
  for (const one of changing) {
    const { isRight, lead } = await leads(one)
    if (!isRight) return lead
  }
  return (await leads(most)).lead
}

interface Answered {
  readonly unit: StudyGroup['units'][number]
  readonly layer: string
  readonly answers: NonNullable<StudyGroup['units'][number]['layers'][number]['answers']>
}

function answeredOf({ units }: StudyGroup): readonly Answered[] {
  return units.flatMap((unit) =>
    unit.layers.flatMap(({ name, answers }) => (answers === null ? [] : [{ unit, layer: name, answers }])),
  )
}

/**
 * A sentence about the class that is predicted at the most positions, apart from the center's class. `isRight` tells
 * whether this class is correct, too.
 */
async function answerSentence(
  results: string,
  { unit, layer, answers: { anchors, names, right } }: Answered,
): Promise<{ readonly sentence: string; readonly isRight: boolean }> {
  const { inputs, rows, cols } = unit
  const { data } = (await (await openUnit(results, unitFolder(results, inputs))).answers(layer)) ?? { data: [] }
  const counts = new Map<number, number>()
  for (const one of data.slice(0, rows * cols)) counts.set(one, (counts.get(one) ?? 0) + 1)
  counts.delete(anchors.center.class)
  const [[other, count] = [0, 0]] = [...counts].toSorted(([, a], [, b]) => b - a)
  const [before, after] = [anchors.center.class, other].map((one) => named(names[one] ?? String(one)))
  const share = percentText((100 * count) / rows / cols)
  const reach = Math.ceil((inputs.size - unit.frame) / 2)
  const moved =
    reach > 0
      ? `photograph “${inputs.patch}”, moved by up to ${reach} px`
      : `${inputs.category ?? `“${inputs.patch}”`}, moved`
  const becomes = right === true ? `becomes ${after}` : `turns from ${before} into ${after}`
  return {
    sentence: `The same ${moved}, ${becomes} at ${share} % of positions in ${inputs.model}.`,
    isRight: isRightAnswer(inputs.category, names[other] ?? '', Object.values(names)) === true,
  }
}

/** Puts an article before the name of a class, unless it is a plural. */
function named(name: string): string {
  if (/[^su]s$/.test(name)) return `“${name}”`
  return `${/^[aeiou]/i.test(name) ? 'an' : 'a'} “${name}”`
}

/** Says in how many networks the features change with the position; empty if there are no such networks. */
function atLarge(own: readonly ClaimFinding[]): string {
  const changing = own.filter(({ verdict }) => verdict === 'supported').length
  if (changing === 0) return ''
  if (own.length === 1) return ' The features also change with the position.'
  const networks =
    changing < own.length ? `${changing} of ${own.length}` : own.length === 2 ? 'both' : `all ${own.length}`
  return ` In ${networks} networks, the features also change with the position.`
}

/**
 * Link to the unit's map of answers, with the map of a second network beside it. For each network, `kept` is the share
 * of positions with the same answer as at the center. The second network's share differs most from the unit's.
 */
function linkTo({ unit, layer, answers: { kept } }: Answered, answered: readonly Answered[]): string {
  const { patch, size, model } = unit.inputs
  const sizeOf = (one: Answered) => ({ size: one.unit.inputs.size, frame: one.unit.frame })
  const compared = comparedSizes(answered.map(sizeOf))
  const own = compared({ size, frame: unit.frame })
  const apart = ({ answers }: Answered) => Math.abs(answers.kept - kept)
  const [farthest] = answered
    .filter((one) => compared(sizeOf(one)) === own)
    .filter(({ unit: { inputs } }) => inputs.patch === patch && inputs.model !== model)
    .toSorted((a, b) => apart(b) - apart(a))
  const other = farthest?.unit.inputs.model ?? null
  return viewLink({ network: model, with: other, layer, size, patch, anchor: 'center', map: 'answers' })
}

function similarityLead(subject: Subject, findings: readonly ClaimFinding[]): Opening | undefined {
  const [lowest] = findings
    .filter(({ verdict }) => verdict === 'supported')
    .toSorted((a, b) => lowestOf(a).mean - lowestOf(b).mean)
  if (lowest === undefined) return undefined
  const { layer, mean } = lowestOf(lowest)
  const change =
    mean > 0
      ? `can fall to ${decimalText(mean, 3)} (1 is no change, 0 is another object)`
      : `can fall to ${decimalText(mean, 3)}, as low as between different objects`
  return {
    sentence: `In ${lowest.model} ${layer}, ${inWordsOf(subject, `the relative similarity of a moved object ${change}`)}.`,
    link: lowest.link,
  }
}

function lowestOf({ evidence }: ClaimFinding): ClaimFinding['evidence'][number] {
  return evidence
    .filter(({ lean }) => lean === 'for')
    .toSorted((a, b) => a.mean - b.mean)[0] as ClaimFinding['evidence'][number]
}
