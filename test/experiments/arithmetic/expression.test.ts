import { describe, expect, it } from 'vitest'
import { UsageError } from '../../../src/errors.js'
import { objectExpectation, pixelExpectation } from '../../../src/experiments/arithmetic/expectation.js'
import { expressionText, namesOf, parseExpression } from '../../../src/experiments/arithmetic/expression.js'
import { ARITHMETIC_SCENES, SCENE_SIZE } from '../../../src/experiments/arithmetic/scenes.js'
import { layoutText, parseLayout } from '../../../src/experiments/scenes/layout.js'

describe('an expression', () => {
  it.each([
    ['A', 'A:1', 'A'],
    [' A +\tB - C ', 'A:1 B:1 C:-1', 'A + B − C'],
    ['A − long_name_2', 'A:1 long_name_2:-1', 'A − long_name_2'],
    ['-A+_x', 'A:-1 _x:1', '−A + _x'],
    ['+0.5 * A', 'A:0.5', '0.5 × A'],
    ['.25*A - 3 *B + A', 'A:0.25 B:-3 A:1', '0.25 × A − 3 × B + A'],
    ['1000 * A - 1000 * B', 'A:1000 B:-1000', '1000 × A − 1000 × B'],
    ['-0 * A', 'A:0', '0 × A'],
  ])('%j is the sum of its terms', (text, terms, shown) => {
    const found = parseExpression(text)
    expect(found.map(({ name, coefficient }) => `${name}:${coefficient}`).join(' ')).toBe(terms)
    expect(Object.is(found[0]?.coefficient, -0)).toBe(false)
    expect(expressionText(found)).toBe(shown)
  })

  it('has at most 1000 characters', () => {
    expect(parseExpression('A'.repeat(1000))).toHaveLength(1)
    expect(() => parseExpression('A'.repeat(1001))).toThrow('the expression has 1001 characters; use at most 1000')
  })

  it('has at most 50 terms', () => {
    expect(parseExpression(`A${' + A'.repeat(49)}`)).toHaveLength(50)
    expect(() => parseExpression(`A${' + A'.repeat(50)}`)).toThrow('the expression has more than 50 terms')
  })

  it.each([
    ['', 'it ends at column 1, where a term such as "A", "- B" or "+ 0.5 * C" is expected'],
    ['A +', 'found "+" at column 3'],
    ['A + * B', 'found "+ * B" at column 3'],
    ['A B', 'found "B" at column 3'],
    ['A - -B', 'found "- -B" at column 3'],
    ['2 * (A + B)', 'found "2 * (A + B)" at column 1'],
    ['2A', 'found "2A" at column 1'],
    ['1001 * A', 'the factor 1001 is larger than 1000; use a smaller one'],
    ['A / B', 'found "/ B" at column 3'],
    [' Ä + B', 'found "Ä + B" at column 2'],
    ['A 𝄞 B', 'found "𝄞 B" at column 3'],
    ['A + B 𝄞𝄞C - D and so on', 'found "𝄞𝄞C - D and so on" at column 7'],
    ['A\n\u0007B', 'expression "A??B": found "?B" at column 3'],
  ])('%j is refused with the place', (text, message) => {
    expect(() => parseExpression(text)).toThrow(UsageError)
    expect(() => parseExpression(text)).toThrow(message)
  })
})

describe('names of an expression', () => {
  const terms = parseExpression('B - A + B')

  it('come once, in order', () => expect(namesOf(terms, ['A', 'B'])).toEqual(['B', 'A']))

  it('must be given, and what is given must be used', () => {
    expect(() => namesOf(terms, ['A', 'C'])).toThrow(
      'the expression contains image B, but you gave only A, C; add it as `images B=FILE',
    )
    expect(() => namesOf(terms, [])).toThrow('you gave none')
    expect(() => namesOf(terms, ['A', 'B', 'C'])).toThrow('image C is not in the expression')
  })
})

describe('the expectation on objects', () => {
  const scenes = new Map(
    Object.entries({
      ...{ A: 'orange@0,0 orange@0,149 orange@149,0', B: 'orange@0,0 orange@0,149', C: 'dog@149,149' },
      ...{ D: 'orange:40@0,0 orange:40@0,1 orange:40@1,0 dog:40@0,0', E: 'orange:40@0,0' },
    }).map(([name, text]) => [name, parseLayout(text, 75)] as const),
  )

  it.each([
    ['A - B', 'orange:75@149,0', []],
    ['A - B + C', 'orange:75@149,0 dog:75@149,149', []],
    ['C - C', 'blank', []],
    ['2 * C - C', 'dog:75@149,149', []],
    // Size, place and patch tell objects apart.
    ['D - E', 'orange:40@0,1 orange:40@1,0 dog:40@0,0', []],
    [
      'B - C + B',
      'orange:75@0,0 orange:75@0,149',
      [
        'orange at row 0, col 0 is added 2 times; the expected image shows it once',
        'orange at row 0, col 149 is added 2 times; the expected image shows it once',
        'dog at row 149, col 149 is subtracted more often than added; the expected image does not show it',
      ],
    ],
  ])('of %s is %s', (expression, scene, notes) => {
    const found = objectExpectation(parseExpression(expression), scenes)
    expect(found?.notes).toEqual(notes)
    expect(layoutText(found?.objects ?? [])).toBe(scene)
  })

  it('of the built-in scenes is what their titles say', () => {
    const found = ARITHMETIC_SCENES.map(({ name, expression, images }) => {
      const scenes = new Map(Object.entries(images).map(([image, text]) => [image, parseLayout(text, SCENE_SIZE)]))
      const terms = parseExpression(expression)
      namesOf(terms, [...scenes.keys()])
      const { objects, notes } = objectExpectation(terms, scenes) ?? {}
      expect(notes, name).toEqual([])
      return `${name}: ${layoutText(objects ?? [])}`
    })
    expect(found).toEqual([
      'three-minus-two: orange:75@139,10',
      'one-plus-two: orange:75@10,10 orange:75@10,139 orange:75@139,139',
      'one-plus-one: dog:75@74,5 car:75@74,144',
      'two-minus-one: airplane:75@10,10',
      'three-minus-one: banana:75@5,5 bird:75@144,144',
      'exchange: bird:75@139,10 laptop:75@139,139',
      'move: clock:75@139,74 dog:75@10,139',
      'large: orange:110@2,2 bird:110@112,112',
    ])
  })

  it('does not exist for parts of objects', () => {
    expect(objectExpectation(parseExpression('0.5 * A + B'), scenes)).toBeUndefined()
  })
})

it('the expectation on pixels adds and takes away what differs from the background, rounded and clipped', () => {
  const images = new Map([
    ['A', Uint8Array.of(10, 200, 100, 7, 255)],
    ['B', Uint8Array.of(20, 101, 100, 0, 255)],
  ])
  const background = Uint8Array.of(0, 100, 255, 7, 20)
  // 0 − 10 + 10; 100 − 100 + 0.5; 255 + 155 − 77.5; 7 − 0 − 3.5; 20 − 235 + 117.5
  const expected = Uint8Array.of(0, 1, 255, 4, 0)
  expect(pixelExpectation(parseExpression('A + 0.5 * B - A - A'), images, background)).toEqual(expected)
  expect(pixelExpectation(parseExpression('A'), images, background)).toEqual(images.get('A'))
})
