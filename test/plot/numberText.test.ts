import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decibelText, decimalText, signedText, withMinus } from '../../src/plot/numberText.js'

const numbers = fc.double({ min: -1e6, max: 1e6, noNaN: true })

describe('texts of numbers', () => {
  it('have a minus that is one, and none before a zero', () => {
    expect(decimalText(-0.25, 3)).toBe('−0.250')
    expect(decimalText(-0.0004, 3)).toBe('0.000')
    expect(decimalText(-0.4, 0)).toBe('0')
    expect(['-0', '-0.', '-0.05', '-10'].map(withMinus)).toEqual(['0', '0.', '−0.05', '−10'])
  })

  it('tell the sign of differences, of none too', () => {
    expect([0.0185, -0.0185, -0.0001].map((value) => signedText(value, 3))).toEqual(['+0.018', '−0.018', '+0.000'])
  })

  it('are read as the numbers that toFixed gives', () => {
    fc.assert(
      fc.property(numbers, fc.integer({ min: 0, max: 8 }), (value, digits) => {
        const rounded = Number(value.toFixed(digits)) + 0
        for (const text of [decimalText(value, digits), signedText(value, digits)]) {
          expect(Number(text.replace('−', '-')) + 0).toBe(rounded)
          expect(text).not.toMatch(/-|−0\.?0*$/)
        }
      }),
    )
  })

  it('say where pictures are equal instead of an infinite ratio', () => {
    expect([decibelText(12.345), decibelText(null)]).toEqual(['12.3 dB', 'equal'])
  })
})
