import { expect, it } from 'vitest'
import { hot } from '../../src/plot/colormap.js'
import golden from '../golden/colormap.json' with { type: 'json' }

it(`the colour map hot has the 256 colours of matplotlib ${golden.matplotlib}, and gives values those of imshow`, () => {
  expect(golden.entries.map((_, entry) => [...hot((entry + 0.5) / 256)])).toEqual(golden.entries)
  const colours = golden.samples.map(([value]) => [...hot(((value as number) - 0.88) / (1 - 0.88))])
  expect(colours).toEqual(golden.samples.map(([, colour]) => colour))
})

it('the colour map hot clamps what lies outside, infinities included', () => {
  for (const low of [-0.1, Number.NEGATIVE_INFINITY]) expect(hot(low)).toEqual(hot(0))
  for (const high of [7, Number.POSITIVE_INFINITY]) expect([...hot(high)]).toEqual([255, 255, 255])
})
