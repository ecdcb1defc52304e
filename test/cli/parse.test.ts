import { InvalidArgumentError } from 'commander'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  collectAssignments,
  collectImages,
  parseLimits,
  parseList,
  parseWhole,
  parseWholeList,
} from '../../src/cli/parse.js'

function expectRefused(parse: (text: string) => unknown, texts: readonly string[]): void {
  for (const text of texts) expect(() => parse(text), JSON.stringify(text)).toThrow(InvalidArgumentError)
}

const word = fc.stringMatching(/^[^,=\s]+$/u)

describe('option values', () => {
  it('whole numbers of at least 1', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (value) => {
        expect(parseWhole(String(value))).toBe(value)
      }),
    )
    expectRefused(parseWhole, [
      '',
      '0',
      '-1',
      '+1',
      '1.5',
      '1e3',
      '0x10',
      ' 1',
      '1 ',
      'one',
      'NaN',
      'Infinity',
      '9007199254740992',
      '٣',
    ])
  })

  it('lists of whole numbers', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1 }), (values) => {
        expect(parseWholeList(values.join(','))).toEqual(values)
        expect(parseWholeList(values.join(' , '))).toEqual(values)
      }),
    )
    expectRefused(parseWholeList, ['', ',', '75,', ',75', '75,,125', '75;125', '75,x', '75,0'])
  })

  it('lists of names', () => {
    fc.assert(
      fc.property(fc.array(word, { minLength: 1 }), (values) => {
        expect(parseList(values.join(', '))).toEqual(values)
      }),
    )
    expectRefused(parseList, ['', ' ', ',', 'a,', ',a', 'a,,b', 'a, ,b'])
  })

  it('limits of a colour scale: two rising numbers', () => {
    const number = fc.double({ noNaN: true, min: -1e100, max: 1e100 })
    fc.assert(
      fc.property(number, number, (a, b) => {
        fc.pre(a !== b)
        const [low, high] = [Math.min(a, b) + 0, Math.max(a, b) + 0]
        expect(parseLimits(`${low},${high}`)).toEqual({ low, high })
        expectRefused(parseLimits, [`${high},${low}`])
      }),
    )
    expect(parseLimits('0.88,1')).toEqual({ low: 0.88, high: 1 })
    expectRefused(parseLimits, [
      '',
      ',',
      ',1',
      '-1,',
      '0.88',
      '0.88,',
      '1,1',
      '0,1,2',
      'a,b',
      'NaN,1',
      '0,Infinity',
      '-Infinity,0',
      '0 1',
    ])
  })

  it('assignments ID=FILE, collected; a file may hold "=", any id is kept as it is', () => {
    const ids = fc.oneof(word, fc.constantFrom('__proto__', 'constructor', 'toString'))
    fc.assert(
      fc.property(ids, ids, fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), (first, second, fileA, fileB) => {
        fc.pre(first !== second)
        const collected = collectAssignments(`${second}=${fileB}`, collectAssignments(`${first}=${fileA}`))
        expect(new Map(Object.entries(collected))).toEqual(
          new Map([
            [first, fileA],
            [second, fileB],
          ]),
        )
      }),
    )
    expectRefused((text) => collectAssignments(text), ['', '=', 'alexnet', 'alexnet=', '=alexnet.pth'])
  })

  it.each([collectAssignments, collectImages])('a name that is given twice is refused', (collect) => {
    const names = fc.oneof(word, fc.constantFrom('__proto__', 'constructor', 'toString'))
    fc.assert(
      fc.property(names, fc.string({ minLength: 1 }), (name, value) => {
        const once = collect(`${name}=${value}`)
        expect(() => collect(`${name}=other`, once)).toThrow(new InvalidArgumentError(`${name} is given twice.`))
      }),
    )
  })

  it('a wrong assignment is told the form of its own option', () => {
    expect(() => collectAssignments('alexnet')).toThrow('ID=FILE')
    expect(() => collectImages('A')).toThrow('NAME=FILE or NAME=SCENE')
  })
})
