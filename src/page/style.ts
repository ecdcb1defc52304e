/** The page's CSS. In both themes, the colours of data have a contrast of at least 3:1 to the background. */
export const STYLE = `
:root,:root.printing:root{color-scheme:light;--ground:#fff;--card:#fff;--tint:#f5f5f2;--ink:#1a1c1f;--soft:#5a6068;--line:#dcddd9;--strong:#8b9096;
--series-1:#0b5fa5;--series-2:#b54a09;--series-3:#2f7d32;--series-4:#7b3fa0;--series-5:#8a6d00;--series-6:#0b7a75;--focus:#0b5fa5}
:root[data-theme=dark]{color-scheme:dark;${darkColours()}}
@media (prefers-color-scheme:dark){:root:not([data-theme=light]){color-scheme:dark;${darkColours()}}}
*{box-sizing:border-box}
[hidden]{display:none!important}
html{scroll-behavior:smooth}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums;-webkit-text-size-adjust:100%}
a{color:var(--series-1)}
h1,h2,h3,h4{line-height:1.25;font-weight:600;margin:0}
h2{font-size:1.35rem}h3{font-size:1rem}
p{margin:.5rem 0;max-width:46rem}
code,pre{font:.92em ui-monospace,Menlo,Consolas,monospace}
pre{margin:.5rem 0;white-space:pre}
:focus-visible{outline:2px solid var(--focus);outline-offset:2px}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.skip{position:absolute;left:-99rem}.skip:focus{left:1rem;top:.5rem;background:var(--card);padding:.4rem .8rem;z-index:4}
.soft{color:var(--soft)}
.page{display:flex;flex-wrap:wrap;align-items:baseline;gap:.2rem 1.2rem;padding:.55rem 1.5rem;border-bottom:1px solid var(--line);max-width:104rem;margin:0 auto}
.page h1{font-size:1.05rem;letter-spacing:.01em}
.page .theme{margin-left:auto;font-size:.85rem}
.layout{display:grid;grid-template-columns:10.5rem minmax(0,1fr);gap:0 2rem;max-width:104rem;margin:0 auto;padding:0 1.5rem}
main{min-width:0;padding:1.1rem 0 4rem}
.contents{position:sticky;top:0;align-self:start;max-height:100vh;overflow-y:auto;padding:1.3rem 0;font-size:.86rem}
.contents details{margin:0}.contents summary{display:none}
.contents .links{display:grid;gap:.1rem}
.contents a{display:block;padding:.2rem .6rem;border-left:2px solid var(--line);color:var(--soft);text-decoration:none;line-height:1.35}
.contents a:hover{color:var(--ink)}
.contents a[aria-current]{color:var(--ink);border-color:var(--series-1);font-weight:600}
#viewer>h2{font-size:1.75rem;letter-spacing:-.01em;margin-bottom:.5rem}
#viewer>p{margin:0;max-width:62rem}.finding{font-size:1.1rem;line-height:1.4;overflow-wrap:anywhere}
label{color:var(--soft);font-size:.85rem;white-space:nowrap}
select,input,button{font:inherit;font-size:.88rem;color:var(--ink);background:var(--card);border:1px solid var(--strong);border-radius:5px;padding:.18rem .4rem;max-width:100%;line-height:1.35;min-height:1.85rem}
select{text-overflow:ellipsis}
:disabled{opacity:.55}
button{cursor:pointer}button:hover{border-color:var(--ink)}
#low,#high{width:4.6rem}
input[type=checkbox]{min-height:0;accent-color:var(--series-1);margin:0 .3rem 0 0;vertical-align:-1px}
input[aria-invalid=true]{border-color:#c92a2a;outline-color:#c92a2a}
.fault{color:#c92a2a;margin:0;font-size:.85rem}:root[data-theme=dark] .fault{color:#ff8787}
fieldset{border:0;margin:0;padding:0;min-width:0}
.strip{position:relative;display:flex;gap:.25rem;overflow-x:auto;padding:3px;scrollbar-width:thin;min-height:5.4rem}
.thumb{flex:none;width:4.7rem;padding:.25rem .2rem .15rem;border:2px solid transparent;border-radius:8px;cursor:pointer;text-align:center;line-height:1.2;position:relative}
.thumb input{position:absolute;opacity:0;width:1px;height:1px;min-height:0;margin:0;padding:0}
.thumb img{display:block;width:56px;height:56px;margin:0 auto .15rem;object-fit:contain;border-radius:5px;outline:1px solid var(--line);outline-offset:-1px}
.thumb .name{display:block;font-size:.78rem;overflow:hidden;text-overflow:ellipsis}
.thumb:hover{border-color:var(--line)}
.thumb:has(:checked){border-color:var(--series-1)}.thumb:has(:checked) .name{color:var(--ink);font-weight:600}
.thumb:has(:focus-visible){outline:2px solid var(--focus);outline-offset:1px}
.controls{display:flex;flex-wrap:wrap;gap:.4rem 1rem;align-items:center;margin:.4rem 0}
.controls select{max-width:15rem}
.reads{margin:.2rem 0 0;font-size:.88rem;line-height:1.4;max-width:none}
.settings,.settings fieldset{display:flex;flex-wrap:wrap;align-items:center;gap:.4rem 1rem;padding-top:.3rem}
.settings legend{float:left;padding:0;font-size:.85rem;color:var(--soft)}
#patch,#anchor{max-width:12rem}
#link-status{font-size:.85rem;color:var(--soft)}
.check{color:var(--ink)}
.bench{display:grid;gap:.6rem 1.6rem;margin-top:.8rem;grid-template-columns:minmax(0,1.1fr) repeat(2,minmax(0,1fr));grid-template-areas:"object choosing choosing" "object a b" "object scale scale" "profiles profiles profiles" "more more more";grid-template-rows:auto auto auto auto auto;align-items:start}
.bench.single{grid-template-areas:"object choosing choosing" "object a profiles" "object scale profiles" "object . profiles" "more more more"}.single .profiles{grid-template-columns:minmax(0,1fr)}
.object{grid-area:object}.choosing{grid-area:choosing;min-width:0}.panel.a{grid-area:a}.panel.b{grid-area:b}.scale{grid-area:scale;min-width:0}.profiles{grid-area:profiles}.bench>.more{grid-area:more}
.panel{min-width:0}
.panel .of{margin:0 0 .3rem;font-size:.95rem;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
.badge{display:inline-block;min-width:1.35em;padding:0 .3em;border-radius:3px;text-align:center;font-weight:700;font-size:.85rem;color:var(--card);background:var(--series-1)}
.badge.b{background:var(--series-2)}
.plot{position:relative;touch-action:pan-y;cursor:crosshair;border-radius:4px}
.plot[aria-busy=true] canvas{opacity:.5}
.plot canvas{position:absolute;image-rendering:pixelated}
.plot .axes{position:absolute;inset:0;width:100%;height:100%;pointer-events:none}
svg text{fill:var(--soft);font-size:12px}
svg .edge{stroke:var(--strong);stroke-width:1}
svg rect.edge{fill:none}
.cross path,.cross rect,.anchor path{fill:none}
.cross .under{stroke:#000;stroke-opacity:.5;stroke-width:2.5}
.cross .over{stroke:#fff;stroke-width:1}
.anchor .under{stroke:#fff;stroke-width:5}.anchor .over{stroke:#1c7ed6;stroke-width:2.5}
.here{display:none;font-weight:600}
.summary{margin:0;font-size:.88rem}.summary:empty{display:none}
.legend{list-style:none;margin:.2rem 0 0;padding:0;display:flex;flex-wrap:wrap;gap:.1rem .9rem;font-size:.88rem}
.legend:empty{display:none}
.save{margin:.2rem 0 0;font-size:.84rem}.save button{font-size:.8rem;min-height:1.5rem;padding:0 .4rem}
.swatch{display:inline-block;width:.85em;height:.85em;border-radius:2px;vertical-align:-.05em;outline:1px solid color-mix(in srgb,var(--ink) 30%,transparent)}
.note{margin:.5rem 0 0;padding:.35rem .7rem;border-left:3px solid var(--series-5);background:color-mix(in srgb,var(--series-5) 9%,transparent);font-size:.9rem}
.image{position:relative;border:1px solid var(--line);border-radius:4px;line-height:0;overflow:hidden}
.frame{cursor:grab;user-select:none;touch-action:pan-x pan-y}.frame.dragged{cursor:grabbing}
.grip{position:absolute;touch-action:none}
.image canvas{width:100%;height:auto;aspect-ratio:1;image-rendering:pixelated}
.image .window{position:absolute}
.image svg{position:absolute;inset:0;width:100%;height:100%;overflow:visible}
.image rect{fill:none;vector-effect:non-scaling-stroke}
.image text{fill:#333;font-size:12px;paint-order:stroke;stroke:#fff;stroke-width:3px}
.image .at-anchor-under{stroke:#fff;stroke-opacity:.8;stroke-width:3.5}
.image .at-anchor{stroke:#1c7ed6;stroke-dasharray:4 3;stroke-width:1.5}
.image rect.own{stroke:#0ca678;stroke-width:2.5}.image rect.other{stroke:#d9480f;stroke-width:2.5}
.image text.own{fill:#087f5b}
.image .under{stroke:#000;stroke-opacity:.35;stroke-width:3}.image .over{stroke:#fff;stroke-width:1}
.tags{position:absolute;display:flex;flex-wrap:wrap;gap:2px;padding:3px 0;pointer-events:none;line-height:1.3;width:max-content;max-width:60%}
.tags.above{transform:translateY(-100%)}
.tag{padding:.05rem .4rem;border-radius:3px;background:#0b5fa5;color:#fff;font-size:.8rem;font-weight:600}.tag.b{background:#b54a09}
.where{margin:0 0 .3rem;min-height:2.4rem;line-height:1.25}
.where .soft{display:block;font-size:.85rem}
.reading{width:100%;margin:.35rem 0 0;table-layout:auto}
.reading th,.reading td{padding:.22rem 0 .22rem .6rem;white-space:normal;overflow-wrap:anywhere}
.reading th:first-child{padding-left:0}
.reading thead th{font-size:.78rem;font-weight:400;color:var(--soft);padding-block:0}
.reading td.value,.reading thead th:last-child{text-align:right}
.reading tbody th{font-size:.85rem}.reading td{font-weight:600}.reading .value{font-size:1.05rem;white-space:nowrap}
.profiles{display:grid;gap:.6rem 1.2rem;grid-template-columns:repeat(2,minmax(0,1fr));min-width:0}
figure{margin:0;min-width:0}figcaption{font-size:.9rem}
.chart{overflow:hidden;line-height:0}
.curve{fill:none;stroke:var(--series-1);stroke-width:1.5;stroke-linejoin:round}.curve.b{stroke:var(--series-2)}
.dot{fill:var(--series-1);stroke:var(--card);stroke-width:1.5}.dot.b{fill:var(--series-2)}
.mark{fill:var(--ink)}.mark.a{fill:var(--series-1)}.mark.b{fill:var(--series-2)}
.baseline{stroke:var(--series-1);stroke-width:1.5;stroke-dasharray:2 4}.baseline.b{stroke:var(--series-2)}
.cursor-line{stroke:var(--strong);stroke-width:1}
.anchor-line{stroke:#1c7ed6;stroke-width:1.2;stroke-dasharray:4 3}
details{margin-top:.8rem}summary{cursor:pointer;width:fit-content}
.more details{margin-top:.4rem}
section.report{margin-top:2.6rem;padding-top:1.4rem;border-top:1px solid var(--line)}
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
.overview{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,25rem),1fr));gap:1.2rem 2rem}
.overview>div{min-width:0}.overview h3{margin-top:.4rem}.overview p{margin:.1rem 0 .4rem}
.thumbs{width:100%;max-width:42rem;table-layout:fixed;margin:0}
.thumbs th,.thumbs td{padding:.15rem;border:0;font-size:.78rem;color:var(--soft);font-weight:400;white-space:normal;overflow-wrap:anywhere}
.thumbs th:first-child,.thumbs td:first-child{width:3rem}
.thumbs a{display:block;text-decoration:none;color:inherit}
.thumbs img{width:100%;aspect-ratio:1;image-rendering:pixelated;border:1px solid var(--line);display:block}
.thumbs a:hover img{border-color:var(--ink)}
@media (max-width:75rem){
.layout{grid-template-columns:minmax(0,1fr)}
.contents{z-index:3;max-height:none;overflow:visible;margin:0 -1.5rem;padding:0 1.5rem;background:var(--ground);border-bottom:1px solid var(--line)}
.contents summary{display:list-item;padding:.35rem 0}
.contents .links{grid-template-columns:repeat(auto-fill,minmax(13rem,1fr));padding-bottom:.6rem;max-height:70vh;overflow-y:auto}
section{scroll-margin-top:2.6rem}
}
@media (max-width:60rem){
.bench{grid-template-columns:repeat(2,minmax(0,1fr));grid-template-areas:"object choosing" "a b" "scale scale" "profiles profiles" "more more"}
.bench.single{grid-template-columns:repeat(2,minmax(0,1fr));grid-template-areas:"object choosing" "a profiles" "scale profiles" "more more"}
.measure{display:block}
}
@media (max-width:44rem){
.page{padding:.5rem .9rem}.layout{padding:0 .9rem}.contents{margin:0 -.9rem;padding:0 .9rem}
main{padding:.8rem 0 3rem}
#viewer>h2{font-size:1.35rem;margin-bottom:.3rem}.finding{font-size:1rem}
.bench,.bench.single{display:flex;flex-direction:column;align-items:stretch}.profiles{grid-template-columns:minmax(0,1fr)}
.frame{max-width:19rem;margin:0 auto}
.thumbs th:first-child,.thumbs td:first-child{width:2.4rem}
.here{display:inline}
th,td{padding:.3rem .5rem}
}
.printing body{width:180mm;font-size:12px}
.printing .layout,.printing .page{display:block;padding:0;max-width:none}
.printing .contents,.printing .theme,.printing .skip,.printing .choosing,.printing .save,.printing .more details:not([open]),.printing section.report:has(>details:not([open])>summary>h2),.printing summary:not(:has(>h2)){display:none}
.printing .bench{grid-template-columns:repeat(3,minmax(0,1fr));grid-template-areas:"object a b" "scale scale scale" "profiles profiles profiles";gap:.6rem}
.printing .scroll{overflow:visible}.printing .scroll svg{max-width:100%;height:auto}
.printing th,.printing td{padding:.15rem .35rem;font-size:.76rem;white-space:normal}
.printing .measure{display:block}
.printing section.report[id^=claim-]{break-inside:avoid;margin-top:1.2rem}
.printing .panel,.printing figure,.printing tr,.printing svg,.printing .overview>div,.printing .note{break-inside:avoid}
.printing h2,.printing h3,.printing h4{break-after:avoid}
.printing .overview{grid-template-columns:repeat(2,minmax(0,1fr));gap:.6rem 1rem}
.printing .reading th,.printing .reading td{padding:.1rem .2rem;font-size:.72rem;overflow-wrap:normal}
.tag,.badge,.swatch{print-color-adjust:exact}
@page{margin:15mm}
/* sections */
.dots{display:grid;grid-template-columns:fit-content(11rem) fit-content(9rem) minmax(0,1fr);gap:0 .6rem;align-items:center;max-width:60rem;font-size:.86rem;padding-right:.8rem}
.dots>b,.dots>span{line-height:20px;overflow:hidden;text-overflow:ellipsis;white-space:nowrap;font-weight:600}.dots>span{font-weight:400;text-align:right}
.dots>svg{overflow:visible;background:linear-gradient(90deg,var(--line) 1px,transparent 1px) 0 0/calc(100%/var(--steps)) 100%;border-right:1px solid var(--line);print-color-adjust:exact}
.dots>svg:last-of-type{background:none;border-color:transparent}
.mark-at{overflow:visible}
.keys{grid-column:1/-1;margin:0 0 .3rem;font-size:.86rem;display:flex;flex-wrap:wrap;gap:.1rem 1rem}.keys svg{margin-right:.25rem;vertical-align:-1px}
.dots .axis{grid-column:3;margin:0;text-align:center;color:var(--soft)}
.panels{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,17rem),1fr));gap:.4rem 1rem;max-width:64rem}
.panels>svg{width:100%;height:auto;max-width:24rem}
.measure figcaption{color:var(--soft);line-height:1.45}
.matrix thead th{max-width:8rem}
.matrix td,.matrix thead th:not(:first-child){text-align:center}
.matrix td a{display:inline-block;min-width:1.8rem;font-weight:700;font-size:1.05rem;text-decoration:none;border:1px solid var(--line);border-radius:4px}
.matrix td a:hover{border-color:var(--ink)}
.tabs{display:flex;flex-wrap:wrap;gap:.2rem 1rem;margin-top:1.2rem}.tabs>legend{padding:0}.tabs>div{display:none;order:1;flex:0 0 100%;min-width:0}
.tabs>label{white-space:normal}.tabs>label:has(:checked){color:var(--ink);font-weight:600}.tabs>label:has(:checked)+div{display:block}.tabs p{margin:.2rem 0}.tabs input{min-height:0;margin:0 .3rem 0 0;vertical-align:-1px}.tabs tbody th{min-width:8rem}
.paper{margin:1.2rem 0}.paper img{max-width:100%;height:auto}.paper figcaption{max-width:60rem;color:var(--soft);margin-top:.3rem}
@media (max-width:44rem){
.dots{display:flex;flex-wrap:wrap;padding:0 .9rem}.dots>svg,.dots>p{flex:0 0 100%}.dots>:empty{display:none}
.matrix th[scope=row]{min-width:7rem}.matrix td,.matrix th{padding:.3rem .25rem}
}
@media print{.tabs>div{display:block;order:0}.tabs>label{flex:0 0 100%;font-weight:600}.tabs input{display:none}.tabs tbody th{min-width:0}}
`

function darkColours(): string {
  return '--ground:#121416;--card:#191c1f;--tint:#1e2225;--ink:#e9ebed;--soft:#a3aab1;--line:#32373c;--strong:#6d747b;--series-1:#69b1f2;--series-2:#f0955a;--series-3:#7cc47f;--series-4:#c79be6;--series-5:#d9b949;--series-6:#5cc4bd;--focus:#69b1f2'
}
