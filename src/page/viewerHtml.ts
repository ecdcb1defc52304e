import { escapeHtml } from '../plot/html.js'
import { citationHtml } from './citation.js'
import { liveControlsHtml } from './liveControls.js'

/** What of a study surprises most. */
export interface Opening {
  readonly sentence: string
  /** Fragment of the link that shows it. */
  readonly link: string
}

/**
 * The viewer before its script fills it.
 * @param hasClaims whether the page has a section of claims
 */
export function viewerHtml(opening: Opening | undefined, hasClaims: boolean): string {
  const finding = opening
    ? `<p class="finding">${escapeHtml(opening.sentence)} <a href="${escapeHtml(opening.link)}">Show it</a></p>\n`
    : ''
  return sectionHtml({
    title: 'Does a network see the same thing everywhere?',
    opening: `${finding}${EXPLANATION}
<p>${hasClaims ? CLAIMS_BELOW : ''}Searches and detectors that rest on these features change with them.</p>`,
    noScript: `The maps need JavaScript, which is switched off. The sections below and the pictures in the
folder “heatmaps” do not.`,
    object: '',
    anywhere: `Any position can be the anchor of each network’s first patch, for which a sketch of the features is kept (cosines within
0.002), and of every patch whose features were kept (<code>reproduce --keep-features</code>); elsewhere a click holds the
cursor.`,
  })
}

/** The same for objects of one's own, with what they are chosen by. */
export function liveViewerHtml(): string {
  return sectionHtml({
    title: 'Does a network see your object everywhere?',
    opening: `<p class="finding">Drop a picture anywhere on this page, paste it, or take one of the objects below.</p>
${EXPLANATION}
<p>The map fills from coarse to fine while you look, around the cursor first. Click a place to make it the anchor.</p>`,
    noScript: 'This page needs JavaScript, which is switched off.',
    object: liveControlsHtml(),
    anywhere: 'Any position can be the anchor. A place that is not computed yet comes at once.',
  })
}

const CLAIMS_BELOW = 'The <a href="#findings">claims</a> below say what this study’s numbers support. '

const EXPLANATION = `<p>Drag the object. Each point of a map is a place of it, and its colour how similar the network’s features are to those at
the anchor (<span class="plus" aria-hidden="true">+</span>): 1 everywhere, if the place did not matter.</p>`

/** Markup of what differs. */
interface ViewerParts {
  readonly title: string
  readonly opening: string
  readonly noScript: string
  /** What the object is chosen by beside the gallery. */
  readonly object: string
  /** Where any position can be the anchor. */
  readonly anywhere: string
}

