import { UsageError } from '../../errors.js'

/**
 * Point that counts as zero when features are added and subtracted. f(X) is the feature of image X, and c the
 * coefficient of X in the expression.
 *
 * - `zero`, as in the paper: Σ c·f(X). Each image adds the feature of the blank frame again.
 * - `blank`: f(blank) + Σ c·(f(X) − f(blank)). The feature of the blank frame counts once.
 *
 * Both give the same result if the coefficients sum to 1.
 */
export type Origin = 'zero' | 'blank'
export const ORIGINS: readonly Origin[] = ['zero', 'blank']

export function otherOrigin(origin: Origin): Origin {
  return origin === 'zero' ? 'blank' : 'zero'
}

export interface Term {
  readonly name: string
  readonly coefficient: number
}

/** Largest number of characters, so that messages can contain the expression. */
const MAX_LENGTH = 1000
const MAX_COEFFICIENT = 1000
/** The page of an expression has a column for each term. */
const MAX_TERMS = 50

/**
 * Parses a sum of images, such as `A + B − 0.5 * C`. Names have letters, digits and underscores.
 * @returns the terms in their order
 * @throws UsageError for text that is no such sum or too long, a factor that is too large, or too many terms
 */
export function parseExpression(text: string): readonly Term[] {
  if (text.length > MAX_LENGTH)
    throw new UsageError(`the expression has ${text.length} characters; use at most ${MAX_LENGTH}`)
  const term = /(?<sign>[+−-]?)\s*(?:(?<factor>\d+(?:\.\d+)?|\.\d+)\s*\*\s*)?(?<name>[A-Za-z_][A-Za-z0-9_]*)\s*/y
  const terms: Term[] = []
  let at = text.length - text.trimStart().length
  do {
    term.lastIndex = at
    const { sign, factor = '1', name } = term.exec(text)?.groups ?? {}
    if (name === undefined || (sign === '' && terms.length > 0)) {
      const found = at < text.length ? `found "${text.slice(at, at + 20)}"` : 'it ends'
      throw new UsageError(
        `expression "${text}": ${found} at column ${[...text.slice(0, at)].length + 1}, where a term such as "A", "- B" or "+ 0.5 * C" is expected`,
      )
    }
    const size = Number(factor)
    if (size > MAX_COEFFICIENT)
      throw new UsageError(
        `expression "${text}": the factor ${factor} is larger than ${MAX_COEFFICIENT}; use a smaller one`,
      )
    terms.push({ name, coefficient: sign === '' || sign === '+' || size === 0 ? size : -size })
    if (terms.length > MAX_TERMS)
      throw new UsageError(`the expression has more than ${MAX_TERMS} terms; remove some, or combine them with factors`)
    at = term.lastIndex
  } while (at < text.length)
  return terms
}

/** @throws UsageError for a name without an image, or an image that the expression does not use */
export function namesOf(terms: readonly Term[], given: readonly string[]): readonly string[] {
  const names = [...new Set(terms.map(({ name }) => name))]
  const unknown = names.find((name) => !given.includes(name))
  if (unknown !== undefined) {
    const known = given.length === 0 ? 'none' : `only ${given.join(', ')}`
    throw UsageError.of`the expression contains image ${unknown}, but you gave ${known}; add it as \`images ${unknown}=FILE\``
  }
  const unused = given.find((name) => !names.includes(name))
  if (unused !== undefined)
    throw new UsageError(`image ${unused} is not in the expression; add it to the expression, or leave it out`)
  return names
}

export function expressionText(terms: readonly Term[]): string {
  return terms
    .map(({ name, coefficient }, i) => {
      const sign = coefficient < 0 ? '−' : i === 0 ? '' : '+'
      const size = Math.abs(coefficient)
      const value = size === 1 ? name : `${size} × ${name}`
      return i === 0 ? `${sign}${value}` : `${sign} ${value}`
    })
    .join(' ')
}

/**
 * Returns Σ coefficient · vector, computed in float64. With an origin, returns origin + Σ coefficient · (vector −
 * origin).
 */
export function weightedSum(
  terms: readonly Term[],
  vectors: ReadonlyMap<string, ArrayLike<number>>,
  origin?: ArrayLike<number>,
): Float64Array {
  const first = vectors.values().next().value!
  const sums = origin === undefined ? new Float64Array(first.length) : Float64Array.from(origin)
  for (const { name, coefficient } of terms) {
    const vector = vectors.get(name)!
    for (let i = 0; i < sums.length; i++) {
      sums[i] = sums[i]! + coefficient * (vector[i]! - (origin?.[i] ?? 0))
    }
  }
  return sums
}
