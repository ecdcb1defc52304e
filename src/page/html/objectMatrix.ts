import { CONFIDENT } from '../../experiments/answers/confidence.js'
import { escapeHtml } from '../../plot/html.js'
import { FEWEST_PATCHES } from '../../results/measures/rows.js'
import { counted } from '../../support/text.js'
import { comparedIn, kindOf } from '../site/groups.js'
import type { SiteGroup, SiteIndex } from '../site/siteIndex.js'
import { shareText } from '../text/text.js'
import { constantSentence, type ObjectAnswer, objectAnswers } from './everyObject.js'

/** Id of the page's section about all objects. Its heading answers whether the object in the viewer is an exception. */
const ID = 'every-object'

/** The heading and the sentences about the answers for objects of one size. Plain text. */
export interface OverviewText {
  readonly question: string
  readonly answer: string
  /** Empty if the study has only one object. */
  readonly counts: string
}

/** An answer changes much if two positions get the same one with a smaller chance. */
const AGREES = 0.9

/** An object that changes much is an exception if fewer of the answers do, and the rule if at least `COMMON` do. */
const RARE = 0.25
const COMMON = 0.5

/** @param groups networks at one size, with answers */
export function objectMatrixText(groups: readonly SiteGroup[]): OverviewText {
  const answers = objectAnswers(groups.filter(({ constant }) => constant === undefined))
  const constant = groups.map(constantSentence).filter((text) => text !== '')
  const confident = answers.filter(({ isConfident }) => isConfident)
  const unsure = answers.filter(({ isConfident }) => !isConfident)
  const kind = groups.some((group) => kindOf(group) === 'photograph') ? 'photograph' : 'object'
  const objects = objectsOf(answers)
  const verdicts = [verdictAmong('confident', confident), verdictAmong('unsure', unsure)].filter((text) => text !== '')
  const tooFew = `Can’t tell: ${objects === 0 ? constant.join(' ') : `this study has only ${counted(objects, kind)}.`}`
  return {
    question: `Is this ${kind} an exception?`,
    answer: objects < FEWEST_PATCHES ? tooFew : verdicts.join(' '),
    counts: objects === 0 ? '' : [...(objects === 1 ? [] : [countsText(confident, unsure)]), ...constant].join(' '),
  }
}

/** Says whether an object whose answer changes is an exception among the given answers. Empty without answers. */
function verdictAmong(kind: 'confident' | 'unsure', answers: readonly ObjectAnswer[]): string {
  const objects = objectsOf(answers)
  const changing = answers.filter(changesMuch).length
  const share = changing / answers.length
  if (objects === 0) return ''
  if (objects < FEWEST_PATCHES)
    return `Can’t tell among ${kind} answers: only ${counted(objects, 'object')} ${objects === 1 ? 'has' : 'have'} one.`
  if (changing === 0) return `${kind === 'confident' ? 'Confident' : 'Unsure'} answers all hold.`
  const verdict = share < RARE ? 'An exception' : share < COMMON ? 'Not rare' : 'The rule'
  return `${verdict} among ${kind} answers: ${changing} of ${answers.length} change much.`
}

function countsText(confident: readonly ObjectAnswer[], unsure: readonly ObjectAnswer[]): string {
  const share = `${confident.length || 'none'} of ${counted(confident.length + unsure.length, 'answer')}`
  return [
    `An answer is confident if its probability is at least ${CONFIDENT} with the object at the center, as ${share} ${confident.length < 2 ? 'is' : 'are'}.`,
    ...(confident.length > 0 ? [changesText(confident, 'confident')] : []),
    ...(unsure.length > 0 ? [changesText(unsure, 'unsure')] : []),
  ].join(' ')
}

function changesText(answers: readonly ObjectAnswer[], kind: string): string {
  const somewhere = answers.filter(({ answer }) => answer.agreement < 1).length
  if (answers.length === 1) return `The only ${kind} answer ${onlyText(answers[0]!)}.`
  const which = `Of the ${counted(answers.length, `${kind} answer`)}`
  if (somewhere === 0) return `${which}, none changes at any position.`
  const verb = somewhere === 1 ? 'changes' : 'change'
  return `${which}, ${somewhere} ${verb} somewhere, and ${muchText(answers.filter(changesMuch).length)}.`
}

function muchText(changing: number): string {
  return `${changing || 'none'} ${changing < 2 ? 'has' : 'have'} an agreement below ${100 * AGREES} %`
}

/** Says how much a single answer changes. */
function onlyText({ answer: { agreement } }: ObjectAnswer): string {
  return agreement === 1 ? 'changes at no position' : `changes: it has an agreement of ${shareText(agreement, 1)}`
}

