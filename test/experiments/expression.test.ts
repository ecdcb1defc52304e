import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { UsageError } from '../../src/errors.js'
import { expressionText, namesOf, parseExpression } from '../../src/experiments/expression.js'

/** A random expression as text, and its value by the rules of arithmetic, computed while it is put together. */
interface Written {
  readonly text: string
  readonly value: number
}

const VALUES: Readonly<Record<string, number>> = { A: 3, B: -7, long_name_2: 0.25, _x: 100 }

const blank = fc.constantFrom('', ' ', '  ', '\t')

const { sum } = fc.letrec<{ sum: Written; operand: Written }>((tie) => ({
  operand: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(...Object.keys(VALUES)).map((name) => ({ text: name, value: VALUES[name] as number })),
    fc.tuple(tie('operand'), fc.constantFrom('+', '-', '−'), blank).map(([{ text, value }, sign, space]) => ({
      text: `${sign}${space}${text}`,
      value: sign === '+' ? value : -value,
    })),
    fc
      .tuple(tie('operand'), fc.constantFrom('0', '2', '0.5', '.25', '1.75'), blank)
      .map(([{ text, value }, factor, space]) => ({
        text: `${factor}${space}*${space}${text}`,
        value: Number(factor) * value,
      })),
    fc.tuple(tie('sum'), blank).map(([{ text, value }, space]) => ({ text: `(${space}${text}${space})`, value })),
  ),
  sum: fc
    .tuple(tie('operand'), fc.array(fc.tuple(fc.constantFrom('+', '-', '−'), tie('operand'), blank), { maxLength: 3 }))
    .map(([first, rest]) =>
      rest.reduce(
        ({ text, value }, [sign, operand, space]) => ({
          text: `${text}${space}${sign}${space}${operand.text}`,
          value: sign === '+' ? value + operand.value : value - operand.value,
        }),
        first,
      ),
    ),
}))

describe('an expression', () => {
  it('is the sum of its terms, whatever its parentheses and signs', () => {
    fc.assert(
      fc.property(sum, ({ text, value }) => {
        const terms = parseExpression(text)
        const own = terms.reduce((total, { name, coefficient }) => total + coefficient * (VALUES[name] as number), 0)
        expect(own).toBeCloseTo(value, 6)
        expect(terms.map(({ name }) => name)).toEqual(text.match(/[A-Za-z_]\w*/g))
      }),
      { numRuns: 500 },
    )
  })

  it('is read again from what is shown of it', () => {
    fc.assert(
      fc.property(sum, ({ text }) => {
        const terms = parseExpression(text)
        expect(parseExpression(expressionText(terms).replaceAll('×', '*'))).toEqual(terms)
      }),
    )
  })

  it('is either read or refused in one line that names a column in it', () => {
    const sign = fc.constantFrom(...'AB+-*() 12.,@×')
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(sign, { maxLength: 12 }).map((parts) => parts.join('')),
    )
    fc.assert(
      fc.property(text, (input) => {
        try {
          expect(parseExpression(input).length).toBeGreaterThan(0)
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError)
          const { message } = error as UsageError
          expect(message).not.toMatch(/[\n\r]/)
          const column = Number(/at column (\d+)/.exec(message)?.[1])
          expect(column).toBeGreaterThanOrEqual(1)
          expect(column).toBeLessThanOrEqual([...input].length + 1)
        }
      }),
      { numRuns: 500 },
    )
  })

  it.each([
    ['', 'it ends at column 1, where a name, a number or "("'],
    ['A +', 'it ends at column 4, where a name, a number or "("'],
    ['A + * B', '"*" stands at column 5, where a name, a number or "("'],
    ['A B', '"B" stands at column 3, where "+", "-" or the end'],
    ['A + (B - C', 'it ends at column 11, where "+", "-" or ")"'],
    ['A + B)', '")" stands at column 6, where "+", "-" or the end'],
    ['2A', '"A" stands at column 2, where "*"'],
    ['2 * 1000 * A', '"1000" stands at column 5, where a factor of at most 1000'],
    ['A / B', '"/" stands at column 3'],
    ['Ä + B', '"Ä" stands at column 1'],
  ])('%j is refused with the place', (text, message) => {
    expect(() => parseExpression(text)).toThrow(message)
  })

  it('of too many characters is refused', () => {
    expect(() => parseExpression('('.repeat(1001))).toThrow('more than 1000')
    expect(() => parseExpression('-'.repeat(1000))).toThrow('it ends at column 1001')
  })
})

describe('names of an expression', () => {
  const terms = parseExpression('B - A + B')

  it('come once, in order', () => {
    expect(namesOf(terms, ['A', 'B'])).toEqual(['B', 'A'])
  })

  it('must be given, and what is given must be used', () => {
    expect(() => namesOf(terms, ['A', 'C'])).toThrow('no image is called B: there are A, C; give it as `images B=FILE')
    expect(() => namesOf(terms, [])).toThrow('none is given')
    expect(() => namesOf(terms, ['A', 'B', 'C'])).toThrow('image C is not in the expression')
  })
})
