import { SEES_NOTHING } from '../../experiments/boxes.js'
import { CONFIDENT } from '../../experiments/confidence.js'
import type { ObjectAnswer } from '../../page/everyObject.js'
import { centerOf } from '../../page/groups.js'
import type { AnswerSummary } from '../../page/siteIndex.js'
import { classText, probabilityText, shareText } from '../../page/text.js'
import { measuredText, sizeText, subjectOf } from '../../patches/sizes.js'
import { FEWEST_PATCHES } from '../../results/rows.js'
import { median } from '../../support/stopwatch.js'
import { EVERYWHERE } from './claims.js'

/** The answer to the title's question, and a second sentence, which may be empty. */
type Sentences = readonly [string, string]

/** Sentences about the example alone, for a study with too few objects to say more. */
export function sentencesOfFew(example: ObjectAnswer): Sentences {
  const { group, answer } = example
  const { center, kept, flip } = answer
  const sees = `${group.model} sees ${isNamed(example) ? '' : `“${example.patch}” as `}${named(center.name)}`
  const keeps = `keeps this answer at ${positionsText(kept)}.`
  if (!example.isConfident) {
    const probability = probabilityText(center.probability)
    return [`Not sure: at the center, ${sees} with a probability of only ${probability}.`, `It ${keeps}`]
  }
  if (flip) return [`Not always: ${changeText(example, flip)}.`, `At the center, ${sees}, and it ${keeps}`]
  return [`${howOften(kept, true)}: ${sees} at ${positionsText(kept)}.`, '']
}

/**
 * A sentence about the example or about confident answers, and one about how often answers hold.
 * @param alike answers of all networks for objects of the example's size
 */
export function sentencesOfMany(
  example: ObjectAnswer,
  answered: readonly ObjectAnswer[],
  alike: readonly ObjectAnswer[],
): Sentences {
  const { flip } = example.answer
  const isAboutExample = flip !== undefined && example.isConfident
  const [confident, unsure] = keptShares(isAboutExample ? alike : answered)
  const unsureText = unsure.length > 0 ? `unsure ones ${holdText(unsure)}` : ''
  if (confident.length === 0)
    return [`Not sure: no answer at the center has a probability of ${CONFIDENT} or more.`, sentence(unsureText)]
  if (!isAboutExample) return [heldSentence(confident), sentence(unsureText)]
  const groups = alike.map(({ group }) => group)
  const where = alike.length < answered.length ? `for ${measuredText(groups, sizeText)}, ` : ''
  const confidentText = `${where}confident answers ${holdText(confident)}`
  return [`Not always: ${changeText(example, flip)}.`, sentence(confidentText, unsureText)]
}

/** Shares of kept positions of confident answers, and of the others. */
function keptShares(answered: readonly ObjectAnswer[]): readonly [readonly number[], readonly number[]] {
  const sharesOf = (some: readonly ObjectAnswer[]) => some.map(({ answer }) => answer.kept)
  return [
    sharesOf(answered.filter(({ isConfident }) => isConfident)),
    sharesOf(answered.filter(({ isConfident }) => !isConfident)),
  ]
}

/** Makes a sentence of parts that are not empty. Without any, it is empty. */
function sentence(...parts: readonly string[]): string {
  const text = parts.filter((part) => part !== '').join(', ')
  return text && `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}

/** Shares of positions for `heldSentence`, the largest first. */
const SHARES = [1, 0.999, 0.99, EVERYWHERE] as const

/** Says at which share of positions at least three quarters of the confident answers hold. */
function heldSentence(kept: readonly number[]): string {
  const holding = (share: number) => kept.filter((one) => one >= share).length
  const share = SHARES.find((one) => holding(one) >= 0.75 * kept.length)
  if (share === undefined) return `Not always: confident answers ${holdText(kept)}.`
  const isAll = holding(share) === kept.length
  const number = isAll ? `all ${kept.length}` : `${holding(share)} of ${kept.length}`
  const who = kept.length === 1 ? 'the only confident answer holds' : `${number} confident answers hold`
  const where = share === 1 ? 'all positions' : `${100 * share} % of positions or more`
  return `When it is sure, ${howOften(share, isAll).toLowerCase()}: ${who} at ${where}.`
}

/** @param isAll whether all answers hold at this share of positions */
function howOften(share: number, isAll: boolean): string {
  if (share === 1 && isAll) return 'Yes'
  if (share >= 0.99) return 'Almost always'
  return share >= EVERYWHERE ? 'Mostly' : 'Not always'
}

/** How often answers hold whose median share of positions is at least the first number. */
const HOLD = [
  [EVERYWHERE, 'mostly hold'],
  [0.8, 'do not always hold'],
  [0.5, 'often do not hold'],
  [0, 'mostly do not hold'],
] as const

/** Says at how many positions answers hold, as the predicate of a sentence about them. A few answers have no median. */
function holdText(kept: readonly number[]): string {
  if (kept.length < FEWEST_PATCHES) {
    const ends = [Math.min(...kept), Math.max(...kept)].map((one) => shareText(one, 1))
    return `hold at ${[...new Set(ends)].join(' to ')} of positions`
  }
  const middle = median(kept)
  const [, often] = HOLD.find(([least]) => middle >= least) as (typeof HOLD)[number]
  return `${often} (median ${shareText(middle, 1)} of positions)`
}

function positionsText(share: number): string {
  return share === 1 ? 'all positions' : `${shareText(share, 1)} of positions`
}

/** Whether the answer at the center can stand for the object in a sentence. */
function isNamed({ group, answer }: ObjectAnswer): boolean {
  return answer.center.isRight === true && subjectOf(group) === 'objects'
}

/** Says how far the object moves until the network answers otherwise, and what it then answers. */
function changeText(example: ObjectAnswer, flip: NonNullable<AnswerSummary['flip']>): string {
  const { group, patch, answer } = example
  const start = centerOf(group)
  const moved = `moved by ${Math.round(Math.hypot(flip.row - start.row, flip.col - start.col))} px`
  const first = named(answer.center.name)
  const [object, turns] = isNamed(example) ? [first, 'becomes'] : [`“${patch}”`, `turns from ${first} into`]
  return `${moved}, ${object} ${flip.name === SEES_NOTHING ? 'is no longer seen' : `${turns} ${named(flip.name)}`}`
}

/** The name of a class in quotation marks. No rule finds the article, or the plural, of every class name. */
function named(name: string): string {
  const text = classText(name)
  return /^\d+$/.test(text) ? `class ${text}` : `“${text}”`
}
