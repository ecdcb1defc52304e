import { expect, it } from 'vitest'
import { countText } from '../../src/plot/numberText.js'

it.each([
  [0, '0'],
  [999, '999'],
  [1000, '1.00 k'],
  [269_034, '269 k'],
  [999_600, '1.00 M'],
  [4_222_063, '4.22 M'],
  [568_741_376, '569 M'],
  [15_470_264_320, '15.5 G'],
])('writes the count %i as %s', (count, text) => {
  expect(countText(count)).toBe(text)
})
