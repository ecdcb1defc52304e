import { escapeHtml } from '../plot/html.js'

export interface Opening {
  /** Answer to the question of the title, as a sentence. */
  readonly sentence: string
  /** A sentence that says how usual this is; may be empty. */
  readonly more: string
  /** URL fragment of the view that shows this result. The viewer shows this view when the page is opened. */
  readonly link: string
}

/** @param studied numbers of networks, objects and positions, as one line of text */
export function viewerHtml(studied: string, opening: Opening | undefined): string {
  return sectionHtml({
    title: 'Does a network see the same thing everywhere?',
    lead: `${opening ? openingHtml(opening) : ''}<p class="soft">${escapeHtml(studied)}</p>`,
    controls: '',
    view: opening?.link ?? '',
  })
}

function openingHtml({ sentence, more }: Opening): string {
  return `<p class="finding"><strong>${escapeHtml(sentence)}</strong> ${escapeHtml(more)}</p>\n`
}

export function liveViewerHtml(): string {
  return sectionHtml({
    title: 'Does a network see your object everywhere?',
    lead: `<p class="finding">Drop a picture or an ONNX network anywhere on this page, or take one of the objects below.</p>
<p class="soft">The maps fill from coarse to fine, around the cursor first. Click a position to make it the anchor.</p>`,
    controls: '<div id="live-controls"></div>\n',
    view: '',
  })
}

interface ViewerParts {
  readonly title: string
  readonly lead: string
  readonly controls: string
  /** URL fragment of the view that is shown when the page is opened; empty for the default view. */
  readonly view: string
}

function sectionHtml({ title, lead, controls, view }: ViewerParts): string {
  return `<section id="viewer" aria-labelledby="viewer-title">
<h1 id="viewer-title">${title}</h1>
${lead}
<noscript><p class="note">The maps need JavaScript, which is switched off. The sections below and the pictures in the folder
“heatmaps” work without it.</p></noscript>
<h2 class="hidden">Object and maps</h2>
${controls}<div id="viewer-app" data-view="${escapeHtml(view)}"></div>
</section>`
}
