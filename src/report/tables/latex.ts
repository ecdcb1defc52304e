import { signedText } from '../numberText.js'
import { columnTitle, differenceOf, hasPaper, type ResultTable } from './model.js'
import { oneLine } from './oneLine.js'

/** A tabular without packages; where the paper has values, its mean and the difference in its σ are columns too. */
export function tableLatex({ title, note, columns, rows }: ResultTable): string {
  const showsPaper = hasPaper(rows)
  const perColumn = showsPaper ? 4 : 2
  const heads = columns.map((key) => `\\multicolumn{${perColumn}}{c}{${columnTitle(key)}}`).join(' & ')
  const subheads = columns
    .map(() => `$\\bar{x}$ & $\\sigma$${showsPaper ? ' & paper & $\\Delta/\\sigma$' : ''}`)
    .join(' & ')
  const body = rows.map(({ model, layer, cells }) => {
    const values = cells.flatMap((cell) => {
      const { measured, paper } = cell
      const own = [measured?.mean.toFixed(3) ?? '--', measured?.std.toFixed(3) ?? '--']
      const { sigmas } = differenceOf(cell) ?? {}
      const inSigmas = sigmas === undefined ? '--' : `$${signedText(sigmas, 1).replace('−', '-')}$`
      return showsPaper ? [...own, paper?.mean.toFixed(3) ?? '--', inSigmas] : own
    })
    return `${[latexText(model), latexText(layer), ...values].join(' & ')} \\\\`
  })
  return [
    `% ${oneLine(title)}`,
    `% ${oneLine(note)}`,
    `\\begin{tabular}{ll${'r'.repeat(perColumn * columns.length)}}`,
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
