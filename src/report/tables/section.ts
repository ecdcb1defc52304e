import { escapeHtml, fileLinks, scrollBox } from '../html.js'
import type { ReportSection } from '../section.js'
import { cellParts, columnTitle, type ResultTable, type TableCell } from './model.js'

/** The tables as they are in the folder `tables`, one section for all. */
export function tablesSection(tables: readonly ResultTable[]): ReportSection {
  return { id: 'tables', title: 'Tables', html: tables.map(tableHtml).join('\n') }
}

function tableHtml({ name, title, note, columns, rows }: ResultTable): string {
  const head = ['model', 'layer', ...columns.map(columnTitle)]
    .map((text) => `<th scope="col">${escapeHtml(text)}</th>`)
    .join('')
  const body = rows.map(({ model, layer, cells }) => {
    const values = cells.map((cell) => `<td>${cellHtml(cell)}</td>`).join('')
    return `<tr><th scope="row">${escapeHtml(model)}</th><td>${escapeHtml(layer)}</td>${values}</tr>`
  })
  const table = `<table><thead><tr>${head}</tr></thead><tbody>
${body.join('\n')}
</tbody></table>`
  return `<h3>${escapeHtml(title)}</h3>
<p class="soft">${escapeHtml(note)}</p>
${scrollBox(title, table)}
<p class="soft">${fileLinks(`tables/${encodeURIComponent(name)}`, ['csv', 'md', 'tex'])}</p>`
}

/** The paper's value on a line of its own, so that five anchors fit on a page. */
function cellHtml(cell: TableCell): string {
  const { own, paper } = cellParts(cell)
  return paper === undefined ? escapeHtml(own) : `${escapeHtml(own)}<br><small>${escapeHtml(paper)}</small>`
}
