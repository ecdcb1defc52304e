/** The viewer before its script fills it. */
export function viewerHtml(): string {
  return `<section id="viewer" aria-labelledby="viewer-title">
<h2 id="viewer-title">Similarity maps</h2>
<p class="lead">Each point is a position of the patch. Its colour is the cosine similarity between the features with the
patch there and with the patch at the anchor (<span class="plus" aria-hidden="true">+</span>). Features that ignore where
the object is would give 1 everywhere.</p>
<noscript><p class="note">The maps need JavaScript, which is switched off. The sections below and the pictures in the
folder “heatmaps” do not.</p></noscript>
<div class="toolbar">
<fieldset><legend>Object</legend>
<span class="steps"><label>Patch <select id="a-patch"></select></label>
<button type="button" id="previous-patch" aria-label="Previous patch">‹</button>
<button type="button" id="next-patch" aria-label="Next patch">›</button></span>
<label>Size <select id="a-size"></select></label>
</fieldset>
<fieldset><legend>Anchor</legend>
<label><span class="hidden">Anchor</span> <select id="a-anchor"></select></label>
<button type="button" id="anchor-here" hidden>Anchor at cursor</button>
</fieldset>
<fieldset><legend>Colours</legend>
<label><span class="hidden">Colour map</span> <select id="colours"><option>hot</option><option>viridis</option><option>cividis</option><option>grey</option></select></label>
<label>from <input id="low" inputmode="decimal" size="6" autocomplete="off" aria-describedby="limits-fault"></label>
<label>to <input id="high" inputmode="decimal" size="6" autocomplete="off" aria-describedby="limits-fault"></label>
<button type="button" id="paper-limits" title="0.88 to 1, the paper’s limits">Paper’s</button>
<button type="button" id="fit-limits" title="Lowest and highest value of the maps shown">Fit</button>
<p id="limits-fault" class="fault" role="alert" hidden>Give two rising numbers</p>
</fieldset>
<fieldset><legend>View</legend>
<label class="check"><input type="checkbox" id="compare"> Compare two maps</label>
<label class="check"><input type="checkbox" id="linked"> Same object and anchor</label>
<label class="check"><input type="checkbox" id="show-difference"> Show B − A</label>
<button type="button" id="copy-link">Copy link</button>
<span id="link-status" role="status"></span>
<input id="link" aria-label="Address of this view" readonly hidden>
</fieldset>
</div>
<div class="bench">
<div class="maps">
${panelHtml('a')}
${panelHtml('b')}
<div class="scale"><div id="colour-bar" class="chart" role="img" aria-label="Colour scale; its ends are the fields “from” and “to”"></div></div>
<div class="more">
<details id="values"><summary>The maps as tables</summary><div id="values-tables"></div></details>
<details><summary>Pointer and keys</summary>
<p id="keys">On a map: the arrow keys move the cursor by one position, with Shift by ten; Home, End, Page Up and Page Down
go to the rim; 1 to 5 go to the anchors; Space, H or a click holds the cursor and lets it go; [ and ] show the previous and
the next patch; Enter or A makes the cursor’s position the anchor.</p>
<p>In the profiles the dashed upright line is the anchor, the grey one the cursor; a dotted level line is how similar
different objects are at the same place, where it is within the axis.</p>
<p>Any position can be the anchor where features were kept (<code>reproduce --keep-features</code>): choose a patch, then
“any position” as anchor, and click the map.</p></details>
</div>
</div>
<div class="side">
<aside class="readout" aria-labelledby="readout-title">
<h3 id="readout-title">At the cursor</h3>
<div class="images"><div class="image" id="a-image" data-panel="A" role="img" aria-label="The image with the patch at the cursor"></div><div class="image" id="b-image" data-panel="B" role="img" aria-label="The image of map B" hidden></div></div>
<div class="where">
<p><strong id="at-place"></strong><br><span id="at-offset" class="soft"></span></p>
<p id="apart" class="soft"></p>
<label class="check"><input type="checkbox" id="hold"> Hold the cursor</label>
</div>
<dl>
<div id="a-row"><dt><span class="badge a">A</span> <span id="a-name"></span></dt><dd id="a-value"></dd></div>
<div id="b-row"><dt><span class="badge b">B</span> <span id="b-name"></span></dt><dd id="b-value"></dd></div>
<div id="difference-row"><dt>B − A</dt><dd id="difference"></dd></div>
</dl>
<p id="live" class="hidden" aria-live="polite"></p>
</aside>
<div class="profiles">
<figure><figcaption id="row-profile-title"></figcaption><div id="row-profile" class="chart" role="img" aria-labelledby="row-profile-title"></div></figure>
<figure><figcaption id="col-profile-title"></figcaption><div id="col-profile" class="chart" role="img" aria-labelledby="col-profile-title"></div></figure>
</div>
</div>
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
<label>Network <select id="${id}-model"></select></label>
<label>Layer <select id="${id}-layer"></select></label>
</div>
${own}
<div class="plot" id="${id}-plot" tabindex="0" role="application" aria-roledescription="heatmap" aria-describedby="keys"></div>
${id === 'b' ? '<div id="difference-bar" class="chart" role="img" aria-label="Colour scale of differences" hidden></div>' : ''}
<p class="summary"><span class="here" id="${id}-here" aria-hidden="true"></span> <span id="${id}-summary"></span><br><span class="soft" id="${id}-outside"></span><br><span class="soft" id="${id}-baseline"></span></p>
<p class="note" id="${id}-note" role="status" hidden></p>
</section>`
}
