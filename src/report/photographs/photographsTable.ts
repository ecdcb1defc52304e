import { InputError } from '../errors.js'
import { MOST_BYTES } from '../files/json.js'
import { readNamed, regularSize } from '../files/regularFile.js'
import { csvRows, csvText } from '../results/csv.js'
import { exactCell, textOfCell } from '../results/exactCell.js'
import type { Labels } from './labels.js'
import type { MeasuredPhotograph, NetworkConsistency } from './result.js'

interface Column {
  readonly protocol: string
  readonly measure: string
}

/** Columns before those of the measures. */
const FIRST = ['photograph', 'sha256'] as const
const LABEL = 'label'

function columnName({ protocol, measure }: Column): string {
  return `${protocol} ${measure}`
}

/** The content of photographs.csv. `readPhotographsTable` reads every name and value back. */
export function photographsTable(
  { measures, photographs }: Pick<NetworkConsistency, 'measures' | 'photographs'>,
  labels: Labels | undefined,
): string {
  const head = [...FIRST, ...(labels ? [LABEL] : []), ...measures.map(columnName)]
  const lines = photographs.map(({ name, sha256, values }) => {
    const label = labels ? [exactCell(labels.of.get(name)?.words.join(';') ?? '')] : []
    return [exactCell(name), sha256, ...label, ...values.map(numberCell)]
  })
  return csvText([head, ...lines])
}

/** A value that does not exist gives an empty cell. */
export function numberCell(value: number | null): number | undefined {
  return value === null || Number.isNaN(value) ? undefined : value
}

export interface TablePhotograph extends MeasuredPhotograph {
  /** Absent without labels, empty for a photograph without a label. */
  readonly label?: string
}

/** Numbers whose squares can be added, or nothing. */
const NUMBER = /^(-?\d{1,20}(\.\d+)?(e[-+]?\d{1,2})?|)$/

/**
 * Reads photographs.csv.
 * @param expected the columns and the number of photographs that consistency.json states
 * @throws InputError if the file is missing, damaged, or does not fit
 */
export async function readPhotographsTable(
  file: string,
  expected: { readonly measures: readonly Column[]; readonly photographs: number },
): Promise<readonly TablePhotograph[]> {
  const remedy = 'run consistency on this folder again'
  const damaged = (what: string) => new InputError(`${file} is damaged: ${what}; ${remedy}`)
  if ((await regularSize(file).catch(() => 0)) > MOST_BYTES) throw damaged('it is too long')
  const rows = csvRows((await readNamed(file, remedy)).toString('utf8'), file)
  const [head = [], ...lines] = Array.from(rows, ([, cells]) => cells)
  const hasLabels = head[FIRST.length] === LABEL
  const first = hasLabels ? [...FIRST, LABEL] : FIRST
  const columns = [...first, ...expected.measures.map(columnName)]
  if (JSON.stringify(head) !== JSON.stringify(columns)) throw damaged('its columns are not those of consistency.json')
  if (lines.length !== expected.photographs) throw damaged('it has another number of photographs than consistency.json')
  return lines.map((cells, i) => {
    const [name, label] = [textOfCell(cells[0] ?? ''), hasLabels ? textOfCell(cells[FIRST.length] ?? '') : '']
    const [sha256 = '', numbers] = [cells[1], cells.slice(first.length)]
    const isWhole =
      cells.length === head.length && /^[0-9a-f]{64}$/.test(sha256) && numbers.every((cell) => NUMBER.test(cell))
    if (!isWhole || name === undefined || label === undefined) throw damaged(`its photograph ${i + 1} is not complete`)
    // A value that does not exist is an empty cell.
    const values = numbers.map((cell) => (cell === '' ? Number.NaN : Number(cell)))
    return { name, sha256, values, ...(hasLabels && { label }) }
  })
}
