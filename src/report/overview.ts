import { ANCHOR_NAMES } from '../engine/positions.js'
import type { StudyGroup } from '../results/study.js'
import type { SimilaritySummary } from '../results/summary.js'
import { type ColourLimits, heatmapName } from './heatmap.js'
import { escapeHtml } from './html.js'
import type { ReportSection } from './section.js'

/** Every mean map at a glance; each leads to itself in the viewer. */
export function overviewSection(
  groups: readonly StudyGroup[],
  similarity: readonly SimilaritySummary[],
  { low, high }: ColourLimits,
): ReportSection {
  const html = `<p class="soft">Mean over patches, colours from ${low} (black) over red and yellow to ${high} (white). A map
opens in the viewer above.</p>
${groups.map((group) => groupHtml(group, similarity)).join('\n')}`
  return { id: 'overview', title: 'All mean maps', html }
}

function groupHtml(group: StudyGroup, similarity: readonly SimilaritySummary[]): string {
  const { model, size, units, rows, cols, stride } = group
  const patches = units.length === 1 ? '1 patch' : `${units.length} patches`
  const layers = group.layers.map(
    (layer) =>
      `<h4>${escapeHtml(layer)}</h4><div class="thumbs">${ANCHOR_NAMES.map((anchor) => thumbnail(group, layer, anchor, similarity)).join('')}</div>`,
  )
  return `<h3>${escapeHtml(model)}, ${size}×${size}</h3>
<p class="soft">${patches}, ${rows}×${cols} positions, stride ${stride}</p>
${layers.join('\n')}`
}

function thumbnail(
  { model, size }: StudyGroup,
  layer: string,
  anchor: string,
  similarity: readonly SimilaritySummary[],
): string {
  const cell = similarity.find(
    (one) => one.model === model && one.size === size && one.layer === layer && one.anchor === anchor,
  )
  const mean = cell === undefined ? '' : ` mean ${cell.mean.toFixed(3)}`
  const source = `heatmaps/${encodeURIComponent(`${heatmapName(model, layer, size, anchor)}.png`)}`
  const link = new URLSearchParams({ network: model, layer, size: String(size), anchor })
  const text = `${model} ${layer}, ${size} pixels, similarity to the ${anchor} anchor:${mean}`
  return `<a href="#${escapeHtml(link.toString())}"><img src="${source}" alt="${escapeHtml(text)}" loading="lazy"><span>${anchor}${mean}</span></a>`
}
