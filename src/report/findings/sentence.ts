import { decimalText } from '../numberText.js'
import type { Evidence, Lean } from './evidence.js'
import { retrainedSamples } from './retrained.js'
import { isTooFew, type Judgement, type Verdict } from './verdict.js'

/** The sign of a verdict before its sentence. */
export const VERDICT_MARKS: Readonly<Record<Verdict, string>> = {
  supported: '✓',
  'not supported': '✗',
  'cannot be judged': '?',
}

/** A claim about one network in plain words: how its sentence begins by the verdict, and what the numbers are. */
export interface PlainWords {
  readonly supported: string
  readonly against: string
  /** Where it is open. */
  readonly question: string
  /** Numbers in words, and the same where others were named before them. */
  readonly numbers: (some: readonly Evidence[]) => string
  readonly others: (some: readonly Evidence[]) => string
  /** What is worth knowing besides, at the end. */
  readonly aside?: string
}

/** As what numbers are shown: their values, digits after the point and unit. */
export interface NumberScale {
  readonly of: (mean: number) => number
  readonly digits: number
  readonly unit: string
}

export const AS_IT_IS: NumberScale = { of: (mean) => mean, digits: 3, unit: '' }
export const IN_PERCENT: NumberScale = { of: (mean) => 100 * mean, digits: 1, unit: ' %' }

/** The numbers of a claim that rests on one quantity. @param around a text such as "0.2 to 0.4" */
export function inRange(scale: NumberScale, around: (range: string) => string): Pick<PlainWords, 'numbers' | 'others'> {
  return { numbers: (some) => around(rangeText(some, scale)), others: (some) => rangeText(some, scale) }
}

/**
 * One sentence with the numbers that decide: of a verdict those that speak for it, of an open question those of either side
 * and where they were measured.
 * @param evidence that the verdict may rest on, with what is shown only
 */
export function plainSentence(words: PlainWords, evidence: readonly Evidence[], judgement: Judgement): string {
  const judged = evidence.filter(({ lean }) => lean !== null)
  const start = { supported: words.supported, 'not supported': words.against, 'cannot be judged': words.question }
  const hasNumbers = judged.length > 0 && !isTooFew(judged)
  const reason = hasNumbers
    ? [
        decidingNumbers(words, judged, judgement.verdict),
        words.aside ?? '',
        retrainedNumbers(words, deciding(judged, judgement.verdict)),
      ].join('')
    : judgement.because
  return `${start[judgement.verdict]}: ${reason}.`
}

/** What the same numbers are where networks like this one were trained from other seeds. */
function retrainedNumbers(words: PlainWords, some: readonly Evidence[]): string {
  const others = some.flatMap((one) => one.retrained?.map((mean) => ({ ...one, mean })) ?? [])
  return others.length === 0
    ? ''
    : `; trained from other seeds on ${retrainedSamples()} pictures ${words.others(others)}`
}

/** What a verdict rests on; of an open question, all that was judged. */
function deciding(judged: readonly Evidence[], verdict: Verdict): readonly Evidence[] {
  const wanted = { supported: 'for', 'not supported': 'against', 'cannot be judged': undefined }[verdict]
  return wanted === undefined ? judged : judged.filter(({ lean }) => lean === wanted)
}

function decidingNumbers(words: PlainWords, judged: readonly Evidence[], verdict: Verdict): string {
  if (verdict !== 'cannot be judged') {
    const some = deciding(judged, verdict)
    return `${words.numbers(some)}${placesOf(some, judged)}`
  }
  const speaking = (lean: Lean) => judged.filter((one) => one.lean === lean)
  const [inFavour, against, open] = [speaking('for'), speaking('against'), speaking('open')]
  const [first = [], second] = [inFavour, against, open].filter((side) => side.length > 0)
  const end = (second ?? first) === open ? ', which tells neither way' : ''
  const others = second === undefined ? '' : `, but ${words.others(second)}${placesOf(second, judged)}`
  return `${words.numbers(first)}${placesOf(first, judged)}${others}${end}`
}

/** Smallest to largest mean: "0.2 to 0.4", "5.0 to 7.5 %". */
export function rangeText(evidence: readonly Evidence[], { of, digits, unit }: NumberScale): string {
  const means = evidence.map(({ mean }) => of(mean))
  const [low, high] = [Math.min(...means), Math.max(...means)].map((mean) => decimalText(mean, digits))
  return low === high ? `${low}${unit}` : `${low} to ${high}${unit}`
}

/** More places than this are counted, not named. */
const MOST_PLACES = 3

/** " in fc6 and fc7 at 75 px", a layer without its size if all sizes of it are among them; nothing where that is everywhere. */
function placesOf(some: readonly Evidence[], all: readonly Evidence[]): string {
  if (some.length === all.length) return ''
  const sizesOf = (evidence: readonly Evidence[], layer: string) =>
    new Set(evidence.filter((one) => one.layer === layer).map(({ size }) => size))
  const places = [...new Set(some.map(({ layer }) => layer))].flatMap((layer) => {
    const own = sizesOf(some, layer)
    return own.size === sizesOf(all, layer).size ? [layer] : [...own].map((size) => `${layer} at ${size} px`)
  })
  if (places.length > MOST_PLACES) return ` in ${some.length} of ${all.length} cases`
  return ` in ${places.length === 1 ? places[0] : `${places.slice(0, -1).join(', ')} and ${places.at(-1)}`}`
}
