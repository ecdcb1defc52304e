import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { objectExpectation, pixelExpectation } from '../../src/experiments/arithmeticExpectation.js'
import { parseExpression } from '../../src/experiments/expression.js'
import { parseScene } from '../../src/experiments/objectScene.js'

const scenes = new Map(
  Object.entries({
    A: 'orange@0,0 orange@0,149 orange@149,0',
    B: 'orange@0,0 orange@0,149',
    C: 'dog@149,149',
  }).map(([name, text]) => [name, parseScene(text, 75)] as const),
)

const expected = (expression: string) => objectExpectation(parseExpression(expression), scenes)

describe('the expectation on objects', () => {
  it('takes away equal objects and adds others', () => {
    expect(expected('A - B')).toEqual({ objects: parseScene('orange@149,0', 75), notes: [] })
    expect(expected('A - B + C')).toEqual({ objects: parseScene('orange@149,0 dog@149,149', 75), notes: [] })
    expect(expected('C - C')).toEqual({ objects: [], notes: [] })
    expect(expected('2 * C - C')).toEqual({ objects: parseScene('dog@149,149', 75), notes: [] })
  })

  it('tells what no picture can show', () => {
    const { objects, notes } = expected('B - C + B') ?? {}
    expect(objects).toEqual(parseScene('orange@0,0 orange@0,149', 75))
    expect(notes).toEqual([
      'orange at row 0, col 0 is there 2 times; the expectation has it once',
      'orange at row 0, col 149 is there 2 times; the expectation has it once',
      'dog at row 149, col 149 is taken away where it is not; the expectation has none there',
    ])
  })

  it('tells apart sizes and places', () => {
    const two = new Map([
      ['A', parseScene('dog:75@0,0', 75)],
      ['B', parseScene('dog:76@0,0', 75)],
    ])
    expect(objectExpectation(parseExpression('A - B'), two)?.objects).toEqual(parseScene('dog:75@0,0', 75))
  })

  it('does not exist for parts of objects', () => {
    expect(expected('0.5 * A + B')).toBeUndefined()
  })
})

describe('the expectation on pixels', () => {
  const pixels = fc.uint8Array({ minLength: 6, maxLength: 6 })

  it('adds and takes away what differs from the background, clipped', () => {
    fc.assert(
      fc.property(pixels, pixels, pixels, (a, b, background) => {
        const images = new Map([
          ['A', a],
          ['B', b],
        ])
        const own = pixelExpectation(parseExpression('A + 0.5 * B - A - A'), images, background)
        const wanted = [...background].map((ground, i) => {
          const value = ground - ((a[i] as number) - ground) + 0.5 * ((b[i] as number) - ground)
          return Math.min(255, Math.max(0, Math.round(value)))
        })
        expect([...own]).toEqual(wanted)
      }),
    )
  })

  it('is the image itself for one image', () => {
    fc.assert(
      fc.property(pixels, pixels, (a, background) => {
        expect(pixelExpectation(parseExpression('A'), new Map([['A', a]]), background)).toEqual(a)
      }),
    )
  })
})
