import { styleText } from 'node:util'
import { messageLine } from '../support/text.js'

/** Notes and errors go to stderr, beside progress. A name from a file in them can neither steer the terminal nor fill it. */
export function say(line: string): void {
  process.stderr.write(`${messageLine(line)}\n`)
}

/** Columns of the narrowest terminal that output for people must fit. */
export const TERMINAL_COLUMNS = 80

/** Prints a line of a command's result to stdout, with its marks in colour. Names in it are as harmless as in notes. */
export function print(line: string): void {
  const text = messageLine(line)
  process.stdout.write(`${hasColours() ? text.replace(MARK, coloured) : text}\n`)
}

/** Marks stand alone. A question mark that ends a word is not a mark. */
const MARK = /(?<!\S)[✓✗?](?!\S)/g

function coloured(mark: string): string {
  return styleText(mark === '✓' ? 'green' : mark === '✗' ? 'red' : 'yellow', mark)
}

/** Node’s own check knows the terminal, NO_COLOR and FORCE_COLOR. A pipe has no such check, and no colours. */
function hasColours(): boolean {
  return process.stdout.isTTY && process.stdout.hasColors() && !process.argv.includes('--no-color')
}

/** Lines of at most `width` characters, broken between words. A longer word has a line of its own. */
export function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const line = lines.at(-1)
    if (line !== undefined && line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`
    else lines.push(word)
  }
  return lines
}

/** Prints the one JSON document of a command to stdout. Typed arrays are left out. */
export function printJson(document: unknown): void {
  process.stdout.write(`${JSON.stringify(document, null, 2)}\n`)
}

/** A table for people. */
export function printTable(head: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
  tableLines(head, rows).forEach(print)
}

/** Columns are as wide as their widest cell, numbers to the right. */
export function tableLines(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): readonly string[] {
  const lines = [head, ...rows.map((row) => row.map((cell) => messageLine(String(cell))))]
  const widths = head.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)))
  const isNumber = head.map((_, column) =>
    rows.every((row) => /^[-+−]?[\d.,]+\s?[%×]?$|^–?$/.test(String(row[column] ?? ''))),
  )
  return lines.map((line) => {
    const cells = line.map((cell, column) => {
      const width = widths[column] as number
      return isNumber[column] ? cell.padStart(width) : cell.padEnd(width)
    })
    return cells.join('  ').trimEnd()
  })
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
