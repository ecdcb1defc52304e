import { ANCHOR_NAMES, type AnchorName } from '../engine/positions.js'
import { csvCell } from '../results/metrics.js'
import type { SimilaritySummary } from '../results/summary.js'
import type { PaperSimilarity } from './paper.js'

/** One anchor of one row: what was measured, what the paper has; either may be missing. */
export interface TableCell {
  readonly measured?: SimilaritySummary
  readonly paper?: PaperSimilarity
}

export interface TableRow {
  readonly model: string
  readonly layer: string
  readonly cells: Readonly<Record<AnchorName, TableCell>>
}

/** A table of mean similarities for one patch size: the paper's Table 1 or 2, or one like them. */
export interface SimilarityTable {
  /** File name without extension. */
  readonly name: string
  readonly title: string
  readonly size: number
  readonly rows: readonly TableRow[]
}

/**
 * One table a patch size, the paper's values beside the measured ones where the paper has them.
 * @param wholePaper also rows of the paper that were not measured, and its two sizes even if none was
 */
export function similarityTables(
  measured: readonly SimilaritySummary[],
  paper: readonly PaperSimilarity[],
  wholePaper: boolean,
): readonly SimilarityTable[] {
  const sizes = new Set([...measured, ...(wholePaper ? paper : [])].map(({ size }) => size))
  return [...sizes]
    .sort((a, b) => b - a)
    .map((size) => {
      const keys = new Map<string, { model: string; layer: string }>()
      for (const cell of [...(wholePaper ? paper : []), ...measured]) {
        if (cell.size === size)
          keys.set(JSON.stringify([cell.model, cell.layer]), { model: cell.model, layer: cell.layer })
      }
      const rows = [...keys.values()].map((key) => ({ ...key, cells: cellsOf(key, size, measured, paper) }))
      return { ...tableTitle(size), size, rows }
    })
}

function tableTitle(size: number): { name: string; title: string } {
  const number = size === 125 ? 1 : size === 75 ? 2 : undefined
  const title = `Mean cosine similarity to each anchor, patches of ${size}×${size}`
  if (number === undefined) return { name: `similarity-${size}`, title }
  return { name: `table-${number}-similarity-${size}`, title: `Table ${number}: ${title}` }
}

function cellsOf(
  { model, layer }: { model: string; layer: string },
  size: number,
  measured: readonly SimilaritySummary[],
  paper: readonly PaperSimilarity[],
): TableRow['cells'] {
  const cells = ANCHOR_NAMES.map((anchor) => {
    const same = (cell: PaperSimilarity) =>
      cell.model === model && cell.layer === layer && cell.size === size && cell.anchor === anchor
    const found = measured.find(same)
    const published = paper.find(same)
    return [anchor, { ...(found && { measured: found }), ...(published && { paper: published }) }] as const
  })
  return Object.fromEntries(cells) as TableRow['cells']
}

/** What was measured, "0.934 ± 0.026", and "paper 0.931 ± 0.029, +0.003" where the paper has the cell. */
export function cellParts({ measured, paper }: TableCell): { own: string; paper?: string } {
  const own = measured ? `${measured.mean.toFixed(3)} ± ${measured.std.toFixed(3)}` : '–'
  if (paper === undefined) return { own }
  const published = `paper ${paper.mean.toFixed(3)} ± ${paper.std.toFixed(3)}`
  return { own, paper: measured ? `${published}, ${signed(measured.mean - paper.mean)}` : published }
}

function cellText(cell: TableCell): string {
  const { own, paper } = cellParts(cell)
  return paper === undefined ? own : `${own} (${paper})`
}

export function tableMarkdown({ title, rows }: SimilarityTable): string {
  const head = ['model', 'layer', ...ANCHOR_NAMES]
  const body = rows.map((row) => [row.model, row.layer, ...ANCHOR_NAMES.map((anchor) => cellText(row.cells[anchor]))])
  const line = (cells: readonly string[]) => `| ${cells.map(markdownText).join(' | ')} |`
  return [`# ${title}`, '', line(head), line(head.map(() => '---')), ...body.map(line), ''].join('\n')
}

export function tableCsv({ size, rows }: SimilarityTable): string {
  const lines = ['model,layer,size,anchor,mean,std,patches,paper_mean,paper_std,difference']
  for (const { model, layer, cells } of rows) {
    for (const anchor of ANCHOR_NAMES) {
      const { measured, paper } = cells[anchor]
      const difference = measured && paper ? measured.mean - paper.mean : ''
      const values = [measured?.mean, measured?.std, measured?.patches, paper?.mean, paper?.std].map(
        (value) => value ?? '',
      )
      lines.push([model, layer, size, anchor, ...values, difference].map(csvCell).join(','))
    }
  }
  return `${lines.join('\n')}\n`
}

export function tableLatex({ title, rows }: SimilarityTable): string {
  const showsPaper = rows.some(({ cells }) => ANCHOR_NAMES.some((anchor) => cells[anchor].paper))
  const perAnchor = showsPaper ? 3 : 2
  const columns = `ll${'r'.repeat(perAnchor * ANCHOR_NAMES.length)}`
  const heads = ANCHOR_NAMES.map((anchor) => `\\multicolumn{${perAnchor}}{c}{${anchor}}`).join(' & ')
  const subheads = ANCHOR_NAMES.map(() => `$\\bar{x}$ & $\\sigma$${showsPaper ? ' & paper' : ''}`).join(' & ')
  const body = rows.map(({ model, layer, cells }) => {
    const values = ANCHOR_NAMES.flatMap((anchor) => {
      const { measured, paper } = cells[anchor]
      const own = [measured?.mean.toFixed(3) ?? '--', measured?.std.toFixed(3) ?? '--']
      return showsPaper ? [...own, paper?.mean.toFixed(3) ?? '--'] : own
    })
    return `${[latexText(model), latexText(layer), ...values].join(' & ')} \\\\`
  })
  return [
    `% ${title}`,
    `\\begin{tabular}{${columns}}`,
    '\\hline',
    `model & layer & ${heads} \\\\`,
    ` & & ${subheads} \\\\`,
    '\\hline',
    ...body,
    '\\hline',
    '\\end{tabular}',
    '',
  ].join('\n')
}

/** Names come from files: what Markdown would take for markup is shown as itself. */
function markdownText(text: string): string {
  return oneLine(text)
    .replace(/[\\`*[\]|]/g, '\\$&')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
}

/** A row of a table is one line. */
function oneLine(text: string): string {
  return text.replace(/[\s\p{Cc}]+/gu, ' ')
}

function latexText(text: string): string {
  const named: Record<string, string> = {
    '\\': '\\textbackslash{}',
    '~': '\\textasciitilde{}',
    '^': '\\textasciicircum{}',
    '<': '\\textless{}',
    '>': '\\textgreater{}',
    '|': '\\textbar{}',
  }
  return oneLine(text).replace(/[\\~^<>|&%$#_{}]/g, (character) => named[character] ?? `\\${character}`)
}

function signed(value: number): string {
  const text = value.toFixed(3)
  return Number(text) >= 0 ? `+${text.replace('-', '')}` : text.replace('-', '−')
}
