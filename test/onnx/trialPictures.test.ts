import { expect, it } from 'vitest'
import { FIRST, inOrder, pictureInput, SECOND } from '../../src/onnx/trial/trialPictures.js'

const SHAPE = [3, 5, 7]
const RAW = { divisor: 1, mean: [0, 0, 0], std: [1, 1, 1] } as const
const OWN = 3 * 5 * 7

it('a picture of a trial is the same at each position of a batch', () => {
  const batch = pictureInput(FIRST, SHAPE, RAW)
  for (const [i, picture] of FIRST.entries())
    expect(batch.slice(i * OWN, (i + 1) * OWN)).toEqual(pictureInput([picture], SHAPE, RAW))
})

it('the pictures of a trial are unlike in brightness and contrast, and none is of one value', () => {
  const channels = FIRST.flatMap((picture) => {
    const values = pictureInput([picture], SHAPE, RAW)
    return [0, 1, 2].map((c) => values.slice(c * 35, (c + 1) * 35))
  })
  for (const values of channels) expect(new Set(values).size).toBeGreaterThan(3)
  const ends = channels.map((values) => [Math.min(...values), Math.max(...values)] as const)
  expect(ends.every(([least, most]) => least >= 0 && most <= 255)).toBe(true)
  expect(ends.some(([, most]) => most < 20)).toBe(true)
  expect(ends.some(([least]) => least >= 240)).toBe(true)
  expect(ends.some(([least, most]) => least < 20 && most > 240)).toBe(true)
})

it('the pictures of a trial are scaled as those of the network', () => {
  const [raw, scaled] = [RAW, { divisor: 255, mean: [0.5, 0.4, 0.3], std: [0.1, 0.2, 0.3] } as const].map((input) =>
    pictureInput(['colourful'], SHAPE, input),
  )
  expect(scaled?.[0]).toBeCloseTo(((raw?.[0] as number) / 255 - 0.5) / 0.1, 5)
  expect(scaled?.[104]).toBeCloseTo(((raw?.[104] as number) / 255 - 0.3) / 0.3, 5)
})

it('each picture has another position in the second batch, and large batches repeat them', () => {
  expect(FIRST.filter((picture, i) => picture === SECOND[i])).toEqual([])
  expect([...SECOND].sort()).toEqual([...FIRST].sort())
  expect(inOrder(FIRST, 6)).toEqual([...FIRST, FIRST[0], FIRST[1]])
})
