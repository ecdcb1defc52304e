import { CLEAR_ERRORS, type Evidence, FEWEST_PATCHES } from './evidence.js'

export type Verdict = 'supported' | 'not supported' | 'cannot be judged'

/** A verdict and why it is so. */
export interface Judgement {
  readonly verdict: Verdict
  readonly because: string
}

/** How evidence becomes a verdict, in words. */
export const VERDICT_RULE = `A number speaks for or against a claim if its mean over at least ${FEWEST_PATCHES} patches is off the border by more than ${CLEAR_ERRORS} standard errors, and is open otherwise. A claim is supported if none speaks against it and at least as many speak for it as are open; not supported if it is the other way round; else it cannot be judged.`

/** The verdict on a claim from what speaks for and against it (see VERDICT_RULE). */
export function judge(evidence: readonly Evidence[]): Judgement {
  const judged = evidence.filter(({ lean }) => lean !== null)
  const count = (wanted: Evidence['lean']) => judged.filter(({ lean }) => lean === wanted).length
  const [inFavour, against, open] = [count('for'), count('against'), count('open')]
  const tally = `of ${numbers(judged.length)}, ${inFavour} ${inFavour === 1 ? 'speaks' : 'speak'} for it, ${against} against${layersAgainst(judged, against)}, ${open} ${open === 1 ? 'is' : 'are'} open`
  if (judged.length === 0) return { verdict: 'cannot be judged', because: 'nothing was measured that could tell' }
  if (isTooFew(judged)) {
    return { verdict: 'cannot be judged', because: `there are fewer than ${FEWEST_PATCHES} patches` }
  }
  if (inFavour > 0 && against === 0 && inFavour >= open) return { verdict: 'supported', because: tally }
  if (against > 0 && inFavour === 0 && against >= open) return { verdict: 'not supported', because: tally }
  return { verdict: 'cannot be judged', because: tally }
}

/** Whether no number is of enough patches to tell anything. */
export function isTooFew(judged: readonly Evidence[]): boolean {
  return judged.every(({ patches }) => patches < FEWEST_PATCHES)
}

const numbers = (count: number) => (count === 1 ? 'one number' : `${count} numbers`)

/** Which numbers speak against a claim, if only some do. */
function layersAgainst(judged: readonly Evidence[], against: number): string {
  if (against === 0 || against === judged.length) return ''
  const layers = judged.filter(({ lean }) => lean === 'against').map(({ layer, size }) => `${layer} at ${size} px`)
  return ` (${[...new Set(layers)].join(', ')})`
}