function sectionHtml({ title, opening, noScript, object, anywhere }: ViewerParts): string {
  return `<section id="viewer" aria-labelledby="viewer-title">
<h2 id="viewer-title">${title}</h2>
<div class="opening">
${opening}
</div>
<noscript><p class="note">${noScript}</p></noscript>
${object}<fieldset class="gallery"><legend class="hidden">Object</legend><div id="gallery" class="strip"></div></fieldset>
<div class="toolbar">
<label>Maps show <select id="shows"><option value="similarity">similarity to the anchor</option><option value="probability">probability of the center’s answer</option><option value="answers">regions of equal answer</option></select></label>
<label>Size <select id="a-size"></select></label>
<label>Anchor <select id="a-anchor"></select></label>
<button type="button" id="anchor-here" hidden>Anchor at cursor</button>
<label class="check"><input type="checkbox" id="compare"> Two maps</label>
<span class="link"><button type="button" id="copy-link">Copy link</button>
<span id="link-status" role="status"></span>
<input id="link" aria-label="Address of this view" readonly hidden></span>
<details id="settings"><summary>Settings</summary><div class="settings">
<span class="steps"><label>Patch <select id="a-patch"></select></label>
<button type="button" id="previous-patch" aria-label="Previous patch">‹</button>
<button type="button" id="next-patch" aria-label="Next patch">›</button></span>
<fieldset id="limits"><legend>Colours of similarity</legend>
<label>from <input id="low" inputmode="decimal" size="6" autocomplete="off" aria-describedby="limits-fault"></label>
<label>to <input id="high" inputmode="decimal" size="6" autocomplete="off" aria-describedby="limits-fault"></label>
<button type="button" id="paper-limits" title="0.88 to 1, the paper’s limits">Paper’s</button>
<button type="button" id="fit-limits" title="Lowest and highest value of the maps shown">Fit</button>
<p id="limits-fault" class="fault" role="alert" hidden>Give two rising numbers</p>
</fieldset>
<label>Colour map <select id="colours"><option>hot</option><option>viridis</option><option>cividis</option><option>grey</option></select></label>
<label class="check"><input type="checkbox" id="linked"> Same object and anchor in both maps</label>
<label class="check"><input type="checkbox" id="show-difference"> Show B − A</label>
<label class="check"><input type="checkbox" id="hold"> Hold the cursor</label>
</div></details>
</div>
<div class="bench">
<section class="panel object" aria-label="Object and readings">
<p class="where"><strong id="at-place"></strong> <span id="at-offset" class="soft"></span></p>
<div class="frame image" id="a-image" data-panel="A" tabindex="0" role="application" aria-roledescription="object to drag" aria-label="The object in its frame" aria-describedby="keys"><div id="tags" class="tags"><span id="a-tag" class="tag a"></span><span id="b-tag" class="tag b"></span></div></div>
<table class="reading"><thead><tr><td></td><th scope="col">answers</th><th scope="col">similarity</th></tr></thead><tbody>
<tr id="a-row"><th scope="row"><span class="badge a">A</span> <span id="a-name"></span></th><td id="a-answer"></td><td id="a-value" class="value"></td></tr>
<tr id="b-row"><th scope="row"><span class="badge b">B</span> <span id="b-name"></span></th><td id="b-answer"></td><td id="b-value" class="value"></td></tr>
<tr id="difference-row"><th scope="row">B − A</th><td></td><td id="difference" class="value"></td></tr>
</tbody></table>
<div class="image" id="b-image" data-panel="B" role="img" aria-label="The image of map B" hidden></div>
<p id="apart" class="soft"></p>
<p id="live" class="hidden" aria-live="polite"></p>
</section>
${panelHtml('a')}
${panelHtml('b')}
<div class="profiles">
<figure><figcaption id="row-profile-title"></figcaption><div id="row-profile" class="chart" role="img" aria-labelledby="row-profile-title"></div></figure>
<figure><figcaption id="col-profile-title"></figcaption><div id="col-profile" class="chart" role="img" aria-labelledby="col-profile-title"></div></figure>
</div>
<div class="scale" id="scale"><div id="colour-bar" class="chart" role="img" aria-label="Colour scale of the maps"></div></div>
</div>
<div class="more">
<details id="values"><summary>The maps as tables</summary><div id="values-tables"></div></details>
<details><summary>Pointer and keys</summary>
<p id="keys">On the object or a map: the arrow keys move the cursor by one position, with Shift by ten; Home, End, Page Up
and Page Down go to the rim; 1 to 5 go to the anchors; Space or H holds the cursor and lets it go; [ and ] show the previous
and the next patch; Enter or A makes the cursor’s position the anchor, as a click on a map does.</p>
<p>In the profiles the dashed upright line is the anchor, the grey one the cursor; a dotted level line is how similar
different objects are at the same place, where it is within the axis.</p>
<p>${anywhere}</p></details>
${citationHtml()}
</div>
</section>`
}

/** @param id `a`, whose object and anchor the toolbar has, or `b`, which has its own where they are not linked */
function panelHtml(id: 'a' | 'b'): string {
  const name = id.toUpperCase()
  const own =
    id === 'a'
      ? ''
      : `<div class="choices" id="b-own" hidden>
<label>Patch <select id="b-patch"></select></label>
<label>Size <select id="b-size"></select></label>
<label>Anchor <select id="b-anchor"></select></label>
</div>`
  return `<section class="panel ${id}" id="${id}-panel" aria-label="Map ${name}">
<div class="choices">
<span class="badge ${id}" aria-hidden="true">${name}</span>
<label><span class="hidden">Network</span> <select id="${id}-model"></select></label>
<label><span class="hidden">Layer</span> <select id="${id}-layer"></select></label>
</div>
${own}
<div class="plot" id="${id}-plot" tabindex="0" role="application" aria-roledescription="heatmap" aria-describedby="keys"></div>
${id === 'b' ? '<div id="difference-bar" class="chart" role="img" aria-label="Colour scale of differences" hidden></div>' : ''}
<p class="summary"><span class="here" id="${id}-here" aria-hidden="true"></span> <span id="${id}-summary"></span></p>
<p class="summary soft" id="${id}-outside"></p>
<p class="summary soft" id="${id}-baseline"></p>
<ul class="legend" id="${id}-legend"></ul>
<p class="save" id="${id}-save" hidden><span class="soft">Save as</span> ${['csv', 'npy', 'png', 'svg'].map((format) => `<button type="button" id="${id}-save-${format}" aria-label="Save map ${name} as ${format.toUpperCase()}">${format.toUpperCase()}</button>`).join(' ')}</p>
<p class="note" id="${id}-note" role="status" hidden></p>
</section>`
}
