import { escapeHtml, scrollBox } from './html.js'
import { withoutBreaks } from './latexText.js'

export type TableCell = string | TableText

interface TableText {
  readonly text: string
  /** Smaller texts below it. */
  readonly below?: readonly string[]
  /** Address that the text opens in HTML, and the name of the link for screen readers, if it is not the text. */
  readonly link?: string
  readonly label?: string
  /** HTML shows it in bold. */
  readonly isBest?: true
  /** HTML may break it into lines after its hyphens and underscores. */
  readonly isName?: true
}

export interface Table {
  /** Name for screen readers, and the heading of files. */
  readonly title: string
  readonly head: readonly TableCell[]
  readonly rows: readonly (readonly TableCell[])[]
  /** On narrow screens, HTML shows the cells of a row below each other, each one after the heading of its column. */
  readonly isStacked?: true
}

/** HTML of a table in a box that scrolls. The first cell of each row is its heading. */
export function tableHtml({ title, head, rows, isStacked }: Table): string {
  const headHtml = head.map((cell) => `<th scope="col">${cellHtml(cell)}</th>`).join('')
  const body = rows.map(([first = '', ...others]) => {
    const cells = others.map((content, i) => {
      const heading = isStacked ? ` data-head="${escapeHtml(cellText(head[i + 1] ?? ''))}"` : ''
      return `<td${heading}>${cellHtml(content)}</td>`
    })
    return `<tr><th scope="row">${cellHtml(first)}</th>${cells.join('')}</tr>`
  })
  return scrollBox(title, `<table><thead><tr>${headHtml}</tr></thead><tbody>\n${body.join('\n')}\n</tbody></table>`)
}

function cellHtml(cell: TableCell): string {
  const { text, below = [], link, label, isBest, isName }: TableText = typeof cell === 'string' ? { text: cell } : cell
  const escaped = SHA256.test(text) ? `<code>${text}</code>` : escapeHtml(text)
  const broken = isName ? escaped.replace(/[_-]/g, '$&<wbr>') : escaped
  const shown = isBest ? `<b>${broken}</b>` : broken
  const name = label === undefined ? '' : ` aria-label="${escapeHtml(label)}"`
  const linked = link === undefined ? shown : `<a href="${escapeHtml(link)}"${name}>${shown}</a>`
  return below.length === 0 ? linked : `${linked}<br><small>${escapeHtml(below.join(', '))}</small>`
}

const SHA256 = /^[0-9a-f]{64}$/

export function tableMarkdown({ head, rows }: Pick<Table, 'head' | 'rows'>): string {
  const line = (cells: readonly TableCell[]) => `| ${cells.map((cell) => markdownText(cellText(cell))).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

export function cellText(cell: TableCell): string {
  const { text, below = [] } = typeof cell === 'string' ? { text: cell } : cell
  return below.length === 0 ? text : `${text} (${below.join(', ')})`
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
