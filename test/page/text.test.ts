import { describe, expect, it } from 'vitest'
import { cosineText, differenceText, percentText } from '../../src/page/browser/text.js'

describe('numbers of the viewer', () => {
  it('have the maps’ five decimals, and a minus that is one', () => {
    expect(cosineText(0.9321549)).toBe('0.93215')
    expect(cosineText(-0.25)).toBe('−0.25000')
    expect(cosineText(-0.000001)).toBe('0.00000')
    expect(differenceText(0.00185)).toBe('+0.00185')
    expect(differenceText(-0.00185)).toBe('−0.00185')
    expect(differenceText(-0.000001)).toBe('+0.00000')
  })

  it('never call some none or all', () => {
    expect(percentText(0, 1000)).toBe('0 %')
    expect(percentText(1, 100000)).toBe('< 0.1 %')
    expect(percentText(31, 1000)).toBe('3.1 %')
    expect(percentText(500, 1000)).toBe('50 %')
    expect(percentText(99999, 100000)).toBe('> 99.9 %')
    expect(percentText(7, 7)).toBe('100 %')
  })
})
