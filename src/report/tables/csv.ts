import { csvCell } from '../../results/csv.js'
import { differenceOf, type ResultTable } from './model.js'

/** One row a cell of the table, with every digit. */
export function tableCsv({ size, keys, columns, statistic, counted, rows }: ResultTable): string {
  const head = [
    'model',
    'layer',
    'size',
    ...keys,
    statistic,
    'std',
    counted,
    `paper_${statistic}`,
    'paper_std',
    'difference',
    'difference_sigmas',
  ]
  const lines = rows.flatMap(({ model, layer, cells }) =>
    cells.map((cell, i) => {
      const { measured, paper } = cell
      const { value, sigmas } = differenceOf(cell) ?? {}
      const values = [measured?.mean, measured?.std, measured?.count, paper?.mean, paper?.std, value, sigmas]
      return [model, layer, size, ...(columns[i] ?? []), ...values.map((value) => value ?? '')]
    }),
  )
  return `${[head, ...lines].map((line) => line.map(csvCell).join(',')).join('\n')}\n`
}
