import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageFolder } from '../../files/package.js'
import { embeddedJson, pageHtml } from '../html/page.js'
import { viewerSection } from '../html/viewerHtml.js'
import type { LiveStudy } from './live.js'

const LIVE_STYLE = `
.live{display:flex;flex-wrap:wrap;gap:.45rem 1rem;align-items:center;margin:.9rem 0 0}
.live details{margin:0}.live ul{list-style:none;margin:.3rem 0;padding:0;display:grid;gap:.3rem}
.live details[open]{flex-basis:100%}
.slider{display:inline-flex;align-items:center;gap:.4rem}
.slider output{min-width:3.6em;color:var(--ink)}
input[type=range]{padding:0;accent-color:var(--series-1);width:11rem;min-height:1.85rem}
#keep{min-width:11.5rem}
.panel .note[hidden]{display:block!important;visibility:hidden}.panel .note{min-height:3.6rem}
input[type=color]{padding:.1rem;width:2.6rem;vertical-align:middle}
.notice{position:fixed;z-index:8;right:.5rem;bottom:.5rem;box-sizing:border-box;width:max-content;max-width:min(34rem,calc(100vw - 1rem));max-height:50vh;overflow:auto;display:flex;gap:.7rem;align-items:start;padding:.5rem .5rem .5rem .8rem;font-size:.9rem;background:var(--card);border:1px solid var(--strong);border-left:4px solid var(--series-3);border-radius:6px;box-shadow:0 2px 12px rgb(0 0 0/.3)}
.notice[hidden],.printing .notice{display:none}
.notice.fault{color:inherit;margin:0;border-left-color:var(--fault)}
.notice p{margin:0 0 .3rem;max-width:none}.notice ul{margin:.3rem 0;padding-left:1.2rem}.notice code{overflow-wrap:anywhere}
.drop-here{position:fixed;inset:0;z-index:9;display:grid;place-items:center;font-size:1.6rem;font-weight:600;background:color-mix(in srgb,var(--ground) 82%,transparent);border:4px dashed var(--series-1);pointer-events:none}
`

const LEAD = `<p class="finding"><strong>Drag the object to move it.</strong> Or drop a picture or an ONNX network anywhere on this page.</p>
<p class="soft">The maps fill from coarse to fine, around the object first.</p>`

const APP = '<div id="viewer-app"></div>\n<div id="live-controls"></div>'

export function livePage(study: LiveStudy): string {
  return pageHtml({
    title: 'Shiftscope, live',
    style: LIVE_STYLE,
    hasViewer: true,
    main: `${viewerSection('Does a network give the same answer wherever the object is?', LEAD, APP)}
<script type="application/json" id="study">${embeddedJson(study)}</script>\n<script src="live.js"></script>`,
  })
}

export function liveScript(): string {
  return readFileSync(join(packageFolder(), 'dist', 'page', 'liveBundle.js'), 'utf8')
}
