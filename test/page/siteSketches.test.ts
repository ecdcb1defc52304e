import { expect, it } from 'vitest'
import { siteFeatureBytes } from '../../src/page/siteFeatures.js'
import { sketchedPatches } from '../../src/page/siteSketches.js'

const POSITIONS = 1000

/** Two groups of a study, in which each object's sketches take so many megabytes together. */
function chosen(megabytes: Readonly<Record<string, number>>, layers = 1): readonly string[] {
  const dimsOf = (bytes: number) => (bytes / siteFeatureBytes(POSITIONS, 3)) * 3
  const units = Object.entries(megabytes).map(([patch, mb]) => ({ patch, dims: dimsOf(mb * 5e5) }))
  const group = { positions: POSITIONS, layers, hasAnswers: false, units }
  return [...sketchedPatches([group, group])]
}

it.each([
  ['all objects that fit, in the order of the page', { dog: 18, car: 19 }, 1, ['car', 'dog']],
  ['none after the first that does not fit', { car: 18, dog: 19, fly: 2, gnu: 0.1 }, 1, ['car', 'dog']],
  ['those that have sketches', { car: 0, dog: 1 }, 1, ['dog']],
  ['fewer beside more maps', { car: 18, dog: 18 }, 100, ['car']],
  ['the first whatever it takes', { car: 90, dog: 1 }, 1, ['car']],
])('the page has sketches of %s', (_, megabytes, layers, expected) => {
  expect(chosen(megabytes, layers)).toEqual(expected)
})
