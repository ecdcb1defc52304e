import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageFolder, packageVersion } from '../../files/package.js'
import { sizeText } from '../../patches/sizes.js'
import { escapeHtml } from '../../plot/html.js'
import { counted } from '../../support/text.js'
import { kindOf } from '../site/groups.js'
import type { SiteIndex } from '../site/siteIndex.js'
import { OVERVIEW_STYLE, overviewHtml } from './objectMatrix.js'
import type { ReportSection } from './section.js'
import { STYLE } from './style.js'
import { type Opening, viewerHtml } from './viewerHtml.js'

/** The parts in which pages differ. `main` is HTML and has the page's h1. Titles are plain text. */
export interface PageParts {
  readonly title: string
  readonly style?: string
  /** Whether the page begins with the viewer, to which a hidden link then leads. */
  readonly hasViewer: boolean
  readonly main: string
}

/** How a page of results begins. */
interface PageStart {
  readonly opening?: Opening | undefined
  /** What the page is; by default, which networks it studies. */
  readonly title?: string | undefined
  /** What a reader must know before the numbers. */
  readonly warnings?: readonly string[]
}

/**
 * The page of a results folder: the viewer, the given sections, what to do next, the folded sections and the citation.
 * The page needs the folder `site` beside it, but no internet connection. Without JavaScript, the sections can still be
 * read.
 * @param index null if the folder has no maps; the page then has only sections
 */
export function resultsPage(
  index: SiteIndex | null,
  sections: readonly ReportSection[],
  { opening, title = index === null ? 'Feature arithmetic' : studyTitle(index), warnings = [] }: PageStart = {},
): string {
  const isFolded = (section: ReportSection) => section.isFolded === true
  const argument = sections.filter((section) => !isFolded(section))
  const all = [...argument, NEXT, ...sections.filter(isFolded), citationSection()]
  const leftOut = index?.oneFile?.leftOut
  return pageHtml({
    title,
    style: [OVERVIEW_STYLE, ...sections.map(({ style = '' }) => style)].join(''),
    hasViewer: index !== null,
    // The viewer's script comes before the other sections, so it starts before the browser has parsed them.
    main: [
      ...(leftOut ? [`<p class="note">${escapeHtml(`This file ${leftOut}. Open index.html to see all.`)}</p>`] : []),
      ...warnings.map(warningHtml),
      ...(index === null
        ? [headingOf(title)]
        : [viewerHtml(studiedTexts(index), opening), overviewHtml(index), scriptsHtml(index)]),
      ...all.map(sectionHtml),
    ].join('\n'),
  })
}

/** Shows the first sentence, and the others on request, so that a warning does not push the page down. */
function warningHtml(text: string): string {
  const [, first = text, rest = ''] = /^(.+?\.) (.+)$/.exec(text) ?? []
  if (rest === '') return `<p class="note">${escapeHtml(first)}</p>`
  return `<details class="note"><summary>${escapeHtml(first)}</summary>${escapeHtml(rest)}</details>`
}

/** The h1 of a page without a viewer. */
export function headingOf(title: string): string {
  return `<h1 class="page-title">${escapeHtml(title)}</h1>`
}

function studyTitle({ groups }: SiteIndex): string {
  const models = [...new Set(groups.map(({ model }) => model))]
  return `Shift invariance of ${models.length <= MOST_NAMED ? models.join(' and ') : counted(models.length, 'network')}`
}

/** A title names at most this many networks. */
const MOST_NAMED = 2

export function pageHtml({ title, style = '', hasViewer, main }: PageParts): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="Shiftscope ${packageVersion()}">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="data:,">
<style>${STYLE}${style}</style>
</head>
<body>
${hasViewer ? SKIP_LINK : ''}
<header class="page">
<p class="brand">Shiftscope</p>
${THEME_CHOICE}
</header>
<main>
${main}
</main>
</body>
</html>
`
}

const SKIP_LINK = '<a class="skip" href="#a-frame">Skip to the object</a>'

const THEME_CHOICE =
  '<label class="theme">Theme <select id="theme"><option value="auto">system</option><option value="light">light</option><option value="dark">dark</option></select></label>'

function scriptsHtml(index: SiteIndex): string {
  return `<script type="application/json" id="study">${embeddedJson(index)}</script>
