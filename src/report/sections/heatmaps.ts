import { ANCHOR_NAMES, type AnchorName } from '../../engine/scene/positions.js'
import type { ReportSection } from '../../page/html/section.js'
import { viewLink } from '../../page/text/viewLink.js'
import { squareText } from '../../patches/sizes.js'
import type { ColourLimits } from '../../plot/colormap.js'
import { escapeHtml } from '../../plot/html.js'
import { numberOf, type StudyGroup } from '../../results/store/study.js'
import { counted } from '../../support/text.js'
import { heatmapName } from './heatmap.js'

/** A section with thumbnails of all mean maps. Each thumbnail links to the same map in the viewer. */
export function heatmapSection(groups: readonly StudyGroup[], limits: ColourLimits): ReportSection {
  const html = `<p class="soft">Each map is the mean over objects. Its colours run from black (${limits.low}) over red and yellow to white (${limits.high}).
The number below it is its mean similarity. Click a map to see it at the top of the page.</p>
<div class="overview">
${groups.map((group) => groupHtml(group, groups, limits)).join('\n')}
</div>`
  return { id: 'overview', title: 'All mean maps', html }
}

function groupHtml(group: StudyGroup, groups: readonly StudyGroup[], limits: ColourLimits): string {
  const { model, units, rows, cols, stride } = group
  const objects = counted(units.length, 'object')
  const head = ANCHOR_NAMES.map((anchor) => `<th scope="col">${anchor}</th>`).join('')
  const layers = group.layers.map((layer) => {
    const cells = ANCHOR_NAMES.map((anchor) => `<td>${thumbnail(group, layer, anchor, limits)}</td>`).join('')
    return `<tr><th scope="row">${escapeHtml(layer)}</th>${cells}</tr>`
  })
  return `<div><h3>${escapeHtml(model)}, ${squareText([group], groups)}</h3>
<p class="soft">${objects}, ${rows}×${cols} positions, ${stride} px apart</p>
<table class="thumbs"><thead><tr><td></td>${head}</tr></thead><tbody>
${layers.join('\n')}
</tbody></table></div>`
}

function thumbnail(group: StudyGroup, layer: string, anchor: AnchorName, limits: ColourLimits): string {
  const { model, size } = group
  const mean = numberOf(group, layer, 'similarity-mean', { anchor })?.mean.toFixed(3) ?? ''
  const source = `heatmaps/${encodeURIComponent(`${heatmapName(model, layer, size, anchor)}.png`)}`
  const view = { network: model, layer, size, patch: null, anchor, map: 'similarity' } as const
  const link = viewLink({ ...view, limits: `${limits.low},${limits.high}` })
  const text = `${model} ${layer}, ${size} pixels, similarity to the ${anchor} anchor: mean ${mean}`
  return `<a href="${escapeHtml(link)}"><img src="${source}" alt="${escapeHtml(text)}" loading="lazy"><span aria-hidden="true">${mean}</span></a>`
}
