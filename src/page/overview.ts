import { CONFIDENT } from '../experiments/confidence.js'
import { comparedSizes, inWordsOf, subjectOf } from '../patches/sizes.js'
import { escapeHtml } from '../plot/html.js'
import { FEWEST_PATCHES } from '../results/rows.js'
import { counted } from '../support/text.js'
import type { AnswerSummary, SiteGroup, SiteIndex } from './siteIndex.js'

/** The page's section about all objects. Its heading answers whether the object in the viewer is an exception. */
export const OVERVIEW = { id: 'every-object', title: 'Every object' } as const

/** The heading and the sentences about the answers for objects of one size. Plain text. */
export interface OverviewText {
  readonly question: string
  readonly answer: string
  /** Empty if the study has only one object. */
  readonly counts: string
}

interface ObjectAnswer extends AnswerSummary {
  readonly patch: string
}

/** An answer changes much if it is kept at a smaller share of positions. */
const HELD = 0.9

/** An object that changes is an exception if fewer of the answers change much, and none if at least `COMMON` do. */
const RARE = 0.25
const COMMON = 0.5

/** @param groups networks at one size, with answers */
export function overviewText(groups: readonly SiteGroup[]): OverviewText {
  const answers = groups.flatMap(({ units }) =>
    units.flatMap(({ patch, answer }) => (answer ? [{ patch, ...answer }] : [])),
  )
  const confident = answers.filter(({ center }) => center.probability >= CONFIDENT)
  const unsure = answers.filter(({ center }) => center.probability < CONFIDENT)
  const words = (text: string) => (groups[0] === undefined ? text : inWordsOf(subjectOf(groups[0]), text))
  const objects = objectsOf(answers)
  const verdicts = [verdictAmong('confident', confident), verdictAmong('unsure', unsure)].filter((text) => text !== '')
  const tooFew = `Can’t tell: this study has only ${counted(objects, 'object')}.`
  return {
    question: words('Is this one cherry-picked object?'),
    answer: words(objects < FEWEST_PATCHES ? tooFew : verdicts.join(' ')),
    counts: objects === 1 ? '' : words(countsText(confident, unsure)),
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
  if (share < RARE) return `Yes among ${kind} answers: few change.`
  if (share < COMMON) return `Partly among ${kind} answers: some change.`
  return `No among ${kind} answers: ${share === 1 ? 'all' : 'most'} change.`
}

function countsText(confident: readonly ObjectAnswer[], unsure: readonly ObjectAnswer[]): string {
  const all = confident.length + unsure.length
  const level = `at least ${CONFIDENT} with the object at the center`
  if (confident.length === 0)
    return `None of the ${all} answers is confident: no probability is ${level}. ${changesText(unsure, 'these')}`
  const first =
    unsure.length === 0
      ? `All ${all} answers are confident: their probability is ${level}.`
      : confident.length === 1
        ? `1 of ${all} answers is confident: its probability is ${level}.`
        : `${confident.length} of ${all} answers are confident: their probability is ${level}.`
  const rest = unsure.length === 0 ? '' : ` ${changesText(unsure, `the ${unsure.length} unsure answers`)}`
  return `${first} ${changesText(confident, confident.length === 1 ? 'confident answers' : 'these')}${rest}`
}

function changesText(answers: readonly ObjectAnswer[], which: string): string {
  const somewhere = answers.filter(({ kept }) => kept < 1).length
  const much = answers.filter(changesMuch).length
  if (somewhere === 0) return `Of ${which}, none changes at any position.`
  const verb = somewhere === 1 ? 'changes' : 'change'
  const tenth = 'more than a tenth of positions'
  if (much === 0)
    return `Of ${which}, ${somewhere} ${verb} somewhere, but ${somewhere === 1 ? 'not' : 'none'} at ${tenth}.`
  if (much === somewhere) return `Of ${which}, ${somewhere} ${verb}, ${somewhere === 1 ? '' : 'all '}at ${tenth}.`
  return `Of ${which}, ${somewhere} ${verb} somewhere, ${much} of them at ${tenth}.`
}

function changesMuch({ kept }: ObjectAnswer): boolean {
  return kept < HELD
}

function objectsOf(answers: readonly ObjectAnswer[]): number {
  return new Set(answers.map(({ patch }) => patch)).size
}

/**
 * HTML of the section: its texts for each size, and a place where the page's script draws all answers. Empty if no
 * network has classes.
 * @param opened URL fragment of the view that the viewer shows first
 */
export function overviewHtml(index: SiteIndex, opened = ''): string {
  const compared = comparedSizes(index.groups)
  const answered = index.groups.filter(({ units }) => units.some(({ answer }) => answer))
  const sizes = [...new Set(answered.map(compared))]
  const view = new URLSearchParams(opened.replace(/^#/, ''))
  const first = answered.find(({ model, size }) => model === view.get('network') && String(size) === view.get('size'))
  const shown = first ? compared(first) : sizes[0]
  const texts = sizes.map((size) => ({
    attributes: `data-size="${size}"${size === shown ? '' : ' hidden'}`,
    ...overviewText(answered.filter((one) => compared(one) === size)),
  }))
  if (texts.length === 0) return ''
  const headings = texts.map(
    ({ attributes, question, answer }) =>
      `<span ${attributes}>${escapeHtml(question)} <span>${escapeHtml(answer)}</span></span>`,
  )
  const patches = new Set(answered.flatMap(({ units }) => units.map(({ patch }) => patch)))
  const counts = texts.map(({ attributes, counts }) => `<p ${attributes}>${escapeHtml(counts)}</p>`)
  return `<section class="report" id="${OVERVIEW.id}" aria-labelledby="${OVERVIEW.id}-title">
<h2 id="${OVERVIEW.id}-title">${headings.join('')}</h2>
${patches.size > 1 ? `${counts.join('\n')}\n<div id="${OVERVIEW.id}-app"></div>\n${NOTE}` : ''}
</section>`
}

const NOTE = `<p class="soft">Each small map has one pixel per position, in the colours of the maps above. The share below it is of positions that keep the
center’s answer. The number is the probability at the center: <span class="mark-of"></span> confident, <span class="mark-of open"></span> unsure. The name under an object is its most frequent other answer.
“Yes” means that fewer than a quarter of the answers change at more than a tenth of positions, and “no” that at least half do.</p>`

export const OVERVIEW_STYLE = `
#every-object h2 span span{display:block;font-weight:400}
.every{position:relative}
.every .choices{display:flex;flex-wrap:wrap;gap:.4rem 1.4rem;align-items:center;margin:.9rem 0 .6rem}
.every fieldset{display:flex;align-items:center;gap:.2rem .7rem}.every legend{float:left;padding:0;margin-right:.7rem;color:var(--soft);font-size:.85rem}
.every fieldset label{display:flex;align-items:center;gap:.3rem}.every input{min-height:0;margin:0;accent-color:var(--ink)}
.spread{margin-top:1rem;line-height:0}.spread svg{overflow:visible;display:block}
.spread .at{fill:var(--soft);stroke:var(--soft);stroke-width:1.5;cursor:pointer}.spread .at.unsure{fill:var(--ground)}
.spread .at:hover,.spread .at:focus-visible{stroke:var(--ink);stroke-width:3;outline:none}
.spread .shown{fill:var(--ink);stroke:var(--ground);stroke-width:2}.spread .shown.b{fill:var(--ground);stroke:var(--ink)}
.spread .letter,.spread .median,.spread .named{pointer-events:none}
.spread text{paint-order:stroke;stroke:var(--ground);stroke-width:4px;stroke-linejoin:round}
.spread .letter{fill:var(--ground);stroke:none;font-weight:700}.spread .letter.b,.spread .named,.spread .strong{fill:var(--ink)}.spread .strong{font-weight:600}
.answer-maps{border-collapse:separate;border-spacing:0;margin:0 0 1rem;font-size:.82rem}
.answer-maps th,.answer-maps td{padding:0 .5rem .5rem 0;border:0;vertical-align:top;white-space:normal;overflow-wrap:anywhere;text-align:left;line-height:1.25}
.answer-maps .cell{width:var(--cell);min-width:var(--cell);box-sizing:content-box}
.answer-maps .begins{padding-left:1rem}
.answer-maps thead .titles th{font-weight:600;padding-bottom:.4rem}.titles th span{display:block;border-bottom:1px solid var(--line);padding-bottom:.15rem}
.answer-maps thead .cell{font-weight:600;text-align:center}.answer-maps thead small{display:block;font-weight:400;line-height:1.25}
.answer-maps thead img{display:block;width:44px;height:44px;margin:0 auto .2rem;object-fit:contain;border-radius:4px;outline:1px solid var(--line);outline-offset:-1px}
.answer-maps tbody th{font-weight:600;width:130px;min-width:130px}.narrow tbody th{width:auto;min-width:0;padding:.2rem 0}
.answer-map{display:block;width:100%;padding:0;border:0;background:none;border-radius:0;min-height:0;position:relative;text-align:left;font-size:inherit;line-height:1.35}
.answer-map canvas{display:block;width:100%;aspect-ratio:1;image-rendering:pixelated;background:var(--tint);outline:1px solid color-mix(in srgb,var(--ink) 22%,transparent);outline-offset:-1px;margin-bottom:.15rem}
.answer-map:hover canvas{outline:2px solid var(--strong);outline-offset:0}
.answer-map[aria-pressed=true] canvas{outline:2px solid var(--ink);outline-offset:2px}
.answer-map .badge{position:absolute;left:-.5rem;top:-.5rem}.answer-map .badge+.badge{left:1.1rem}
.mark-of{display:inline-block;width:.6em;height:.6em;border-radius:50%;border:.3em solid var(--soft)}.unsure .mark-of,.mark-of.open{border-width:1.5px}
.answer-map .numbers{font-size:.73rem;display:flex;flex-wrap:wrap;justify-content:space-between;gap:0 .15rem}.narrow .numbers{font-size:.7rem}.answer-map.unsure b{font-weight:400}.answer-map i{font-style:normal;color:var(--soft);white-space:nowrap}
#viewer-app{scroll-margin-top:2.6rem}
@media (forced-colors:active){.answer-maps .swatch,.answer-map canvas{forced-color-adjust:none}}
.printing .every .choices,.printing .every button:not(.answer-map){display:none}.printing .answer-maps{break-inside:avoid}
`
