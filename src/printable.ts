/** A name from a file that is not trusted, short and in plain ASCII, so that it can stand in a message. */
export function printable(name: string): string {
  const clean = name.replace(/[^\x20-\x7e]/g, '?')
  return clean.length > 100 ? `${clean.slice(0, 100)}…` : clean
}

/**
 * A line of text of any language without what could steer a terminal, as a name from a file may hold: control
 * characters, other ends of lines, marks that turn the direction of writing. It keeps its length.
 */
export function withoutControls(line: string): string {
  return line.replace(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, '?')
}

const MOST_CHARACTERS = 2000

/**
 * A message as one line, whatever stands in the names that it holds: without control characters, and of no more than 2000
 * characters; of a longer one the middle is left out, since the remedy stands at its end.
 */
export function asLine(message: string): string {
  const isShort = message.length <= MOST_CHARACTERS
  return withoutControls(isShort ? message : `${message.slice(0, 1500)} … ${message.slice(-400)}`)
}
