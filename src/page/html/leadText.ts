import { CONFIDENT, EVERYWHERE } from '../../experiments/answers/confidence.js'
import { SEES_NOTHING } from '../../experiments/answers/headRow.js'
import { sizeText } from '../../patches/sizes.js'
import { FEWEST_PATCHES } from '../../results/measures/rows.js'
import { median } from '../../support/stopwatch.js'
import { centerOf, kindOf } from '../site/groups.js'
import type { AnswerSummary } from '../site/siteIndex.js'
import { agreementText, classText, probabilityText, shareText } from '../text/text.js'
import type { ObjectAnswer } from './everyObject.js'

/** The answer to the title's question, and a second sentence, which may be empty. */
type Sentences = readonly [string, string]

/** Sentences about the example alone, for a study with too few objects to say more. */
export function sentencesOfFew(example: ObjectAnswer): Sentences {
  const { group, answer } = example
  const { center, agreement, frequent, flip } = answer
  const sees = `${group.model} sees ${isNamed(example) ? '' : `“${example.patch}” as `}${named(center.name)}`
  const agree = sentence(agreementText(agreement))
  if (!example.isConfident) {
    const probability = probabilityText(center.probability)
    return [`Not sure: at the center, ${sees} with a probability of only ${probability}.`, agree]
  }
  if (flip) return [`Not always: ${changeText(example, flip)}.`, `At the center, ${sees}. ${agree}`]
  const isSameEverywhere = frequent.length === 1 && frequent[0]?.name === center.name
  if (isSameEverywhere) return [`Yes: ${sees} at all positions.`, '']
  return [`${howOften(agreement)}: ${agreementText(agreement)}.`, `At the center, ${sees}.`]
}

/**
 * A sentence about the example or about confident answers, and one about how often answers change.
 * @param alike answers of all networks for objects of the example's size
 */
export function sentencesOfMany(
  example: ObjectAnswer,
  answered: readonly ObjectAnswer[],
  alike: readonly ObjectAnswer[],
): Sentences {
  const [first, more] = manySentences(example, answered, alike)
  const usesTerm = `${first} ${more}`.includes('agreement')
  return [first, usesTerm ? `${more} ${MEANING}`.trim() : more]
}

const MEANING = 'Agreement is the chance that two positions get the same answer.'

function manySentences(
  example: ObjectAnswer,
  answered: readonly ObjectAnswer[],
  alike: readonly ObjectAnswer[],
): Sentences {
  const { flip } = example.answer
  const isAboutExample = flip !== undefined && example.isConfident
  const [confident, unsure] = agreements(isAboutExample ? alike : answered)
  const unsureText = unsure.length > 0 ? `unsure ones ${changeWords(unsure)}` : ''
  if (confident.length === 0)
    return [`Not sure: no answer at the center has a probability of ${CONFIDENT} or more.`, sentence(unsureText)]
  if (!isAboutExample) return [heldSentence(confident), sentence(unsureText)]
  const groups = alike.map(({ group }) => group)
  const where = alike.length < answered.length ? `for objects of ${sizeText(groups)}, ` : ''
  const confidentText = `${where}confident answers ${changeWords(confident)}`
  return [`Not always: ${changeText(example, flip)}.`, sentence(confidentText, unsureText)]
}

/** The agreement of each confident answer, and of each other one. */
function agreements(answered: readonly ObjectAnswer[]): readonly [readonly number[], readonly number[]] {
  const of = (some: readonly ObjectAnswer[]) => some.map(({ answer }) => answer.agreement)
  return [of(answered.filter(({ isConfident }) => isConfident)), of(answered.filter(({ isConfident }) => !isConfident))]
}

/** Makes a sentence of parts that are not empty. Without any, it is empty. */
function sentence(...parts: readonly string[]): string {
  const text = parts.filter((part) => part !== '').join(', ')
  return text && `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}

/** Agreements for `heldSentence`, the highest first. */
const LEVELS = [1, 0.999, 0.99, EVERYWHERE] as const

/** Says which agreement at least three quarters of the confident answers reach. */
function heldSentence(confident: readonly number[]): string {
  const reaching = (level: number) => confident.filter((one) => one >= level).length
  const level = LEVELS.find((one) => reaching(one) >= 0.75 * confident.length)
  if (level === undefined) return `Not always: confident answers ${changeWords(confident)}.`
  const isAll = reaching(level) === confident.length
  const number = isAll ? `all ${confident.length}` : `${reaching(level)} of ${confident.length}`
  const isOne = confident.length === 1
  const who = isOne ? 'the only confident answer' : `${number} confident answers`
  const [holds, has] = isOne ? ['holds', 'has'] : ['hold', 'have']
  const often = level === 1 && isAll ? 'yes' : howOften(level).toLowerCase()
  const what = level === 1 ? `${holds} at all positions` : `${has} an agreement of ${100 * level} % or more`
  return `When it is sure, ${often}: ${who} ${what}.`
}

function howOften(agreement: number): string {
  if (agreement >= 0.99) return 'Almost always'
  return agreement >= EVERYWHERE ? 'Mostly' : 'Not always'
}

/** How often answers change whose median agreement is at least the first number. */
const CHANGE = [
  [EVERYWHERE, 'rarely change'],
  [0.8, 'sometimes change'],
  [0.5, 'often change'],
  [0, 'mostly change'],
] as const

/** Says how often answers change, as the predicate of a sentence about them. A few answers have no median. */
function changeWords(agreements: readonly number[]): string {
  if (agreements.length < FEWEST_PATCHES) {
    const ends = [Math.min(...agreements), Math.max(...agreements)].map((one) => shareText(one, 1))
    return `have an agreement of ${[...new Set(ends)].join(' to ')}`
  }
  const middle = median(agreements)
  const [, often] = CHANGE.find(([least]) => middle >= least)!
  return `${often} (median agreement ${shareText(middle, 1)})`
}

/** Whether the answer at the center can stand for the object in a sentence. */
function isNamed({ group, answer }: ObjectAnswer): boolean {
  return answer.center.isRight === true && kindOf(group) === 'object'
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
