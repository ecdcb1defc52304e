import { messageLine } from '../printable.js'

/** Notes and errors go to stderr, beside progress. A name from a file in them can neither steer the terminal nor fill it. */
export function say(line: string): void {
  process.stderr.write(`${messageLine(line)}\n`)
}

/** What a command was run for goes to stdout: a line of it, as safe as a note. */
export function print(line: string): void {
  process.stdout.write(`${messageLine(line)}\n`)
}

/** The one JSON document of a command, on stdout. Arrays of numbers in typed arrays are not part of it. */
export function printJson(document: unknown): void {
  process.stdout.write(`${JSON.stringify(document, null, 2)}\n`)
}

/** A table for people: columns as wide as their widest cell, numbers to the right. */
export function printTable(head: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
  const lines = [head, ...rows.map((row) => row.map((cell) => messageLine(String(cell))))]
  const widths = head.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)))
  const isNumber = head.map((_, column) =>
    rows.every((row) => /^[-+−]?[\d.,]+\s?[%×]?$|^–?$/.test(String(row[column] ?? ''))),
  )
  for (const line of lines) {
    const cells = line.map((cell, column) => {
      const width = widths[column] as number
      return isNumber[column] ? cell.padStart(width) : cell.padEnd(width)
    })
    print(cells.join('  ').trimEnd())
  }
}

/** "1 m 05 s", "3.4 s". */
export function duration(seconds: number): string {
  if (Number(seconds.toFixed(1)) < 60) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  const two = (value: number) => String(value).padStart(2, '0')
  if (whole < 3600) return `${Math.floor(whole / 60)} m ${two(whole % 60)} s`
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} m`
}

/** "14.2 MB", decimal units. */
export function byteSize(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let power = 0
  // 999.95 is shown as 1.0 of the next unit.
  while (power < units.length - 1 && bytes / 1000 ** power >= (power === 0 ? 1000 : 999.95)) power++
  const value = bytes / 1000 ** power
  return `${power === 0 ? value : value.toFixed(1)} ${units[power]}`
}
