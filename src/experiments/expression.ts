import { UsageError } from '../errors.js'

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

export interface Term {
  readonly name: string
  readonly coefficient: number
}

/**
 * Largest number of characters in an expression. It also limits how deeply parentheses nest, because each level is a
 * recursive call.
 */
const MAX_LENGTH = 1000

const MAX_COEFFICIENT = 1000

interface Token {
  readonly kind: 'name' | 'number' | 'sign' | 'end'
  readonly text: string
  /** Column of the first character, counted from 1. */
  readonly column: number
}

/**
 * Parses a sum of images, such as `0.5 * (A + B) − C`. Names have letters, digits and underscores.
 * @returns the terms after multiplying out, in the order in which the names are written
 */
export function parseExpression(text: string): readonly Term[] {
  if (text.length > MAX_LENGTH)
    throw new UsageError(`the expression has ${text.length} characters, more than ${MAX_LENGTH}; make it shorter`)
  const tokens = tokensOf(text)
  const terms: Term[] = []
  let place = 0
  const next = () => tokens[place] as Token
  const fail = (expected: string): never => {
    const found = next().kind === 'end' ? 'it ends' : `found "${next().text}"`
    throw new UsageError(`expression "${text}": ${found} at column ${next().column}, where ${expected} is expected`)
  }
  const take = (...signs: readonly string[]) => {
    const { kind, text: sign } = next()
    if (kind !== 'sign' || !signs.includes(sign)) return undefined
    place++
    return sign
  }

  function sum(factor: number): void {
    operand(factor)
    for (let sign = take('+', '-'); sign !== undefined; sign = take('+', '-')) operand(sign === '-' ? -factor : factor)
  }

  function operand(factor: number): void {
    const sign = take('+', '-', '(')
    if (sign === '(') {
      sum(factor)
      take(')') ?? fail('"+", "-" or ")"')
    } else if (sign !== undefined) operand(sign === '-' ? -factor : factor)
    else if (next().kind === 'name') {
      terms.push({ name: next().text, coefficient: factor === 0 ? 0 : factor })
      place++
    } else product(factor)
  }

  function product(factor: number): void {
    if (next().kind !== 'number') fail('a name, a number or "("')
    const value = factor * Number(next().text)
    if (Math.abs(value) > MAX_COEFFICIENT) fail(`a factor of at most ${MAX_COEFFICIENT} (after multiplying out)`)
    place++
    take('*') ?? fail('"*"')
    operand(value)
  }

  sum(1)
  if (next().kind !== 'end') fail('"+", "-" or the end')
  return terms
}

function tokensOf(text: string): readonly Token[] {
  const pattern = /(?<name>[A-Za-z_][A-Za-z0-9_]*)|(?<number>\d+(?:\.\d+)?|\.\d+)|\s+|./gsu
  const tokens: Token[] = []
  let column = 1
  for (const { 0: piece, groups } of text.matchAll(pattern)) {
    if (groups?.name !== undefined) tokens.push({ kind: 'name', text: piece, column })
    else if (groups?.number !== undefined) tokens.push({ kind: 'number', text: piece, column })
    else if (piece.trim() !== '') tokens.push({ kind: 'sign', text: piece === '−' ? '-' : piece, column })
    column += [...piece].length
  }
  return [...tokens, { kind: 'end', text: '', column }]
}

/** @throws UsageError for a name without an image, or an image that the expression does not use */
export function namesOf(terms: readonly Term[], given: readonly string[]): readonly string[] {
  const names = [...new Set(terms.map(({ name }) => name))]
  const unknown = names.find((name) => !given.includes(name))
  if (unknown !== undefined) {
    const known = given.length === 0 ? 'none' : `only ${given.join(', ')}`
    throw new UsageError(
      `the expression contains image ${unknown}, but you gave ${known}; add it as \`images ${unknown}=FILE\``,
    )
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
  const first = vectors.values().next().value as ArrayLike<number>
  const sums = origin === undefined ? new Float64Array(first.length) : Float64Array.from(origin)
  for (const { name, coefficient } of terms) {
    const vector = vectors.get(name) as ArrayLike<number>
    for (let i = 0; i < sums.length; i++) {
      sums[i] = (sums[i] as number) + coefficient * ((vector[i] as number) - (origin?.[i] ?? 0))
    }
  }
  return sums
}
