import { flagOf, OPTION } from '../support/text.js'

/** Rewrites a message of the library for the page, which has no options and no commands. */
export function pageWords(message: string): string {
  const plain = message
    .replaceAll('run the same command again', 'try again')
    .replaceAll('another `out`', 'another results folder')
  const text = plain.replace(
    OPTION,
    (_, name: string, value: string) => `“${flagOf(name).slice(2).replaceAll('-', ' ')}${value}”`,
  )
  return text === plain ? text : `${text}. You choose such settings when you start Shiftscope.`
}
