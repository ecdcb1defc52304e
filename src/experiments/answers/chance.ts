import { mean } from '../../support/statistics.js'
import { counted } from '../../support/text.js'

/** A network is constant if one answer is more than this share of all its answers. */
const MOST_OF_ONE = 0.9

/** The answers to one picture: a photograph in the frames of a protocol, or an object at all positions. */
export interface PictureAnswers {
  /** Answers as `numberedAnswers` numbers them, one per frame or position. All pictures have equally many. */
  readonly answers: Uint32Array
  /** The answer to the picture where it has not moved, or in its first frame. */
  readonly first: number
  /** Probability of `first`. */
  readonly confidence: number
  /** Agreement of the answers with each other, 0 to 1. */
  readonly agreement: number
}

/** How different the answers to pictures are. Unless stated otherwise, the first answer to each picture counts. */
export interface AnswerVariety {
  /** Number of pictures. */
  readonly pictures: number
  /** Number of different answers. */
  readonly distinct: number
  /** Number of equally frequent answers that would vary as much: 1 / Σ share². */
  readonly effective: number
  /** Mean probability of these answers; null without pictures. */
  readonly confidence: number | null
  /** Number of pictures whose answer is the most frequent one of all frames or positions. */
  readonly most: number
  /**
   * Whether this answer is more than 90 % of those in all frames or at all positions. Such a network agrees with itself
   * whatever it sees, so its consistency says nothing.
   */
  readonly isConstant: boolean
}

/**
 * Values of each picture, whose means and standard errors are those of the number for all pictures together. Both are
 * NaN if there are fewer than two pictures.
 */
export interface ChanceCorrected {
  /** The chance agreement: the probability that two different pictures get the same answer at the same frame. */
  readonly chance: readonly number[]
  /**
   * The relative agreement (agreement − chance) / (1 − chance), as Cohen (1960) corrects raters. NaN for a constant
   * network.
   */
  readonly relative: readonly number[]
}

/** Returns a function that numbers answers from 0 in the order in which it first gets them. */
export function numberedAnswers(): (answers: Float32Array) => Uint32Array {
  const numbers = new Map<number, number>()
  return (answers) =>
    Uint32Array.from(answers, (answer) => {
      const number = numbers.get(answer) ?? numbers.size
      numbers.set(answer, number)
      return number
    })
}

/**
 * Corrects the agreement of pictures for chance, in O(pictures × frames).
 *
 * The chance agreement C depends on pairs of pictures, so no picture has a value of its own. Each gets the linear part
 * of its influence: C + 2 (cᵢ − C), where cᵢ is the share of the other pictures with the same answer. In the relative
 * agreement k, this is k + [(aᵢ − a) (1 − C) − 2 (1 − a) (cᵢ − C)] / (1 − C)². The means of these values are exactly C
 * and k, and their variance counts that C is estimated, too.
 */
export function chanceCorrected(pictures: readonly PictureAnswers[]): ChanceCorrected {
  const { length } = pictures
  const none = Array<number>(length).fill(Number.NaN)
  if (length < 2) return { chance: none, relative: none }
  const same = sharesOfSame(pictures)
  const [agreement, chance] = [mean(pictures.map((one) => one.agreement)), mean(same)]
  const chances = same.map((share) => chance + 2 * (share - chance))
  // If all pictures get the same answers, chance explains any agreement.
  const left = 1 - chance
  if (left <= 0 || varietyOf(pictures).isConstant) return { chance: chances, relative: none }
  const relative = pictures.map((one, i) => {
    const influence = (one.agreement - agreement) * left - 2 * (1 - agreement) * (same[i]! - chance)
    return (agreement - chance) / left + influence / left ** 2
  })
  return { chance: chances, relative }
}

/** For each picture, the share of the other pictures that have the same answer, mean over frames. */
function sharesOfSame(pictures: readonly PictureAnswers[]): readonly number[] {
  const frames = pictures[0]?.answers.length ?? 0
  const counts = new Uint32Array(numbersOf(pictures))
  const sums = new Float64Array(pictures.length)
  for (let frame = 0; frame < frames; frame++) {
    counts.fill(0)
    for (const { answers } of pictures) counts[answers[frame]!]!++
    for (let i = 0; i < sums.length; i++) sums[i] = sums[i]! + counts[pictures[i]!.answers[frame]!]! - 1
  }
  return Array.from(sums, (sum) => sum / frames / (pictures.length - 1))
}

/** One more than the largest number of an answer. */
function numbersOf(pictures: readonly PictureAnswers[]): number {
  return (
    1 +
    pictures.reduce((most, { first, answers }) => answers.reduce((a, b) => Math.max(a, b), Math.max(most, first)), 0)
  )
}

export function varietyOf(pictures: readonly PictureAnswers[]): AnswerVariety {
  const { length } = pictures
  const [firsts, all] = [new Uint32Array(numbersOf(pictures)), new Uint32Array(numbersOf(pictures))]
  for (const { answers, first } of pictures) {
    firsts[first]!++
    for (const answer of answers) all[answer]!++
  }
  const frequent = all.indexOf(all.reduce((a, b) => Math.max(a, b), 0))
  const frames = pictures[0]?.answers.length ?? 0
  return {
    pictures: length,
    distinct: firsts.filter((count) => count > 0).length,
    effective: length === 0 ? 0 : 1 / firsts.reduce((sum, count) => sum + (count / length) ** 2, 0),
    confidence: length === 0 ? null : mean(pictures.map(({ confidence }) => confidence)),
    most: firsts[frequent]!,
    isConstant: length > 1 && all[frequent]! > MOST_OF_ONE * length * frames,
  }
}

/** Why the consistency of a constant network says nothing, as a predicate; undefined for other networks. */
export function constantWords(
  { isConstant, most, pictures }: Pick<AnswerVariety, 'isConstant' | 'most' | 'pictures'>,
  noun: string,
): string | undefined {
  return isConstant
    ? `gives the same answer to ${most} of ${counted(pictures, noun)}; its consistency says nothing`
    : undefined
}

/** Such as `41 different answers to 60 photographs (effective number 33.1), mean confidence 0.612`. */
export function varietyText(
  { distinct, pictures, effective, confidence }: Omit<AnswerVariety, 'isConstant' | 'most'>,
  noun: string,
): string {
  const answers = `${counted(distinct, 'different answer')} to ${counted(pictures, noun)}`
  const sure = confidence === null ? '' : `, mean confidence ${confidence.toFixed(3)}`
  return `${answers} (effective number ${effective.toFixed(1)})${sure}`
}
