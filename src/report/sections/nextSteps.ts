import { CONFIDENT } from '../../experiments/answers/confidence.js'
import type { ReportSection } from '../../page/html/section.js'
import type { SiteIndex } from '../../page/site/siteIndex.js'
import { escapeHtml } from '../../plot/html.js'
import { FEWEST_PATCHES } from '../../results/measures/rows.js'

/** Up to this share of confident answers, the page says how to get more. */
const FEW_CONFIDENT = 0.25

/** What a reader can do after this page, each with a command: first what this study lacks, then what else there is. */
export function nextSection({ groups }: SiteIndex, hasAnswers: boolean): ReportSection {
  const objects = new Set(groups.flatMap(({ units }) => units.map(({ patch }) => patch))).size
  const networks = new Set(groups.map(({ model }) => model)).size
  const answers = groups.flatMap(({ units }) => units.flatMap(({ answer }) => answer ?? []))
  const confident = answers.filter(({ center }) => center.probability >= CONFIDENT).length
  const steps: readonly (readonly [isShown: boolean, text: string, command: string])[] = [
    [
      objects < FEWEST_PATCHES,
      `Questions need at least ${FEWEST_PATCHES} objects. Use a folder with your own:`,
      'shiftscope reproduce --patches FOLDER',
    ],
    [
      answers.length > 0 && confident <= FEW_CONFIDENT * answers.length,
      `${confident === 0 ? 'No answer is' : `Only ${confident} of ${answers.length} answers are`} confident. Use objects that the networks know well, or larger ones:`,
      'shiftscope reproduce --patches FOLDER --sizes 125',
    ],
    [
      networks === 1,
      'See whether another network, or a version of yours, does better:',
      'shiftscope reproduce --models mine=old.onnx,new=new.onnx',
    ],
    [true, 'Move your own object in your own network:', 'shiftscope explore'],
    [
      !hasAnswers,
      'Measure on photographs how often a small shift changes the answer:',
      'shiftscope consistency PHOTOGRAPHS --models NETWORK',
    ],
    [
      true,
      'Compare this folder with that of a new version, and let CI fail if it became worse:',
      'shiftscope compare BEFORE AFTER --max-worse answer-agreement=0.1',
    ],
  ]
  const items = steps
    .filter(([isShown]) => isShown)
    .map(([, text, command]) => `<li>${escapeHtml(text)} <code>${escapeHtml(command)}</code></li>`)
  return { id: 'next', title: 'What can I do next?', html: `<ul>${items.join('\n')}</ul>` }
}
