import { escapeHtml } from '../../plot/html.js'

export interface Opening {
  /** Answer to the question of the title, as a sentence. */
  readonly sentence: string
  /** What is known of another network, or how usual this is; may be empty. */
  readonly more: string
  /** URL fragment of the view that shows this result. The viewer shows this view when the page is opened. */
  readonly link: string
}

/** @param studied numbers of networks, objects and positions, as text. A phone shows only the first two. */
export function viewerHtml(studied: readonly string[], opening: Opening | undefined): string {
  const { sentence = '', more = '', link = '' } = opening ?? {}
  const finding = `<p class="finding"><strong>${textOf(sentence)}</strong> ${textOf(more)}</p>\n`
  return viewerSection(
    'Does a network give the same answer wherever the object is?',
    `${opening ? finding : ''}<p class="soft">${studied.map((part) => `<span>${escapeHtml(part)}</span>`).join('<span> · </span>')}</p>`,
    `<div id="viewer-app" data-view="${escapeHtml(link)}"></div>`,
  )
}

/** Numbers and their signs stay on one line. */
function textOf(sentence: string): string {
  return escapeHtml(sentence.replaceAll(' %', '\u00a0%'))
}

/** The viewer's title, sentences and place. All parameters are HTML. */
export function viewerSection(title: string, lead: string, app: string): string {
  return `<section id="viewer" aria-labelledby="viewer-title">
<h1 id="viewer-title">${title}</h1>
${lead}
<noscript><p class="note">The maps need JavaScript, which is switched off. The sections below and the pictures in the folder
“heatmaps” work without it.</p></noscript>
<h2 class="hidden">Object and maps</h2>
${app}
</section>`
}
