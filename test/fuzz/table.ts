import type { FuzzRow } from './supervisor.js'

const columns = ['reader', 'inputs', 'read', 'refused', 'seconds', 'of processor', 'slowest ms', 'findings'] as const

function cellsOf(row: FuzzRow): readonly string[] {
  const { reader, inputs, read, refused, seconds, processorSeconds, slowest, findings } = row
  const times = [seconds, processorSeconds].map(Math.round)
  return [reader, ...[inputs, read, refused, ...times, slowest, findings.length].map(String)]
}

export function rowText(row: FuzzRow): string {
  return columns.map((column, i) => (i === 0 ? row.reader : `${column} ${cellsOf(row)[i]}`)).join(', ')
}

/** The rows below their heads, names to the left and numbers to the right. */
export function tableText(rows: readonly FuzzRow[]): string {
  const lines = [columns, ...rows.map(cellsOf)]
  const widths = columns.map((_, i) => Math.max(...lines.map((line) => (line[i] as string).length)))
  return lines
    .map((line) =>
      line
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] as number) : cell.padStart(widths[i] as number)))
        .join('  '),
    )
    .join('\n')
}
