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

/** Longest word, such as a path, and longest message that are shown whole; of longer ones so much at either end. */
const LONGEST_WORD = 300
const WORD_END = 100
const LONGEST_MESSAGE = 2000
const MESSAGE_END = 990

/**
 * A message that may name anything from outside, paths and what was given among them: one line as `withoutControls` makes
 * it, in which what is too long to be read lacks its middle, so that cause and remedy stand.
 */
export function messageLine(text: string): string {
  const words = text.split(' ').map((word) => (word.length > LONGEST_WORD ? endsOf(word, WORD_END) : word))
  const message = words.join(' ')
  return withoutControls(message.length > LONGEST_MESSAGE ? endsOf(message, MESSAGE_END) : message)
}

function endsOf(text: string, length: number): string {
  return `${text.slice(0, length)}…${text.slice(-length)}`
}
