import { CONFIDENT } from '../../experiments/answers.js'
import { SEES_NOTHING } from '../../experiments/boxes.js'
import { classText, probabilityText, shareText } from '../../page/browser/text.js'
import type { AnswerSummary, SiteGroup } from '../../page/siteIndex.js'
import { measuredText, sizeText, subjectOf } from '../../patches/sizes.js'
import { FEWEST_PATCHES } from '../../results/rows.js'
import { median } from '../../support/stopwatch.js'

/** A network's answers for one object at one size. */
export interface Answered {
  readonly group: SiteGroup
  readonly patch: string
  readonly answer: AnswerSummary
}

export function isConfident({ answer }: Answered): boolean {
  return answer.center.probability >= CONFIDENT
}

/** The answer to the title's question, and a second sentence, which may be empty. */
type Sentences = readonly [string, string]

/** Sentences about the example alone, for a study with too few objects to say more. */
export function sentencesOfFew(example: Answered): Sentences {
  const { group, patch, answer } = example
  const { center, kept } = answer
  const what = center.isRight === true ? named(center.name) : `“${patch}” as ${named(center.name)}`
  const sees = `${group.model} sees ${what}`
  const keeps = `keeps this answer at ${positionsText(kept)}.`
  if (!isConfident(example)) {
    const probability = probabilityText(center.probability)
    return [`Not sure: at the center, ${sees} with a probability of only ${probability}.`, `It ${keeps}`]
  }
  if (answer.flip)
    return [`Not always: ${changeText(example, answer.flip)}.`, `At the center, ${sees}, and it ${keeps}`]
  return [`${howOften(kept, true)}: ${sees} at ${positionsText(kept)}.`, '']
}

/**
 * A sentence about the example or about confident answers, and one about how often answers hold.
 * @param alike answers of all networks for objects of the example's size
 */
export function sentencesOfMany(
  example: Answered,
  answered: readonly Answered[],
  alike: readonly Answered[],
): Sentences {
  const { flip } = example.answer
  if (!answered.some(isConfident)) {
    const none = `Not sure: no answer at the center has a probability of ${CONFIDENT} or more.`
    return [none, `They ${holdText(keptBy(answered))}.`]
  }
  if (flip === undefined) {
    const unsure = keptBy(answered, false)
    const more = unsure.length > 0 ? `Unsure ones ${holdText(unsure)}.` : ''
    return [heldSentence(keptBy(answered, true)), more]
  }
  const measured = measuredText(
    alike.map(({ group }) => group),
    sizeText,
  )
  const who = alike.length < answered.length ? `For ${measured}, confident answers` : 'Confident answers'
  const unsure = keptBy(alike, false)
  const more = unsure.length > 0 ? `, unsure ones ${holdText(unsure)}` : ''
  return [`Not always: ${changeText(example, flip)}.`, `${who} ${holdText(keptBy(alike, true))}${more}.`]
}

/** Shares of kept positions, of confident or of unsure answers, or of all. */
function keptBy(answered: readonly Answered[], wanted?: boolean): readonly number[] {
  return answered.filter((one) => isConfident(one) === (wanted ?? isConfident(one))).map(({ answer }) => answer.kept)
}

/** Shares of positions for `heldSentence`, the largest first. */
const SHARES = [1, 0.999, 0.99, 0.95, 0.9] as const

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
  return share >= 0.9 ? 'Mostly' : 'Not always'
}

/** Says at how many positions answers hold, as the predicate of a sentence about them. A few answers have no median. */
function holdText(kept: readonly number[]): string {
  if (kept.length < FEWEST_PATCHES) {
    const ends = [Math.min(...kept), Math.max(...kept)].map((one) => shareText(one, 1))
    return `hold at ${[...new Set(ends)].join(' to ')} of positions`
  }
  const middle = median(kept)
  const often = middle >= 0.9 ? 'mostly hold' : middle >= 0.5 ? 'often do not hold' : 'mostly do not hold'
  return `${often} (median ${shareText(middle, 1)} of positions)`
}

function positionsText(share: number): string {
  return share === 1 ? 'all positions' : `${shareText(share, 1)} of positions`
}

/** Says how far the object moves until the network answers otherwise, and what it then answers. */
function changeText({ group, patch, answer: { center } }: Answered, flip: NonNullable<AnswerSummary['flip']>): string {
  const start = group.anchors.find(({ name }) => name === 'center') ?? flip
  const moved = `moved by ${Math.round(Math.hypot(flip.row - start.row, flip.col - start.col))} px,`
  const first = named(center.name)
  const isRight = center.isRight === true
  const isPhotograph = isRight && subjectOf(group) === 'photographs'
  const seen = isPhotograph ? `a photograph of ${first}` : isRight ? first : `“${patch}”`
  if (flip.name === SEES_NOTHING) return `${moved} ${seen} is no longer seen`
  const turns = isPhotograph ? 'becomes one of' : isRight ? 'becomes' : `turns from ${first} into`
  return `${moved} ${seen} ${turns} ${named(flip.name)}`
}

/** Puts an article before the name of a class, unless it is a plural. */
function named(name: string): string {
  const text = classText(name)
  if (/^\d+$/.test(text)) return `class ${text}`
  if (/[^su]s$/.test(text)) return text
  return `${/^[aeiou]/i.test(text) ? 'an' : 'a'} ${text}`
}
