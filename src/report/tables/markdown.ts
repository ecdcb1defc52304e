import { cellParts, columnTitle, type ResultTable, type TableCell } from './model.js'
import { oneLine } from './oneLine.js'

/** The table with its title above and its note below. */
export function tableMarkdown({ title, note, columns, rows }: ResultTable): string {
  const head = ['model', 'layer', ...columns.map(columnTitle)]
  const body = rows.map(({ model, layer, cells }) => [model, layer, ...cells.map(cellText)])
  const line = (cells: readonly string[]) => `| ${cells.map(markdownText).join(' | ')} |`
  return [
    `# ${markdownText(title)}`,
    '',
    line(head),
    line(head.map(() => '---')),
    ...body.map(line),
    '',
    markdownText(note),
    '',
  ].join('\n')
}

function cellText(cell: TableCell): string {
  const { own, paper } = cellParts(cell)
  return paper === undefined ? own : `${own} (${paper})`
}

/** Names come from files: what Markdown would take for markup is shown as itself. */
export function markdownText(text: string): string {
  return (
    oneLine(text)
      .replace(/[\\`*[\]|~]/g, '\\$&')
      .replace(/#(?=#*$)/g, '\\#')
      // Inside of words it is none.
      .replace(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, '\\_')
      .replace(/&/g, '&amp;')
      .replace(/</g, '&lt;')
  )
}
