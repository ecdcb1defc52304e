import { CONFIDENT } from '../../experiments/answers.js'
import { FEWEST_PATCHES } from '../../results/rows.js'
import type { StudyGroup } from '../../results/study.js'
import { decimalText, percentText } from '../numberText.js'
import { type ClaimFinding, isTooSmall, type Verdict } from './findings.js'

/** What the page says first, and the view that shows it. */
export interface Lead {
  readonly sentences: readonly string[]
  /** Fragment of a link to the page; undefined: the sentences tell of no object. */
  readonly link: string | undefined
}

/**
 * The object that changes its answer at most positions, of those a network is confident of at the center; then the claims that
 * hold for every network. Nothing of a study that is too small for verdicts.
 */
export function leadOf(findings: readonly ClaimFinding[], groups: readonly StudyGroup[]): Lead {
  const most = mostChanging(groups.filter(({ units }) => units.length >= FEWEST_PATCHES))
  const answer = most === undefined ? [] : [answerSentence(most)]
  return { sentences: [...answer, ...claimSentences(findings)], link: most && linkTo(most) }
}

type Answered = Pick<StudyGroup, 'model' | 'size'> & {
  readonly layer: string
  readonly patch: string
  readonly answers: NonNullable<StudyGroup['units'][number]['layers'][number]['answers']>
}

function mostChanging(groups: readonly StudyGroup[]): Answered | undefined {
  return groups
    .flatMap(({ model, size, units }) =>
      units.flatMap(({ inputs: { patch }, layers }) =>
        layers.flatMap(({ name, answers }): Answered[] =>
          answers === null || answers.center.probability < CONFIDENT || answers.kept === 1
            ? []
            : [{ model, size, layer: name, patch, answers }],
        ),
      ),
    )
    .reduce<Answered | undefined>(
      (most, one) => (most === undefined || one.answers.kept < most.answers.kept ? one : most),
      undefined,
    )
}

function answerSentence({ model, size, patch, answers: { center, kept, names } }: Answered): string {
  const answer = `“${names[center.class] ?? center.class}” (${decimalText(center.probability, 2)})`
  return `With “${patch}” (${size} px) at the center, ${model} answers ${answer}. It answers something else at ${percentText(100 * (1 - kept))} % of the positions.`
}

function linkTo({ model, layer, size, patch }: Answered): string {
  const view = { network: model, layer, size: String(size), patch, anchor: 'center', map: 'answers', with: 'same' }
  return `#${new URLSearchParams(view)}`
}

function claimSentences(findings: readonly ClaimFinding[]): readonly string[] {
  if (isTooSmall(findings)) return []
  const titles = (verdict: Verdict) =>
    [...new Set(findings.map(({ claim }) => claim))].flatMap((claim) => {
      const own = findings.filter((one) => one.claim === claim)
      return own.every((one) => one.verdict === verdict) ? [`“${own[0]?.title}”`] : []
    })
  const sentence = (verdict: Verdict, end: string) => {
    const claims = titles(verdict)
    return claims.length === 0 ? [] : [`${claims.join(', ')}: ${end}`]
  }
  return [
    ...sentence('supported', 'the numbers of every network here support this.'),
    ...sentence('not supported', 'the numbers of every network here contradict this.'),
  ]
}
