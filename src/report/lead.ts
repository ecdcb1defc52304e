import type { StudyGroup } from '../results/study.js'
import type { ClaimFinding } from './findings/findings.js'
import { decimalText } from './numberText.js'

/**
 * What of a study surprises most, in one or two plain sentences: first what a network answers that changes with the place,
 * then a claim of the paper that these numbers decide. Empty where nothing is clear.
 */
export function lead(findings: readonly ClaimFinding[], groups: readonly StudyGroup[]): readonly string[] {
  return [answerSentence(groups), claimSentence(findings)].filter((sentence) => sentence !== undefined)
}

/** Probability at the center times share of positions with another answer, from which it is a surprise. */
const SURPRISING = 0.01

/**
 * Fragment of the link that shows, in the viewer, what the first sentence of `lead` tells; undefined: it tells of no place.
 */
export function leadLink(groups: readonly StudyGroup[]): string | undefined {
  const most = mostSurprising(groups)
  if (most === undefined || surprise(most) < SURPRISING) return undefined
  const { model, layer, size, patch } = most
  const view = { network: model, layer, size: String(size), patch, anchor: 'center', map: 'answers', with: 'same' }
  return `#${new URLSearchParams(view)}`
}

type Answered = Pick<StudyGroup, 'model' | 'size'> & {
  readonly layer: string
  readonly patch: string
  readonly answers: NonNullable<StudyGroup['units'][number]['layers'][number]['answers']>
}

function surprise({ answers: { center, kept } }: Answered): number {
  return center.probability * (1 - kept)
}

/** The object of which a network is the surest at the center and takes it for something else at most places. */
function mostSurprising(groups: readonly StudyGroup[]): Answered | undefined {
  const known = groups.flatMap(({ model, size, units }) =>
    units.flatMap(({ inputs: { patch }, layers }) =>
      layers.flatMap(({ name, answers }): Answered[] =>
        answers === null ? [] : [{ model, size, layer: name, patch, answers }],
      ),
    ),
  )
  return known.slice(1).reduce((most, one) => (most && surprise(one) > surprise(most) ? one : most), known[0])
}

function answerSentence(groups: readonly StudyGroup[]): string | undefined {
  const most = mostSurprising(groups)
  if (most === undefined) return undefined
  if (surprise(most) < SURPRISING) return 'Every network here answers the same at nearly every place of every object.'
  const { model, size, patch, answers } = most
  const { center, kept, names } = answers
  const answer = `“${names[center.class] ?? center.class}” (${decimalText(center.probability, 2)})`
  return `Shown “${patch}” (${size} px) in the middle of the frame, ${model} answers ${answer}; at ${shareText(1 - kept)} of the places, something else.`
}

/** A share that is neither none nor all, in percent. */
function shareText(share: number): string {
  const percent = Math.min(99, Math.max(1, Math.round(100 * share)))
  return `${percent} %`
}

/** What each claim means once it is decided; the most surprising comes first. */
const SENTENCES: readonly {
  readonly claim: string
  readonly verdict: ClaimFinding['verdict']
  /** After "For …, ". */
  readonly meaning: string
}[] = [
  {
    claim: 'top-bottom-less-separable',
    verdict: 'not supported',
    meaning: 'top and bottom are told apart as well as left and right: the paper’s gap is its folds’ doing.',
  },
  {
    claim: 'anti-aliasing-keeps-global-invariance',
    verdict: 'not supported',
    meaning: 'anti-aliasing makes features more alike across the whole frame, other than the paper says.',
  },
  {
    claim: 'no-global-invariance',
    verdict: 'not supported',
    meaning: 'features are nearly the same wherever the object is, other than the paper says.',
  },
  {
    claim: 'no-global-invariance',
    verdict: 'supported',
    meaning: 'features are not the same wherever the object is, as the paper says.',
  },
]

function claimSentence(findings: readonly ClaimFinding[]): string | undefined {
  for (const { claim, verdict, meaning } of SENTENCES) {
    const judged = findings.filter((one) => one.claim === claim)
    const models = judged.filter((one) => one.verdict === verdict).map(({ model }) => model)
    if (models.length > 0) return `For ${subject(models, judged.length)}, ${meaning}`
  }
  return undefined
}

/** @param judged networks that the claim is about */
function subject(models: readonly string[], judged: number): string {
  if (models.length === 1) return models.join()
  if (models.length === judged) return 'every network here'
  return `${models.length} of ${judged} networks`
}
