/** What an object of one's own is chosen and changed by; the live page alone has it. */
export function liveControlsHtml(): string {
  return `<div class="live" id="live-controls">
<button type="button" id="add-object">Add a picture…</button>
<input type="file" id="picture-file" accept="image/*" aria-label="Picture of an object" hidden>
<label class="slider">Size <input type="range" id="size" min="8" max="224" value="75"> <output id="size-text" for="size"></output></label>
<label>Background <input type="color" id="background" value="#ffffff"></label>
<label>Finest step <select id="finest"></select></label>
<button type="button" id="keep">Keep</button>
<details id="more-networks"><summary>More networks</summary><ul id="missing-networks"></ul></details>
</div>
<p class="note" id="live-note" role="status" hidden></p>
<p class="kept" id="kept" role="status" hidden></p>
<dialog id="cut-out" aria-labelledby="cut-out-title">
<h3 id="cut-out-title">Cut the object out</h3>
<p id="cut-out-keys">Click what is not the object, or go there with the arrow keys and press Enter: its colour and what is like it becomes
transparent. Do that as often as it takes.</p>
<div class="checkered"><canvas id="cut-out-picture" tabindex="0" role="application" aria-roledescription="picture to cut" aria-label="The picture; what was cut off is transparent" aria-describedby="cut-out-keys"></canvas></div>
<label class="slider">Tolerance <input type="range" id="tolerance" min="0" max="120" value="32"> <output id="tolerance-text" for="tolerance"></output></label>
<p class="buttons"><button type="button" id="cut-corners">Cut from the corners</button>
<button type="button" id="undo-cut" disabled>Undo</button>
<button type="button" id="use-object">Use it</button>
<button type="button" id="cancel-cut">Cancel</button></p>
</dialog>
<div class="drop-here" id="drop-here" hidden aria-hidden="true">Drop the picture</div>`
}
