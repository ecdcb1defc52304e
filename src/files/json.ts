/** How many lists and objects within one another a document may have; none that is read has ten. */
export const MOST_DEPTH = 100

/**
 * The document of a text that is not trusted.
 * @throws SyntaxError for what is no JSON, or is nested so deeply that whoever looks at its parts could run out of stack
 */
export function parseJson(text: string): unknown {
  const document: unknown = JSON.parse(text)
  if (isDeeper(document, MOST_DEPTH)) throw new SyntaxError(`it has more than ${MOST_DEPTH} lists within one another`)
  return document
}

/** What `parseJson` gives; undefined where it throws. */
export function tryJson(text: string): unknown {
  try {
    return parseJson(text)
  } catch {
    return undefined
  }
}

function isDeeper(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return depth === 0 || Object.values(value).some((part) => isDeeper(part, depth - 1))
}
