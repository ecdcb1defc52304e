import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hot } from '../../src/plot/colormap.js'

const golden = JSON.parse(readFileSync(new URL('../golden/colormap.json', import.meta.url), 'utf8')) as {
  matplotlib: string
  entries: number[][]
  samples: [number, number[]][]
}

describe('colour map hot', () => {
  it(`has the 256 colours of matplotlib ${golden.matplotlib}`, () => {
    expect(golden.entries.map((_, entry) => [...hot((entry + 0.5) / 256)])).toEqual(golden.entries)
  })

  it('gives values between limits the colours that imshow gives them', () => {
    expect(golden.samples.map(([value]) => [...hot((value - 0.88) / (1 - 0.88))])).toEqual(
      golden.samples.map(([, colour]) => colour),
    )
  })

  it('clamps what lies outside, infinities included', () => {
    expect(hot(-0.1)).toEqual(hot(0))
    expect(hot(Number.NEGATIVE_INFINITY)).toEqual(hot(0))
    expect(hot(7)).toEqual([255, 255, 255])
    expect(hot(Number.POSITIVE_INFINITY)).toEqual([255, 255, 255])
  })

  it('never darkens as the value rises', () => {
    const fractions = fc.double({ min: 0, max: 1, noNaN: true })
    fc.assert(
      fc.property(fractions, fractions, (a, b) => {
        const [low, high] = [hot(Math.min(a, b)), hot(Math.max(a, b))]
        low.forEach((channel, i) => {
          expect(channel).toBeLessThanOrEqual(high[i] as number)
        })
      }),
    )
  })
})
