import { csvText } from '../../files/csv.js'
import { exactCell } from '../../files/exactCell.js'
import type { AnsweredNetwork } from '../../results/answers/read.js'

/** The content of photographs.csv: the values of each photograph, one line for each. */
export function photographsTable({ measures, photographs }: Pick<AnsweredNetwork, 'measures' | 'photographs'>): string {
  const hasLabels = photographs.some(({ label }) => label !== undefined)
  const columns = measures.map(({ protocol, measure }) => `${protocol} ${measure}`)
  const head = ['photograph', 'sha256', ...(hasLabels ? ['label'] : []), ...columns]
  const lines = photographs.map(({ name, sha256, label = '', values }) => [
    ...[exactCell(name), sha256, ...(hasLabels ? [exactCell(label)] : [])],
    // A value that does not exist gives an empty cell.
    ...values.map((value) => (Number.isNaN(value) ? undefined : value)),
  ])
  return csvText([head, ...lines])
}
