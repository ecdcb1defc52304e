import { flagOf, OPTION } from '../support/text.js'

/** Words of a remedy that the page offers as well. */
const HERE = 'try again'

/**
 * Rewrites a message of the library for the page, which has no options and no commands. Remedies that need an option are
 * left out, because the user could not follow them here.
 */
export function pageWords(message: string): string {
  const plain = message
    .replaceAll('run the same command again', HERE)
    .replaceAll('another `out`', 'another results folder')
    .replaceAll('give the path of an intact .onnx file', 'add an intact .onnx file')
  if (plain.search(OPTION) < 0) return plain
  const [cause = '', ...remedies] = plain.split('; ')
  const here = remedies.flatMap((remedy) => {
    if (remedy.search(OPTION) < 0) return [remedy]
    return remedy.startsWith(HERE) ? [HERE] : []
  })
  const named = cause.replace(
    OPTION,
    (_, name: string, value: string) => `“${flagOf(name).slice(2).replaceAll('-', ' ')}${value}”`,
  )
  return `${[named, ...here].join('; ')}. You choose settings for this when you start Shiftscope.`
}
