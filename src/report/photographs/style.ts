/** CSS of the sections about photographs. Pages without these sections do not have it. */
export const PHOTOGRAPHS_STYLE = `
.photographs{display:grid;grid-template-columns:repeat(auto-fill,minmax(224px,1fr));gap:1.4rem 1.2rem;margin-top:.8rem}
.photographs figure{max-width:224px}.photographs figure>svg{display:block;width:224px;margin-top:.2rem;border-radius:4px}
.photographs figcaption,.photographs p{overflow-wrap:anywhere}.photographs p{margin:.5rem 0 0;font-size:.88rem}
.photographs ul{list-style:none;margin:.1rem 0 0;padding:0;font-size:.88rem;line-height:1.35}
.photographs path{shape-rendering:crispEdges}.right{fill:none;stroke:var(--ink);stroke-width:1.5}
.pair{display:none;scroll-margin-top:3rem}.pair:target,.pairs:not(:has(:target))>.pair:first-of-type{display:block}
.quote{margin:.8rem 0;padding:.5rem .8rem;max-width:46rem;border-left:3px solid var(--series-1);background:var(--tint)}
.quote figcaption{font-size:.82rem;color:var(--soft)}.quote blockquote{margin:.2rem 0 .4rem;overflow-wrap:anywhere}
.scatter svg{display:block;width:100%;max-width:48rem}.scatter svg:last-child{display:none}
.scatter .name{fill:var(--ink);paint-order:stroke;stroke:var(--ground);stroke-width:3px}
:is(#photographs,#changes) thead th{min-width:6.6rem;max-width:11rem;overflow-wrap:anywhere}:is(#photographs,#changes) thead small{font-weight:400}
:is(#photographs,#changes) tbody th{min-width:11rem;max-width:16rem;overflow-wrap:anywhere}
@media screen and (max-width:44rem){:is(#photographs,#changes) tbody th{min-width:5.6rem}.scatter svg:first-child{display:none}.scatter svg:last-child{display:block}}
@media print{.quote button,.theme,details:not([open]){display:none}main,.page{padding:0}:is(#photographs,#changes) .scroll{overflow:visible}:is(#photographs,#changes) :is(th,td){white-space:normal;overflow-wrap:anywhere;padding:.15rem .35rem;font-size:.76rem;min-width:0}
.photographs figure,#scatter{break-inside:avoid}.scatter svg{max-width:30rem}.photographs svg{print-color-adjust:exact}}`
