import { ANCHOR_NAMES } from '../engine/positions.js'
import { meanMap, type StudyGroup } from '../results/study.js'
import { fileName } from '../results/unit.js'
import { hot } from './colormap.js'
import type { ColourLimits } from './heatmap.js'
import { cellParts, columnTitle, type ResultTable, type TableCell } from './tables.js'

/** Name of a heatmap's files without extension: `<model>-<layer>-<size>-<anchor>`. */
export function heatmapName(model: string, layer: string, size: number, anchor: string): string {
  return fileName(`${model}-${layer}-${size}-${anchor}`)
}

/**
 * The page of a results folder: tables and heatmaps, readable from disk, with no script and no network.
 * @param explanation of the fold schemes, where separability was measured
 */
export function resultsPage(
  groups: readonly StudyGroup[],
  tables: readonly ResultTable[],
  explanation: string | undefined,
  limits: ColourLimits,
): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Shiftscope results</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>What the features do when the object moves</h1>
<p>Each value is the cosine similarity between the feature of an image with the object at some position and the feature
with the object at the anchor. A network whose features do not change when the object moves would have 1 everywhere.</p>
${tables.map(tableSection).join('\n')}
${explanation === undefined ? '' : `<h3>What the folds do</h3>\n<p>${escapeHtml(explanation)}</p>`}
<h2>Heatmaps</h2>
<p>Mean over patches of the similarity at each position of the patch’s top-left corner. The cross marks the anchor.</p>
${colourBar(limits)}
${groups.map(heatmapSection).join('\n')}
</main>
</body>
</html>
`
}

function tableSection({ title, note, columns, rows }: ResultTable): string {
  const head = ['model', 'layer', ...columns.map(columnTitle)]
    .map((text) => `<th scope="col">${escapeHtml(text)}</th>`)
    .join('')
  const body = rows.map(({ model, layer, cells }) => {
    const values = cells.map((cell) => `<td>${cellHtml(cell)}</td>`).join('')
    return `<tr><th scope="row">${escapeHtml(model)}</th><td>${escapeHtml(layer)}</td>${values}</tr>`
  })
  return `<h2>${escapeHtml(title)}</h2>
<p>${escapeHtml(note)}</p>
<div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>
${body.join('\n')}
</tbody></table></div>`
}

/** The paper's value on a line of its own, so that five anchors fit on a page. */
function cellHtml(cell: TableCell): string {
  const { own, paper } = cellParts(cell)
  return paper === undefined ? escapeHtml(own) : `${escapeHtml(own)}<br><small>${escapeHtml(paper)}</small>`
}

function colourBar({ low, high }: ColourLimits): string {
  const stops = Array.from({ length: 17 }, (_, i) => `rgb(${hot(i / 16).join(' ')}) ${((i / 16) * 100).toFixed(2)}%`)
  return `<div class="bar"><span>${low}</span><span class="ramp" style="background:linear-gradient(to right, ${stops.join(', ')})" role="img" aria-label="Colour scale from ${low} (black) over red and yellow to ${high} (white)"></span><span>${high}</span></div>`
}

function heatmapSection(group: StudyGroup): string {
  const { model, size, units, rows, cols, stride } = group
  const layers = group.layers.map((layer, i) => {
    const figures = ANCHOR_NAMES.map((anchor, j) => {
      const map = meanMap(group, i, j)
      const mean = map.reduce((sum, value) => sum + value, 0) / map.length
      const min = map.reduce((least, value) => Math.min(least, value), 1)
      const place = (units[0] as (typeof units)[number]).layers[i]?.similarity[anchor]
      const share = (pixel: number, positions: number) => (((pixel / stride + 0.5) / positions) * 100).toFixed(2)
      const left = share(place?.col ?? 0, cols)
      const top = share(place?.row ?? 0, rows)
      const source = `heatmaps/${encodeURIComponent(`${heatmapName(model, layer, size, anchor)}.png`)}`
      const text = `${model} ${layer}, ${size} pixels, similarity to the ${anchor} anchor: mean ${mean.toFixed(3)}, lowest ${min.toFixed(3)}`
      return `<figure><div class="map"><img src="${source}" alt="${escapeHtml(text)}" loading="lazy"><i style="left:min(${left}%, 100%);top:min(${top}%, 100%)"></i></div><figcaption>${anchor}<br><small>mean ${mean.toFixed(3)}, lowest ${min.toFixed(3)}</small></figcaption></figure>`
    })
    return `<h4>${escapeHtml(layer)}</h4><div class="maps">${figures.join('')}</div>`
  })
  const patches = units.length === 1 ? '1 patch' : `${units.length} patches`
  return `<section><h3>${escapeHtml(model)}, ${size}×${size}</h3>
<p>${patches}, ${rows}×${cols} positions, stride ${stride}</p>
${layers.join('\n')}</section>`
}

/** Names come from files: they are shown as text, whatever they hold. */
function escapeHtml(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
  return text.replace(/[&<>"']/g, (character) => entities[character] as string)
}

const STYLE = `
:root{color-scheme:light dark;--text:#1d1d1f;--back:#fff;--line:#d0d0d6;--soft:#6b6b73}
@media (prefers-color-scheme:dark){:root{--text:#ececf1;--back:#161618;--line:#3a3a40;--soft:#a0a0aa}}
body{margin:0;background:var(--back);color:var(--text);font:16px/1.5 system-ui,sans-serif}
main{max-width:76rem;margin:0 auto;padding:1.5rem}
h1{line-height:1.2}h2{margin-top:2.5rem}h4{margin:.8rem 0 .3rem}
p{max-width:48rem}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.9rem}
th,td{padding:.35rem .7rem;border-bottom:1px solid var(--line);text-align:left;white-space:nowrap}
thead th{white-space:normal;vertical-align:bottom}
.maps{display:grid;grid-template-columns:repeat(auto-fill,minmax(10.5rem,1fr));gap:1rem;max-width:64rem}
figure{margin:0}figcaption{font-size:.9rem}small{color:var(--soft)}
.map{position:relative;line-height:0}
.map img{width:100%;height:auto;image-rendering:pixelated;border:1px solid var(--line);box-sizing:border-box}
.map i{position:absolute;width:11px;height:11px;transform:translate(-50%,-50%);background:linear-gradient(#1c7ed6,#1c7ed6) center/3px 100% no-repeat,linear-gradient(#1c7ed6,#1c7ed6) center/100% 3px no-repeat}
.bar{display:flex;align-items:center;gap:.6rem;font-variant-numeric:tabular-nums}
.ramp{display:inline-block;width:16rem;height:1rem;border:1px solid var(--line)}
`
