/** The page's style. Colours of data are told apart by lightness too, and keep 3:1 against both grounds. */
export const STYLE = `
:root{color-scheme:light;--ground:#f6f6f4;--card:#fff;--ink:#1a1c1f;--soft:#5a6068;--line:#d8d9d6;--strong:#8b9096;
--series-1:#0b5fa5;--series-2:#b54a09;--series-3:#2f7d32;--series-4:#7b3fa0;--series-5:#8a6d00;--series-6:#0b7a75;--focus:#0b5fa5}
:root[data-theme=dark]{color-scheme:dark;--ground:#111315;--card:#191c1f;--ink:#e9ebed;--soft:#9fa6ad;--line:#32373c;--strong:#6d747b;
--series-1:#69b1f2;--series-2:#f0955a;--series-3:#7cc47f;--series-4:#c79be6;--series-5:#d9b949;--series-6:#5cc4bd;--focus:#69b1f2}
@media (prefers-color-scheme:dark){:root:not([data-theme=light]){color-scheme:dark;--ground:#111315;--card:#191c1f;--ink:#e9ebed;--soft:#9fa6ad;--line:#32373c;--strong:#6d747b;
--series-1:#69b1f2;--series-2:#f0955a;--series-3:#7cc47f;--series-4:#c79be6;--series-5:#d9b949;--series-6:#5cc4bd;--focus:#69b1f2}}
*{box-sizing:border-box}
[hidden]{display:none!important}
html{scroll-behavior:smooth}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums;-webkit-text-size-adjust:100%}
a{color:var(--series-1)}
h1,h2,h3,h4{line-height:1.25;font-weight:600;margin:0}
h2{font-size:1.3rem}h3{font-size:1rem}
p{margin:.5rem 0;max-width:46rem}
code{font:.92em ui-monospace,Menlo,Consolas,monospace}
:focus-visible{outline:2px solid var(--focus);outline-offset:2px}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.skip{position:absolute;left:-99rem}.skip:focus{left:1rem;top:.5rem;background:var(--card);padding:.4rem .8rem;z-index:2}
.soft{color:var(--soft)}
.page{display:flex;flex-wrap:wrap;align-items:baseline;gap:.3rem 1.4rem;padding:.8rem max(1.5rem,calc((100% - 88rem)/2 + 1.5rem));border-bottom:1px solid var(--line);background:var(--card)}
.page h1{font-size:1.15rem;letter-spacing:.01em}
.page .facts{margin:0;color:var(--soft);font-size:.9rem}
.page nav{order:1;flex-basis:100%;display:flex;flex-wrap:wrap;gap:.2rem 1rem;font-size:.9rem}
.page nav a{text-decoration:none}.page nav a:hover{text-decoration:underline}
.page .theme{margin-left:auto;font-size:.85rem}
main{max-width:88rem;margin:0 auto;padding:1.2rem 1.5rem 4rem}
#viewer>.lead{color:var(--soft);max-width:60rem}
.plus{color:#1c7ed6;font-weight:700}
label{color:var(--soft);font-size:.85rem;white-space:nowrap}
select,input,button{font:inherit;font-size:.9rem;color:var(--ink);background:var(--card);border:1px solid var(--strong);border-radius:4px;padding:.22rem .4rem;max-width:100%;line-height:1.35;min-height:1.95rem}
select{text-overflow:ellipsis}
.steps{display:inline-flex;gap:.3rem;align-items:center;min-width:0}.steps label{display:inline-flex;gap:.3rem;align-items:center;min-width:0}
button{cursor:pointer}button:hover{border-color:var(--ink)}
#low,#high{width:4.6rem}
input[type=checkbox]{min-height:0;accent-color:var(--series-1);margin:0 .3rem 0 0;vertical-align:-1px}
input[aria-invalid=true]{border-color:#c92a2a;outline-color:#c92a2a}
.fault{color:#c92a2a;margin:0;font-size:.85rem}:root[data-theme=dark] .fault{color:#ff8787}
.toolbar{display:flex;flex-wrap:wrap;gap:.6rem 1.6rem;padding:.7rem 0;border-block:1px solid var(--line);margin:.8rem 0}
.toolbar fieldset{border:0;margin:0;padding:0;display:flex;flex-wrap:wrap;align-items:center;gap:.4rem .6rem;min-width:0}
.toolbar legend{float:left;padding:0;margin-right:.6rem;font-size:.72rem;text-transform:uppercase;letter-spacing:.07em;color:var(--soft)}
.toolbar legend+*{clear:none}
#a-patch{max-width:15rem}
#link-status{font-size:.85rem;color:var(--soft)}
.check{color:var(--ink)}
.bench{display:grid;gap:1rem;grid-template-columns:minmax(0,1fr) 22rem;align-items:start}
.single .bench{grid-template-columns:minmax(0,38rem) minmax(22rem,1fr)}
.maps{display:grid;gap:1rem;grid-template-columns:repeat(2,minmax(0,1fr))}.single .maps{grid-template-columns:minmax(0,1fr)}
.scale,.more{grid-column:1/-1;min-width:0}
.more details:first-child{margin-top:0}
.side{display:grid;gap:1rem;grid-template-columns:minmax(0,1fr)}
.panel,.readout,.scale,.profiles{background:var(--card);border:1px solid var(--line);border-radius:6px;padding:.8rem;min-width:0}
.scale{padding-block:.5rem .2rem}
.choices{display:flex;flex-wrap:wrap;gap:.3rem .8rem;align-items:center;margin-bottom:.5rem}
.choices select{max-width:13rem}
.badge{display:inline-block;min-width:1.35em;padding:0 .3em;border-radius:3px;text-align:center;font-weight:700;font-size:.85rem;color:var(--card);background:var(--series-1)}
.badge.b{background:var(--series-2)}
.plot{position:relative;aspect-ratio:1;touch-action:pan-y;cursor:crosshair;border-radius:4px}
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
.summary{margin:.4rem 0 0;font-size:.9rem}
.note{margin:.5rem 0 0;padding:.35rem .7rem;border-left:3px solid var(--series-5);background:color-mix(in srgb,var(--series-5) 9%,transparent);font-size:.9rem}
.images{display:grid;gap:.6rem;align-content:start}
.image{position:relative;border:1px solid var(--line);line-height:0}
.images:has(>#b-image:not([hidden])) .image::before{content:attr(data-panel);position:absolute;z-index:1;right:0;bottom:0;padding:.05rem .35rem;font:700 .8rem/1.3 system-ui,sans-serif;color:var(--card);background:var(--series-1)}
.images #b-image.image::before{background:var(--series-2)}
.image canvas{width:100%;height:auto;image-rendering:pixelated}
.image svg{position:absolute;inset:0;width:100%;height:100%}
.image rect{fill:none;vector-effect:non-scaling-stroke}
.image text{fill:#333;font-size:12px;paint-order:stroke;stroke:#fff;stroke-width:3px}
.image .at-anchor-under{stroke:#fff;stroke-opacity:.8;stroke-width:3.5}
.image .at-anchor{stroke:#1c7ed6;stroke-dasharray:4 3;stroke-width:1.5}
.image .under{stroke:#000;stroke-opacity:.35;stroke-width:3}.image .over{stroke:#fff;stroke-width:1}
.where p{margin:0 0 .4rem;line-height:1.35}
.where .soft{font-size:.9rem}
.readout dl{margin:0}
.readout dl>div{display:flex;justify-content:space-between;align-items:baseline;gap:.6rem;padding:.3rem 0;border-top:1px solid var(--line)}
.readout dt{min-width:0;overflow-wrap:anywhere;font-size:.9rem}
.readout dd{margin:0;font-size:1.25rem;font-weight:600}
.profiles{display:grid;gap:.6rem 1.2rem;grid-template-columns:minmax(0,1fr);align-content:start}
.readout{display:grid;grid-template-columns:minmax(8rem,10rem) minmax(0,1fr);gap:.5rem .9rem;align-content:start}
.readout h3,.readout dl{grid-column:1/-1}
figure{margin:0}figcaption{font-size:.9rem}
.chart{overflow:hidden;line-height:0}
.curve{fill:none;stroke:var(--series-1);stroke-width:1.5;stroke-linejoin:round}.curve.b{stroke:var(--series-2)}
.dot{fill:var(--series-1);stroke:var(--card);stroke-width:1.5}.dot.b{fill:var(--series-2)}
.mark{fill:var(--ink)}.mark.a{fill:var(--series-1)}.mark.b{fill:var(--series-2)}
.baseline{stroke:var(--series-1);stroke-width:1.5;stroke-dasharray:2 4}.baseline.b{stroke:var(--series-2)}
.cursor-line{stroke:var(--strong);stroke-width:1}
.anchor-line{stroke:#1c7ed6;stroke-width:1.2;stroke-dasharray:4 3}
details{margin-top:.8rem}summary{cursor:pointer;width:fit-content}
section.report{margin-top:3rem;padding-top:1.2rem;border-top:1px solid var(--line)}
section.report h3{margin-top:1.6rem}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-size:.88rem;margin:.6rem 0}
caption{text-align:left;color:var(--soft);padding-bottom:.3rem}
th,td{padding:.3rem .7rem;border-bottom:1px solid var(--line);text-align:left;white-space:nowrap;font-weight:400}
thead th{white-space:normal;vertical-align:bottom;font-weight:600}
small{color:var(--soft)}
.overview{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,32rem),1fr));gap:1.2rem 2.5rem}
.overview>div{min-width:0}.overview h3{margin-top:.4rem}.overview p{margin:.1rem 0 .4rem}
.thumbs{width:100%;max-width:42rem;table-layout:fixed;margin:0}
.thumbs th,.thumbs td{padding:.15rem;border:0;font-size:.78rem;color:var(--soft);font-weight:400;white-space:normal;overflow-wrap:anywhere}
.thumbs th:first-child,.thumbs td:first-child{width:4rem}
.thumbs a{display:block;text-decoration:none;color:inherit}
.thumbs img{width:100%;aspect-ratio:1;image-rendering:pixelated;border:1px solid var(--line);display:block}
.thumbs a:hover img{border-color:var(--ink)}
@media (max-width:68rem){
.bench,.single .bench{grid-template-columns:minmax(0,1fr)}
.profiles{grid-template-columns:repeat(2,minmax(0,1fr))}
}
@media (max-width:44rem){
main{padding:1rem .8rem 3rem}.page{padding:.7rem .8rem}
.maps,.profiles{grid-template-columns:minmax(0,1fr)}
.panel,.readout,.profiles,.scale{padding:.6rem}
.choices select{max-width:9.5rem}
.thumbs th:first-child,.thumbs td:first-child{width:2.4rem}
.here{display:inline}
}
`