function changesMuch({ answer }: ObjectAnswer): boolean {
  return answer.agreement < AGREES
}

function objectsOf(answers: readonly ObjectAnswer[]): number {
  return new Set(answers.map(({ patch }) => patch)).size
}

/**
 * HTML of the section: its texts for each size, of which the page's script shows one, and a place where it draws all
 * answers. Empty if no network has classes.
 */
export function overviewHtml(index: SiteIndex): string {
  const compared = comparedIn(index)
  const answered = index.groups.filter(({ units }) => units.some(({ answer }) => answer))
  if (answered.length === 0) return ''
  const texts = [...new Set(answered.map(compared))].map((size, i) => ({
    attributes: `data-size="${size}"${i === 0 ? '' : ' hidden'}`,
    ...objectMatrixText(answered.filter((one) => compared(one) === size)),
  }))
  const headings = texts.map(
    ({ attributes, question, answer }) =>
      `<span ${attributes}>${escapeHtml(question)} <span>${escapeHtml(answer)}</span></span>`,
  )
  const counts = texts.map(({ attributes, counts }) => `<p ${attributes}>${escapeHtml(counts)}</p>`)
  const patches = new Set(answered.flatMap(({ units }) => units.map(({ patch }) => patch)))
  return `<section class="report" id="${ID}" aria-labelledby="${ID}-title">
<h2 id="${ID}-title">${headings.join('')}</h2>
${patches.size > 1 ? `${counts.join('\n')}\n<div id="${ID}-app"></div>\n${NOTE}` : ''}
</section>`
}

const NOTE = `<p class="soft">Each small map has one pixel per position, in the colours of the maps above. Click one to load it as map A, or with Shift as map B. The share below it is the
agreement: the chance that two positions, drawn at random, get the same answer, whether it is right or wrong. Correct answers are blue. The number is the probability at the center: <span class="sure">confident</span>, <span class="unsure"><span class="sure">unsure</span></span>. The name under an object is the most frequent answer of all networks besides the usual one. Objects come first if a network is confident.
An answer changes much if its agreement is below ${100 * AGREES} %. This is an exception among fewer than a quarter of the answers, and the rule among at least half.</p>`

export const OVERVIEW_STYLE = `
#every-object h2 span span{display:block;font-weight:400}
.answer-maps{border-collapse:separate;border-spacing:0;margin:0 0 1rem;font-size:.82rem}
.answer-maps th,.answer-maps td{padding:0 8px .5rem 0;border:0;vertical-align:top;white-space:normal;overflow-wrap:anywhere;text-align:left;line-height:1.25}
.answer-maps thead th{width:var(--cell);min-width:var(--cell);box-sizing:content-box;text-align:center;position:relative;font-weight:600}.answer-maps thead th{padding-top:2.3rem}
.answer-maps .title{position:absolute;top:0;left:0;text-align:left}.answer-maps small{display:block;font-weight:400}
.answer-maps img{display:block;width:44px;height:44px;margin:0 auto .2rem;object-fit:contain;border-radius:4px;outline:1px solid var(--line);outline-offset:-1px}
.answer-maps tbody th{font-weight:600;width:130px;min-width:130px}.narrow tbody th{width:auto;min-width:0;padding:.2rem 0}
.answer-map{display:block;width:100%;padding:0;border:0;background:none;border-radius:0;min-height:0;position:relative;text-align:left;line-height:1.35}
.answer-map canvas{display:block;width:100%;aspect-ratio:1;image-rendering:pixelated;background:var(--tint);outline:1px solid color-mix(in srgb,var(--ink) 22%,transparent);outline-offset:-1px;margin-bottom:.15rem}
.answer-map:hover canvas{outline:2px solid var(--strong);outline-offset:0}
.answer-map[aria-pressed=true] canvas{outline:2px solid var(--ink);outline-offset:2px}
.answer-map .badge{position:absolute;left:-.5rem;top:-.5rem}.answer-map .badge+.badge{left:1.1rem}
.numbers{font-size:.73rem;display:flex;flex-wrap:wrap;justify-content:space-between;gap:0 .15rem}.narrow .numbers{font-size:.7rem}.unsure .numbers b{font-weight:400}
.sure::before{content:"";display:inline-block;box-sizing:border-box;width:.6em;height:.6em;margin-right:.25em;border-radius:50%;border:.3em solid}.unsure .sure::before{border-width:1.5px}.numbers .sure{color:var(--soft)}
#viewer-app{scroll-margin-top:2.6rem}
@media (forced-colors:active){.answer-map canvas{forced-color-adjust:none}}
.printing .every>button{display:none}
`
