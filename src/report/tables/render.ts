import { escapeHtml, scrollBox } from '../../plot/html.js'
import { withoutBreaks } from './latexText.js'

/** A text, and smaller texts below it. */
export type TableCell = string | { readonly text: string; readonly below: readonly string[] }

export interface Table {
  readonly title: string
  readonly note?: string
  /** Title in LaTeX; by default `title`. It has no "Table 1" in front, because LaTeX numbers tables itself. */
  readonly caption?: string
  /** File name without extension. */
  readonly name?: string
  readonly head: readonly string[]
  readonly rows: readonly (readonly TableCell[])[]
}

/** Renders a table as HTML for a page, or as Markdown. */
export function renderTable(table: Table, format: 'html' | 'md'): string {
  return { html, md: markdown }[format](table)
}

/** HTML of a table in a box that scrolls. The first cell of each row is its heading. */
function html({ title, head, rows }: Table): string {
  const cell = (content: TableCell) =>
    typeof content === 'string'
      ? SHA256.test(content)
        ? `<code>${content}</code>`
        : escapeHtml(content)
      : `${escapeHtml(content.text)}<br><small>${escapeHtml(content.below.join(', '))}</small>`
  const headHtml = head.map((text) => `<th scope="col">${escapeHtml(text)}</th>`).join('')
  const body = rows.map(([first = '', ...others]) => {
    const cells = others.map((content) => `<td>${cell(content)}</td>`).join('')
    return `<tr><th scope="row">${cell(first)}</th>${cells}</tr>`
  })
  return scrollBox(title, `<table><thead><tr>${headHtml}</tr></thead><tbody>\n${body.join('\n')}\n</tbody></table>`)
}

const SHA256 = /^[0-9a-f]{64}$/

function markdown({ head, rows }: Table): string {
  const line = (cells: readonly TableCell[]) => `| ${cells.map((cell) => markdownText(cellText(cell))).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

export function cellText(cell: TableCell): string {
  return typeof cell === 'string' ? cell : `${cell.text} (${cell.below.join(', ')})`
}

/** Escapes Markdown, so that names from outside are shown unchanged. */
export function markdownText(text: string): string {
  return (
    withoutBreaks(text)
      .replace(/[\\`*[\]|~]/g, '\\$&')
      .replace(/#(?=#*$)/g, '\\#')
      // An underscore within a word needs no escape.
      .replace(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, '\\_')
      .replace(/&/g, '&amp;')
      .replace(/</g, '&lt;')
  )
}
