/** Each character that could control a terminal, and each line separator or mark of writing direction. */
export const CONTROLS = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu

/** Puts `?` in place of control characters; see `CONTROLS`. */
export function withoutControls(line: string): string {
  return line.replace(CONTROLS, '?')
}

/** Limits in characters. If a word (such as a path) or a message is longer, its middle is left out. */
const LONGEST_WORD = 300
const WORD_END = 100
const LONGEST_MESSAGE = 2000
const MESSAGE_END = 990

/** Makes a message safe to print as one line, since it may contain paths and arguments from outside. */
export function messageLine(text: string): string {
  const words = text.split(' ').map((word) => (word.length > LONGEST_WORD ? endsOf(word, WORD_END) : word))
  const message = words.join(' ')
  return withoutControls(message.length > LONGEST_MESSAGE ? endsOf(message, MESSAGE_END) : message)
}

function endsOf(text: string, length: number): string {
  return `${text.slice(0, length)}…${text.slice(-length)}`
}
