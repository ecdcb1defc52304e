import fc from 'fast-check'
import { expect, it } from 'vitest'
import { sha256 } from '../../src/files/sha256.js'
import { type Patch, patchDigest } from '../../src/patches/patch.js'
import { perturbedPatch, perturbedPatches } from '../../src/patches/perturbation.js'

function patchOf(rgba: Uint8Array, name = 'dog'): Patch {
  const size = Math.sqrt(rgba.length / 4)
  return { name, size, rgba, sha256: patchDigest(size, rgba), category: 'animal' }
}

const SIDE = 60
/** Every grey level and alpha somewhere. */
const patch = patchOf(Uint8Array.from({ length: SIDE * SIDE * 4 }, (_, i) => Math.imul(i, 2_654_435_761) >>> 24))
const settings = { number: 1, seed: 0, blend: 'hard' } as const

const patches = fc
  .integer({ min: 1, max: 6 })
  .chain((side) => fc.uint8Array({ minLength: side * side * 4, maxLength: side * side * 4 }))
  .map((rgba) => patchOf(rgba))

it.each(['hard', 'soft'] as const)(
  'a perturbation changes visible pixels by one grey level, and nothing else (%s)',
  (blend) => {
    fc.assert(
      fc.property(patches, fc.integer({ min: 1, max: 100 }), fc.nat(), (before, number, seed) => {
        const original = Uint8Array.from(before.rgba)
        const { rgba, ...after } = perturbedPatch(before, { number, seed, blend })
        expect(before.rgba).toEqual(original)
        for (let pixel = 0; pixel < rgba.length; pixel += 4) {
          const steps = [0, 1, 2].map((at) => (rgba[pixel + at] as number) - (original[pixel + at] as number))
          expect(rgba[pixel + 3]).toBe(original[pixel + 3])
          const isVisible = (original[pixel + 3] as number) >= (blend === 'hard' ? 128 : 1)
          expect(Math.max(...steps.map(Math.abs))).toBeLessThanOrEqual(isVisible ? 1 : 0)
          // All channels go the same way.
          expect(Math.max(...steps) - Math.min(...steps)).toBeLessThanOrEqual(1)
        }
        expect(after).toEqual({
          name: before.name,
          size: before.size,
          category: 'animal',
          sha256: patchDigest(before.size, rgba),
          perturbation: { number, seed, of: before.sha256 },
        })
      }),
    )
  },
)

it('a perturbation changes a third of the visible pixels, half of them to either side', () => {
  const grey = patchOf(Uint8Array.from({ length: SIDE * SIDE * 4 }, (_, i) => (i % 4 === 3 ? 255 : 100)))
  const { rgba } = perturbedPatch(grey, settings)
  const count = (level: number) => rgba.filter((value, i) => i % 4 === 0 && value === level).length / (SIDE * SIDE)
  expect(count(100)).toBeCloseTo(2 / 3, 1)
  expect(count(99)).toBeCloseTo(1 / 6, 1)
  expect(count(101)).toBeCloseTo(1 / 6, 1)
})

it('a perturbation is the same on every machine, and another one by patch, size, seed and number', () => {
  expect(sha256(perturbedPatch(patch, settings).rgba)).toBe(
    'aab98ddc74110a032e053a56255d8a0722d19fe049c42b5938a916b7447311af',
  )
  const others = [
    perturbedPatch(patch, settings),
    perturbedPatch(patch, { ...settings, seed: 1 }),
    perturbedPatch(patch, { ...settings, number: 2 }),
    perturbedPatch(patch, { ...settings, blend: 'soft' }),
  ]
  expect(new Set(others.map((one) => one.sha256)).size).toBe(4)
  expect(perturbedPatch({ ...patch, name: 'car' }, settings).rgba).toEqual(others[0]?.rgba)
})

it('perturbations of several patches come number by number', () => {
  const all = perturbedPatches([patch, patchOf(patch.rgba, 'car')], 2, { seed: 3, blend: 'hard' })
  expect(all.map(({ name, perturbation }) => [name, perturbation?.number, perturbation?.seed])).toEqual([
    ['dog', 1, 3],
    ['car', 1, 3],
    ['dog', 2, 3],
    ['car', 2, 3],
  ])
})