<script>${viewerScript()}</script>`
}

/** The viewer's script. The build bundles the modules in `browser`, because a page on disk cannot load modules. */
function viewerScript(): string {
  return readFileSync(join(packageFolder(), 'dist', 'page', 'bundle.js'), 'utf8')
}

function studiedTexts({ groups }: SiteIndex): readonly string[] {
  const models = new Set(groups.map(({ model }) => model))
  const strides = [...new Set(groups.map(({ stride }) => stride))]
  const patches = new Set(groups.flatMap(({ units }) => units.map(({ patch }) => patch))).size
  const positions = [...new Set(groups.map(({ rows, cols }) => rows * cols))].sort((a, b) => a - b)
  const range = [...new Set([positions[0], positions.at(-1)])].map((count) => count?.toLocaleString('en'))
  const noun = positions.at(-1) === 1 ? 'position' : 'positions'
  const each = groups.flatMap(({ units }) => units).length === 1 ? '' : ' each'
  const sizes = sizeText(groups).replace(/, (?=\d+ px)/, ' and ')
  const isPhotograph = groups.some((group) => kindOf(group) === 'photograph')
  return [
    counted(models.size, 'network'),
    isPhotograph ? counted(patches, 'photograph') : `${counted(patches, 'object')} of ${sizes}`,
    `${range.join('–')} ${noun}${each}, every ${strides.join(' or ')} px`,
  ]
}

/** The title of a section, and the answer to it if it is a question. */
function headingHtml({ title, answer }: Pick<ReportSection, 'title' | 'answer'>): string {
  return `${escapeHtml(title)}${answer === undefined ? '' : ` <span class="answer">${escapeHtml(answer)}</span>`}`
}

export function sectionHtml(section: ReportSection): string {
  const { id, html, isFolded = false } = section
  const head = `<h2 id="${escapeHtml(id)}-title">${headingHtml(section)}</h2>`
  const body = isFolded ? `<details><summary>${head}</summary>\n${html}\n</details>` : `${head}\n${html}`
  return `<section class="report" id="${escapeHtml(id)}" aria-labelledby="${escapeHtml(id)}-title">
${body}
</section>`
}

/** JSON that is safe inside a script element: it cannot contain an end tag or a comment. */
export function embeddedJson(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c')
}

const NEXT: ReportSection = {
  id: 'next',
  title: 'What do I do now?',
  answer: 'Test your own network on your own pictures',
  html: `<ul>
<li>Move your own object and see where the answer changes: <code>shiftscope explore --models NETWORK.onnx</code></li>
<li>Measure how often a small shift changes the answers to your photographs: <code>shiftscope consistency PHOTOGRAPHS --model NETWORK.onnx</code></li>
<li>Let a new version fail if its answers change more often: <code>shiftscope compare BEFORE AFTER --max-worse "crop relative-agreement=0.02"</code></li>
</ul>`,
}

const ARXIV = 'https://arxiv.org/abs/2011.04127'
const DOI = 'https://doi.org/10.1007/978-3-030-68238-5_15'

const BIBTEX = `@inproceedings{lee2020shift,
  author    = {Lee, Jake and Yang, Junfeng and Wang, Zhangyang},
  title     = {What Does {CNN} Shift Invariance Look Like? {A} Visualization Study},
  booktitle = {Computer Vision -- {ECCV} 2020 Workshops},
  year      = {2020},
  doi       = {10.1007/978-3-030-68238-5_15},
  eprint    = {2011.04127},
  eprinttype = {arXiv}
}`

function citationSection(): ReportSection {
  const tool = `@software{shiftscope,
  author  = {{Shiftscope contributors}},
  title   = {Shiftscope: what the features of a convolutional network do when an object moves},
  version = {${packageVersion()}}
}`
  const html = `<p class="source">The study follows <cite>What Does CNN Shift Invariance Look Like? A Visualization Study</cite>
(Lee, Yang, Wang, 2020): <a href="${ARXIV}" rel="noreferrer">arXiv:2011.04127</a>,
<a href="${DOI}" rel="noreferrer">doi:10.1007/978-3-030-68238-5_15</a>.</p>
<div class="scroll" tabindex="0" role="region" aria-label="BibTeX"><pre>${escapeHtml(`${BIBTEX}\n\n${tool}`)}</pre></div>`
  return { id: 'cite', title: 'The paper and how to cite it', html, isFolded: true }
}
