/** The live page's style, beside that of every page. */
export const LIVE_STYLE = `
.layout:not(:has(.contents)){grid-template-columns:minmax(0,1fr)}
.live{display:flex;flex-wrap:wrap;gap:.45rem 1rem;align-items:center;margin:.9rem 0 0}
.live details{margin:0}.live ul{list-style:none;margin:.3rem 0;padding:0;display:grid;gap:.3rem}
.live details[open]{flex-basis:100%}
.slider{display:inline-flex;align-items:center;gap:.4rem}
.slider output{min-width:3.6em;color:var(--ink)}
input[type=range]{padding:0;accent-color:var(--series-1);width:11rem;min-height:1.85rem}
input[type=color]{padding:.1rem;width:2.6rem;vertical-align:middle}
#a-size,#b-size{display:none}label:has(>#a-size),label:has(>#b-size){display:none}
#previous-patch,#next-patch{display:none}
.kept{display:grid;gap:.2rem;padding:.35rem .7rem;border-left:3px solid var(--series-3);background:color-mix(in srgb,var(--series-3) 9%,transparent);max-width:none}
.kept code{overflow-wrap:anywhere}
.fill{height:3px;border-radius:2px;background:linear-gradient(to right,var(--series-1) var(--done,0%),var(--line) 0)}
dialog{border:1px solid var(--line);border-radius:8px;background:var(--card);color:var(--ink);max-width:min(42rem,94vw);padding:1rem 1.2rem}
dialog::backdrop{background:rgb(0 0 0/.45)}
.checkered{background:repeating-conic-gradient(#ccc 0 25%,#fff 0 50%) 0 0/16px 16px;border:1px solid var(--line);width:fit-content;max-width:100%;line-height:0;margin:.5rem 0}
.checkered canvas{max-width:100%;max-height:55vh;cursor:crosshair}
.buttons{display:flex;flex-wrap:wrap;gap:.4rem}
.drop-here{position:fixed;inset:0;z-index:9;display:grid;place-items:center;font-size:1.6rem;font-weight:600;background:color-mix(in srgb,var(--ground) 82%,transparent);border:4px dashed var(--series-1);pointer-events:none}
`
