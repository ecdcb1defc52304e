/** Colours of the series in figures of questions. */
export const CLAIM_COLOURS = { '--series-1': '--ink', '--series-2': '--strong', '--series-3': '--soft' }

/**
 * The page's CSS. In both themes, the colours of series have a contrast of at least 3:1 to the background. Those of
 * classes differ from each other instead; swatches and maps have an outline with this contrast.
 */
export const STYLE = `
:root,:root.printing:root{color-scheme:light;--ground:#fff;--card:#fff;--tint:#f5f5f2;--ink:#1a1c1f;--soft:#5a6068;--line:#dcddd9;--strong:#8b9096;
--series-1:#0b5fa5;--series-2:#b54a09;--series-3:#2f7d32;--series-4:#7b3fa0;--series-5:#8a6d00;--series-6:#0b7a75;--focus:#0b5fa5;--fault:#c92a2a;--held:#f2a33a}
@media screen{:root:has(:where(#theme>[value=dark]:checked)){color-scheme:dark;${darkColours()}}}
@media screen and (prefers-color-scheme:dark){:root:not(:has(:where(#theme>[value=light]:checked))){color-scheme:dark;${darkColours()}}}
*{box-sizing:border-box}
[hidden]{display:none!important}
html{scroll-behavior:smooth}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums;-webkit-text-size-adjust:100%}
a{color:var(--series-1)}
h1,h2,h3,h4{line-height:1.25;font-weight:600;margin:0}
h2{font-size:1.35rem;text-wrap:balance}h3{font-size:1rem}
p{margin:.5rem 0;max-width:46rem}
code,pre{font:.92em ui-monospace,Menlo,Consolas,monospace}
pre{margin:.5rem 0;white-space:pre}
:focus-visible{outline:2px solid var(--focus);outline-offset:2px}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.skip{position:absolute;left:-99rem}.skip:focus{left:1rem;top:.5rem;background:var(--card);padding:.4rem .8rem;z-index:4}
.soft{color:var(--soft)}
.page{display:flex;align-items:center;gap:1rem;padding:.3rem 1rem;max-width:79.5rem;margin:0 auto}
.brand{font-size:1.05rem;letter-spacing:.01em;margin:0;font-weight:600}.page-title{font-size:1.75rem;letter-spacing:-.01em;overflow-wrap:anywhere}
.page .theme{margin-left:auto;font-size:.85rem}
main{max-width:79.5rem;margin:0 auto;padding:.1rem 1rem 4rem}
#viewer>h1{font-size:clamp(1.31rem,2.75vw,2.2rem);line-height:1.12;letter-spacing:-.024em;font-weight:700;margin-bottom:.3rem}
#viewer>p{margin:0 0 .25rem;max-width:66rem}.finding{font-size:clamp(.95rem,1.55vw,1.28rem);line-height:1.3;overflow-wrap:anywhere;text-wrap:pretty}
label{color:var(--soft);font-size:.85rem;white-space:nowrap}
select,input,button{font:inherit;font-size:.88rem;color:var(--ink);background:var(--card);border:1px solid var(--strong);border-radius:5px;padding:.18rem .4rem;max-width:100%;line-height:1.35;min-height:1.85rem}
select{text-overflow:ellipsis}
:disabled{opacity:.55}
button{cursor:pointer}button:hover{border-color:var(--ink)}
#low,#high{width:4.6rem}
input[type=checkbox]{min-height:0;accent-color:var(--ink);margin:0 .3rem 0 0;vertical-align:-1px}
input[aria-invalid=true]{border-color:#c92a2a;outline-color:#c92a2a}
.fault{color:var(--fault);margin:0;font-size:.85rem}
fieldset{border:0;margin:0;padding:0;min-width:0}
.strip{position:relative;display:flex;gap:.2rem;overflow-x:auto;padding:3px;scrollbar-width:thin;min-height:4.6rem}
.thumb{flex:none;width:4.35rem;padding:.25rem .2rem .15rem;border:2px solid transparent;border-radius:8px;cursor:pointer;text-align:center;line-height:1.2;position:relative}
.thumb input{position:absolute;opacity:0;width:1px;height:1px;min-height:0;margin:0;padding:0}
.thumb img{display:block;width:44px;height:44px;margin:0 auto .15rem;object-fit:contain;border-radius:5px;outline:1px solid var(--line);outline-offset:-1px}
.thumb .name{display:block;font-size:.78rem;overflow:hidden;text-overflow:ellipsis}
.thumb:hover{border-color:var(--line)}
.thumb:has(:checked){border-color:var(--ink)}.thumb:has(:checked) .name{color:var(--ink);font-weight:600}
.thumb:has(:focus-visible){outline:2px solid var(--focus);outline-offset:1px}
.reads{line-height:1.4}
.settings,.settings fieldset{display:flex;flex-wrap:wrap;align-items:center;gap:.4rem 1rem;padding-top:.3rem}
.settings legend{float:left;padding:0;font-size:.85rem;color:var(--soft)}
.settings label{display:flex;align-items:center;gap:.3rem;max-width:100%}.settings select{min-width:0}
#patch,#anchor{max-width:12rem}
.choosing{grid-area:choosing;min-width:0}.size{grid-area:size;justify-self:end;align-self:center}
.bench{display:grid;gap:0 1.6rem;margin-top:.5rem;grid-template-columns:minmax(0,27.5rem) minmax(0,27.5rem) minmax(15rem,1fr);grid-template-areas:"choosing choosing size" "a b aside" "scale scale aside" "more more more";align-items:start}
.bench.single{grid-template-columns:minmax(0,27.5rem) minmax(15rem,1fr);grid-template-areas:"choosing choosing" "a aside" "scale aside" "more more"}.single .size{grid-area:aside;align-self:start}
.panel.a{grid-area:a}.panel.b{grid-area:b}.scale{grid-area:scale;min-width:0}.bench>.more{grid-area:more}
.aside{grid-area:aside;align-self:center;display:grid;gap:.8rem}.aside p{margin:0}
.say{display:grid;grid-template-columns:auto minmax(0,1fr);gap:0 .5rem;font-size:1.06rem;line-height:1.5;overflow-wrap:anywhere}.says{display:grid;gap:.5rem}.say .badge{margin-top:.15em}
#move{font-size:1.02rem;font-weight:650;color:var(--ground);background:var(--ink);border:0;border-radius:9px;padding:.6rem 1.1rem;min-height:2.9rem;min-width:15rem;justify-self:start}#move:hover{opacity:.88}
.aside .soft{font-size:.88rem}
.panel{min-width:0}
.head{display:flex;flex-wrap:wrap;align-items:baseline;justify-content:space-between;gap:0 .6rem;min-height:2rem}
.network{display:flex;align-items:baseline;gap:.1rem .5rem;min-width:0;max-width:100%}.network label{display:flex;align-items:center;gap:.35rem;min-width:0}.network select{font-weight:600;font-size:.95rem;min-width:4rem}.knows{font-size:.85rem;white-space:nowrap}
.head .summary{font-weight:600}
.fronts{display:none}
.badge{display:inline-grid;place-items:center;box-sizing:border-box;width:1.25rem;height:1.25rem;border:2px solid var(--ink);border-radius:50%;font-weight:700;font-size:.75rem;line-height:1;vertical-align:-.2em;color:var(--ground);background:var(--ink)}
.badge.b{border-radius:2px;color:var(--ink);background:var(--ground)}
svg text{fill:var(--soft);font-size:12px}
svg .edge{stroke:var(--strong);stroke-width:1}
svg rect.edge{fill:none}
.legend{list-style:none;margin:0;padding:0 0 .35rem;display:flex;flex-wrap:wrap;gap:0 .85rem;font-size:.88rem;align-content:flex-end;min-height:2.95rem}
.legend li:empty{display:none}
.save{display:inline-block;margin:.2rem 1rem 0 0;font-size:.84rem}.save button{font-size:.8rem;min-height:1.5rem;padding:0 .4rem}
.swatch{display:inline-block;width:.85em;height:.85em;border-radius:2px;vertical-align:-.05em;outline:1px solid var(--strong);outline-offset:-1px}
.note{margin:.5rem 0 0;padding:.35rem .7rem;border-left:3px solid var(--series-5);background:color-mix(in srgb,var(--series-5) 9%,transparent);font-size:.9rem}
details.note summary::marker{font-size:.8em}main>.note{margin:0 0 .4rem;padding:.15rem .7rem;max-width:none;font-size:.85rem}
.frame{position:relative;aspect-ratio:1;border:1px solid var(--strong);border-radius:4px;overflow:hidden;cursor:crosshair;user-select:none;touch-action:pan-x pan-y}.frame.dragged,.grip{cursor:grab}
.frame[aria-busy=true] .map{opacity:.5}
.grip{position:absolute;touch-action:none}
.frame canvas{position:absolute;inset:0;width:100%;height:100%}.frame .pixels{image-rendering:pixelated}.frame .map{opacity:.85}
.margin-note{position:absolute;top:.4rem;left:.6rem;right:.6rem;margin:0;font-size:.8rem;line-height:1.3;color:#4d545c;text-shadow:0 0 3px #fff,0 0 3px #fff}
.frame .window{position:absolute}
.frame svg{position:absolute;inset:0;width:100%;height:100%;overflow:visible}
.frame :is(rect:not(.mark),path){fill:none}.frame rect{vector-effect:non-scaling-stroke}
.frame text{fill:#333;font-size:12px;paint-order:stroke;stroke:#fff;stroke-width:3px}
.frame .area{stroke:#545b64;stroke-width:1}
.frame .mark{stroke:#17181a;stroke-width:2;vector-effect:non-scaling-stroke;paint-order:stroke;filter:drop-shadow(0 0 1px #fff) drop-shadow(0 0 1px #fff)}
.frame .seen{stroke-width:3;filter:drop-shadow(0 0 1px #17181a) drop-shadow(0 0 1px #17181a)}
.frame .under{stroke:#fff;stroke-opacity:.8;stroke-width:3}.frame .over{stroke:#17181a;stroke-dasharray:4 3;stroke-width:1.2}
.tag{--ink:#17181a;--ground:#fff;--strong:#8b9096;position:absolute;display:flex;align-items:center;gap:.35rem;margin:3px 0;max-width:60%;padding:.1rem .5rem;border:1px solid var(--strong);border-radius:12px;background:var(--ground);color:var(--ink);font-size:.85rem;font-weight:600;line-height:1.3;pointer-events:none}.tag.above{transform:translateY(calc(-100% - 6px))}.tag>.swatch{flex:none}
.where{display:flex;flex-wrap:wrap;gap:.2rem .7rem;align-items:center}
.where input{width:3.4rem;font-weight:600}
.where .fault{flex:1 0 100%;line-height:1.25}.where .fault:empty{display:none}
.printing table:has(th:nth-child(14)) :is(th,td){font-size:.5rem;padding:.15rem .08rem}.printing table:has(th:nth-child(14)) td,.printing thead th:first-child{overflow-wrap:normal}.printing th[scope=row]{min-width:2.6rem}
figure{margin:0;min-width:0}figcaption{font-size:.9rem}
.chart{overflow:hidden;line-height:0}
.chart svg{display:block}
.dot{fill:var(--ink);stroke:var(--ground);stroke-width:1.5}.dot.b{fill:var(--ground);stroke:var(--ink)}
@media (forced-colors:active){
:root:root:root{--ground:Canvas;--card:Canvas;--tint:Canvas;--ink:CanvasText;--soft:CanvasText;--line:CanvasText;--strong:CanvasText}
.swatch,.badge,.tag,.frame,.chart{forced-color-adjust:none}
.thumb{border-color:Canvas}.thumb:has(:checked){border-color:Highlight}
svg text{fill:CanvasText}
}
details{margin-top:.8rem}summary{cursor:pointer;width:fit-content}
.bench>.more{display:flex;flex-wrap:wrap;gap:0 1.8rem}.more details[open]{flex-basis:100%;min-width:0}.more details{margin-top:.4rem}
section.report{margin-top:1.7rem;padding-top:1.05rem;border-top:1px solid var(--line)}
section.report h3{margin-top:1.4rem}
section.report>p{max-width:60rem}
section.report figure img{display:block;background:#fff;border-radius:4px}
.measure{display:grid;grid-template-columns:minmax(12rem,17rem) minmax(0,1fr);gap:0 2rem;align-items:start;margin-top:.8rem}
section.report>details>summary h2{display:inline}
section.report:has(>details>summary>h2){margin-top:0;padding:.3rem 0}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-size:.88rem;margin:.6rem 0}
caption{text-align:left;color:var(--soft);padding-bottom:.3rem}
th,td{padding:.3rem .7rem;border-bottom:1px solid var(--line);text-align:left;white-space:nowrap;font-weight:400}
.scroll tbody th{white-space:normal}
.scroll th:first-child{position:sticky;left:0;z-index:1;background:var(--ground)}
thead th{white-space:normal;vertical-align:bottom;font-weight:600}
small{color:var(--soft)}
@media (max-width:69rem){
.bench{grid-template-columns:repeat(2,minmax(0,1fr));grid-template-areas:"choosing choosing" "size size" "a b" "scale scale" "aside aside" "more more"}
.bench:not(.single) .aside{grid-template-columns:minmax(0,1fr) auto;align-items:center;padding-top:.6rem}.bench:not(.single) .aside>:not(.says,#move){grid-column:1/-1}
.bench:not(.many) .knows{display:none}
}
@media (max-width:60rem){
.measure{display:block}
}
@media (max-width:44rem){
#viewer>h1{letter-spacing:-.035em;text-wrap:balance;margin-bottom:.35rem}#viewer>p.soft{font-size:.8rem}#viewer>p.soft span:nth-child(n+4){display:none}
.bench,.bench.single{display:flex;flex-direction:column;align-items:stretch}
.size{order:1;align-self:start}.more{order:2}.page{padding:.1rem 1rem}.page select{min-height:1.6rem;padding:0 .3rem}.frame{width:min(100%,21rem);margin:0 auto}.margin-note{font-size:.74rem}.strip{min-height:0}.thumb{width:3.7rem;padding:.15rem 0 .1rem}.thumb .name{font-size:.72rem;letter-spacing:-.02em}.thumb img{width:36px;height:36px}
.fronts{display:flex;margin-bottom:.3rem}.fronts label{flex:1;display:flex;align-items:center;gap:.4rem;min-width:0;min-height:2.75rem;padding:.2rem .5rem;border:1px solid var(--strong);line-height:1.2;color:var(--ink);white-space:normal}.fronts label:first-of-type{border-radius:8px 0 0 8px}.fronts label:last-of-type{border-radius:0 8px 8px 0;border-left:0}.fronts label:has(:checked){background:var(--ink);color:var(--ground)}.fronts label:has(:checked) .badge.a{border-color:var(--ground);background:var(--ground);color:var(--ink)}.fronts label:has(:checked) .badge.b{border-color:var(--ground);background:var(--ink);color:var(--ground)}
.fronts label:has(:focus-visible){outline:3px solid var(--focus);outline-offset:-3px}.fronts input{position:absolute;opacity:0;width:1px;height:1px;min-height:0}.fronts span>*{display:block;overflow-wrap:anywhere}.fronts b{font-size:.78rem;white-space:nowrap}
.bench:not(.single) :is(.head .summary,.knows){display:none}.bench:not(.single) .head{min-height:0;margin-bottom:.2rem}
.front-a .b:is(.panel,.say),.front-b .a:is(.panel,.say),.bench:not(.many,.single) .head{display:none}
.legend{min-height:0;font-size:.82rem;padding-bottom:.2rem}
.aside,.bench:not(.single) .aside{display:flex;flex-direction:column;align-items:stretch;gap:.5rem;padding-top:.5rem}.says{order:-2}#move{order:-1;width:100%}.say{font-size:1rem;line-height:1.35}
th,td{padding:.3rem .5rem}
}
.printing body{width:180mm;font-size:12px}
.printing :is(main,.page){padding:0;max-width:none}
.printing .size,.printing .theme,.printing .skip,.printing .choosing,.printing .save,.printing .fronts,.printing #move,.printing .hint,.printing #settings,.printing .more details:not([open]),.printing section.report:has(>details:not([open])>summary>h2),.printing summary:not(:has(>h2)){display:none}
.printing .bench{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));grid-template-areas:"a b" "scale scale" "aside aside" "more more";gap:.4rem .8rem}.printing .bench.single{grid-template-areas:"a aside" "scale aside" "more more"}.printing .bench .panel{display:block}.printing .bench .head{display:flex}.printing .bench .head .summary{display:inline}.printing .bench select{border:0;padding:0;appearance:none}.printing .bench .say{display:grid}
.printing .scroll{overflow:visible}
.printing th,.printing td{padding:.15rem .35rem;font-size:.76rem;white-space:normal;overflow-wrap:anywhere}
.printing .measure{display:block}
.printing section.report[id^=claim-]{margin-top:1.2rem}
.printing .panel,.printing figure,.printing tr,.printing svg,.printing .note{break-inside:avoid}
.printing h2,.printing h3,.printing h4{break-inside:avoid;break-after:avoid}
.printing .tag{font-size:.66rem}.printing h2{font-size:1.1rem}.printing figcaption{font-size:.76rem}
.tag,.badge,.swatch{print-color-adjust:exact}
@page{margin:15mm}
.dots{display:grid;grid-template-columns:fit-content(11rem) fit-content(9rem) minmax(0,1fr);gap:0 .6rem;align-items:center;max-width:60rem;font-size:.86rem;padding-right:.8rem}
.dots>b,.dots>span{line-height:20px;overflow:hidden;text-overflow:ellipsis;white-space:nowrap;font-weight:600}.dots>span{font-weight:400;text-align:right}
.keys{grid-column:1/-1;margin:0 0 .3rem;font-size:.86rem;display:flex;flex-wrap:wrap;gap:.1rem 1rem}.keys svg{margin-right:.25rem;vertical-align:-1px}
.dots .axis{grid-column:3;margin:0;text-align:center;color:var(--soft)}
.panels{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,17rem),1fr));gap:.4rem 1rem;max-width:64rem}
.panels>svg{width:100%;height:auto;max-width:24rem}.folds{grid-template-columns:repeat(auto-fill,minmax(min(100%,21rem),1fr));max-width:52rem}
.measure figcaption{color:var(--soft);line-height:1.45}
h2 .answer{display:block;font-weight:400}
[id^=claim-]:not(:has(.folds)){${Object.entries(CLAIM_COLOURS)
  .map(([name, colour]) => `${name}:var(${colour})`)
  .join(';')}}/* colour means a class, so sizes differ in greys and shapes */
.matrix td,.matrix th{vertical-align:top}.matrix thead th{max-width:9rem;vertical-align:bottom}.matrix thead th:not(:first-child,:nth-last-child(-n+2)){overflow-wrap:anywhere}.matrix :is(th,td):nth-last-child(2){min-width:4.6rem;overflow-wrap:normal}
.matrix th[scope=row]{min-width:12rem;max-width:22rem;width:22rem;font-weight:600}.matrix th a{color:inherit}
.matrix td:last-child{min-width:13rem;white-space:normal;color:var(--soft)}
.matrix td a{display:inline-block;padding:0 .6rem;white-space:nowrap;border:1.5px solid var(--ink);border-radius:1rem;font-weight:600;text-decoration:none;color:var(--ink)}
.matrix td a:not([aria-label^=No],[aria-label^=Can]){background:var(--ink);color:var(--ground);print-color-adjust:exact;forced-color-adjust:none}.matrix td a[aria-label^=Can]{border:1px solid var(--line);font-weight:400}
.matrix td a:hover{text-decoration:underline}
.tabs{display:flex;flex-wrap:wrap;gap:.2rem 1rem;margin-top:1.2rem}.tabs>legend{padding:0}.tabs>div{display:none;order:1;flex:0 0 100%;min-width:0}
.tabs>label{white-space:normal}.tabs>label:has(:checked){color:var(--ink);font-weight:600}.tabs>label:has(:checked)+div{display:block}.tabs p{margin:.2rem 0}.tabs input{min-height:0;margin:0 .3rem 0 0;vertical-align:-1px}.tabs tbody th{min-width:8rem}
.paper{margin:1.2rem 0}.paper img{max-width:100%;height:auto}.paper figcaption{max-width:60rem;color:var(--soft);margin-top:.3rem}
@media (max-width:44rem){
.dots{display:flex;flex-wrap:wrap;padding:0 .9rem}.dots>svg,.dots>p{flex:0 0 100%}.dots>:empty{display:none}
}
@media screen and (max-width:44rem){
.matrix :is(table,tbody,tr,th[scope=row]){display:block;width:auto;max-width:none}.matrix thead{position:absolute;clip-path:inset(50%)}
.matrix tr{border-bottom:1px solid var(--line);padding:.4rem 0}.matrix tbody :is(th,td){border:0;padding:.15rem 0}
.matrix td{display:flex;gap:.3rem .6rem;align-items:baseline;min-width:0!important}.matrix td::before{content:attr(data-head);flex:0 0 8.5rem;color:var(--soft);overflow-wrap:anywhere}
}
@media print{.tabs>div{display:block;order:0}.tabs>label{flex:0 0 100%;font-weight:600}.tabs input{display:none}.tabs tbody th{min-width:0}}
`

function darkColours(): string {
  return '--ground:#121416;--card:#191c1f;--tint:#1e2225;--ink:#e9ebed;--soft:#a3aab1;--line:#32373c;--strong:#6d747b;--series-1:#69b1f2;--series-2:#f0955a;--series-3:#7cc47f;--series-4:#c79be6;--series-5:#d9b949;--series-6:#5cc4bd;--focus:#69b1f2;--fault:#ff8787;--held:#c07a1c'
}

/** Colours of the light theme by their names in CSS, for files that have no CSS. */
export const LIGHT_COLOURS: ReadonlyMap<string, string> = new Map(
  // The theme that comes first in the CSS is the light one.
  [...STYLE.matchAll(/(--[\w-]+):(#\w+)/g)].reverse().map(([, name = '', colour = '']) => [name, colour]),
)
