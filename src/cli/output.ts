import { styleText } from 'node:util'
import { messageLine } from '../support/text.js'

/**
 * Prints a note or error to stderr, where progress also goes. Control characters are replaced and long words shortened,
 * because a message may contain any file name.
 */
export function say(line: string): void {
  process.stderr.write(`${messageLine(line)}\n`)
}

/** Output for people must fit into a terminal with this number of columns. */
export const TERMINAL_COLUMNS = 80

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

/** Breaks a text between words into lines of at most `width` characters. A longer word gets a line of its own. */
export function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const line = lines.at(-1)
    if (line !== undefined && line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`
    else lines.push(word)
  }
  return lines
}

export function printJson(document: unknown): void {
  process.stdout.write(`${JSON.stringify(document, null, 2)}\n`)
}

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
