import { styleText } from 'node:util'
import { messageLine } from '../../messageLine.js'

/**
 * Prints an error to stderr. Control characters are replaced and long words shortened, because a message may contain any
 * file name.
 */
export function sayError(line: string): void {
  process.stderr.write(`${messageLine(line)}\n`)
}

/** Prints a note to stderr as `sayError` does, where progress also goes, unless the user wants neither. */
export function say(line: string): void {
  if (!isQuiet()) sayError(line)
}

export function isQuiet(): boolean {
  return process.argv.includes('--quiet')
}

/** Width of the terminal in characters; if stdout is none, COLUMNS or 80. Output for people is folded at this width. */
export function terminalColumns(): number {
  return process.stdout.columns || Number(process.env.COLUMNS) || 80
}

/** Prints a line of a command's result to stdout. Cleans it as `say` does, and colours the marks ✓, ✗ and ?. */
export function print(line: string): void {
  const text = messageLine(line)
  process.stdout.write(`${hasColours() ? text.replace(MARK, coloured) : text}\n`)
}

/** Matches ✓, ✗ or ? as a separate word. A question mark at the end of a word does not match. */
const MARK = /(?<!\S)[✓✗?](?!\S)/g

function coloured(mark: string): string {
  return styleText(mark === '✓' ? 'green' : mark === '✗' ? 'red' : 'yellow', mark)
}

/** Node's `hasColors` respects NO_COLOR and FORCE_COLOR. The method exists only if stdout is a terminal. */
function hasColours(): boolean {
  return process.stdout.isTTY && process.stdout.hasColors() && !process.argv.includes('--no-color')
}

export function printJson(document: unknown): void {
  process.stdout.write(`${JSON.stringify(document, null, 2)}\n`)
}

export function printTable(head: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
  tableLines(head, rows, terminalColumns()).forEach(print)
}

/** @param columns width at which cells are folded; none by default */
export function tableLines(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
  columns = Number.POSITIVE_INFINITY,
): readonly string[] {
  const lines = [head, ...rows.map((row) => row.map((cell) => messageLine(String(cell))))]
  const widths = fittingWidths(lines, columns)
  const isNumber = head.map((_, column) =>
    rows.every((row) => /^[-+−]?[\d.,]+\s?[%×]?$|^–?$/.test(String(row[column] ?? ''))),
  )
  return lines.flatMap((line) => {
    const cells = line.map((cell, column) => wrapped(cell, widths[column]!, BETWEEN_PARTS))
    return Array.from({ length: Math.max(...cells.map(({ length }) => length)) }, (_, row) => {
      const padded = cells.map(({ [row]: text = '' }, column) => {
        const width = widths[column]!
        return isNumber[column] ? text.padStart(width) : text.padEnd(width)
      })
      return padded.join(GAP).trimEnd()
    })
  })
}

const GAP = '  '

/** Cells of tables may be folded after blanks and slashes. */
const BETWEEN_PARTS = /(?<=[ /])/

/** Widths of a table's columns. If the table is too wide, its widest columns become narrower, but break no word. */
function fittingWidths(lines: readonly (readonly string[])[], columns: number): readonly number[] {
  const widest = (lengthOf: (cell: string) => number) =>
    (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => lengthOf(line[column] ?? ''))))
  const widths = widest((cell) => cell.length)
  const narrowest = widest((cell) => Math.max(...wrapped(cell, 1, BETWEEN_PARTS).map(({ length }) => length)))
  let excess = widths.reduce((sum, width) => sum + width, GAP.length * (widths.length - 1)) - columns
  for (; excess > 0; excess--) {
    const spare = widths.map((width, column) => (width > narrowest[column]! ? width : 0))
    const most = Math.max(...spare)
    if (most === 0) break
    widths[spare.indexOf(most)] = most - 1
  }
  return widths
}

/**
 * Breaks a text into lines of at most `width` characters. A longer word gets a line of its own.
 * @param between matches where lines may end; by default after blanks
 */
export function wrapped(text: string, width: number, between = /(?<= )/): readonly string[] {
  const lines: string[] = []
  for (const piece of text.split(between)) {
    const longer = (lines.at(-1) ?? '') + piece
    if (lines.length > 0 && longer.trimEnd().length <= width) lines[lines.length - 1] = longer
    else lines.push(piece)
  }
  return lines.map((line) => line.trimEnd())
}

/** A duration such as "1 m 05 s" or "3.4 s". */
export function duration(seconds: number): string {
  if (Number(seconds.toFixed(1)) < 60) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  const two = (value: number) => String(value).padStart(2, '0')
  if (whole < 3600) return `${Math.floor(whole / 60)} m ${two(whole % 60)} s`
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} m`
}

/** A size such as "14.2 MB", in decimal units. */
export function byteSize(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let power = 0
  // From 999.95 on, a number would be rounded to 1000.0, so it is shown as 1.0 of the next unit.
  while (power < units.length - 1 && bytes / 1000 ** power >= (power === 0 ? 1000 : 999.95)) power++
  const value = bytes / 1000 ** power
  return `${power === 0 ? value : value.toFixed(1)} ${units[power]}`
}
