import { CLAUSE, type Part, partsUntil, type Wording } from '../message.js'
import { flagOf } from '../support/text.js'

/**
 * A message in the words of the page, which has no options and no commands. Remedies that need an option are left out,
 * because the user could not follow them here.
 */
export function pageWords(text: Wording): string {
  if (typeof text === 'string') return text
  const [cause, ...remedies] = partsUntil(CLAUSE, text.parts) as [readonly Part[], ...(readonly Part[])[]]
  const words = (clause: readonly Part[]) => clause.map(pageText).join('')
  if (!text.parts.some(isOption)) return [cause, ...remedies].map(words).join(CLAUSE)
  // Of a remedy that begins with words for the page, such as "try again", these are left.
  const here = remedies.flatMap((remedy) => (remedy.some(isOption) ? pageStart(remedy) : [words(remedy)]))
  return `${[words(cause), ...here].join(CLAUSE)}. You choose settings for this when you start Shiftscope.`
}

function isOption(part: Part): boolean {
  return typeof part !== 'string' && part.page === undefined
}

function pageStart([first]: readonly Part[]): readonly string[] {
  return typeof first === 'object' && first.page !== undefined ? [first.page] : []
}

function pageText(part: Part): string {
  if (typeof part === 'string') return part
  const { library, page, option } = part
  if (page !== undefined || option === undefined) return page ?? library
  return `“${flagOf(option.name).slice(2).replaceAll('-', ' ')}${option.value}”`
}
