import { CONFIDENT } from '../../experiments/answers.js'
import { decimalText, percentText } from '../../plot/numberText.js'
import { FEWEST_PATCHES } from '../../results/rows.js'
import type { StudyGroup } from '../../results/study.js'

/** What the page says first, and a link to the view that shows it. */
export interface Lead {
  readonly sentence: string
  /** Fragment of the page's address. */
  readonly link: string
}

/**
 * The object that changes its answer at most positions, of those a network is confident of at the center; undefined where no
 * answer changes, or of a study that is too small for verdicts.
 */
export function leadOf(groups: readonly StudyGroup[]): Lead | undefined {
  const most = mostChanging(groups.filter(({ units }) => units.length >= FEWEST_PATCHES))
  return most && { sentence: answerSentence(most), link: linkTo(most) }
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
  const view = { network: model, layer, size: String(size), patch, anchor: 'center', map: 'answers' }
  return `#${new URLSearchParams(view)}`
}
