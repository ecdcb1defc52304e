import { sha256 } from '../files/sha256.js'
import { randomNumbers } from '../randomNumbers.js'
import { leastAlpha, type Patch, type Perturbation, patchDigest } from './patch.js'

/** The share of visible pixels that change: as many as another rounding of the same resize changes. */
const SHARE = 1 / 3

/**
 * An imperceptible change of a patch, as another rounding of its picture would be one: of the visible pixels about a third
 * become one grey level lighter or darker, all three channels alike and none beyond 0 or 255. Alpha stays. The same patch, seed
 * and number give the same bytes on every machine.
 * @param blend which pixels are visible
 */
export function perturbedPatch(
  patch: Patch,
  { number, seed, blend }: Pick<Perturbation, 'number' | 'seed'> & { readonly blend: 'hard' | 'soft' },
): Patch {
  const { size, sha256: of } = patch
  // Other numbers for every patch, size, seed and number.
  const random = randomNumbers(Number.parseInt(sha256(`perturbation ${number} ${seed} ${of}`).slice(0, 8), 16))
  const least = leastAlpha(blend)
  const rgba = Uint8Array.from(patch.rgba)
  for (let pixel = 0; pixel < rgba.length; pixel += 4) {
    if ((rgba[pixel + 3] as number) < least) continue
    const chance = random()
    if (chance >= SHARE) continue
    const step = chance < SHARE / 2 ? -1 : 1
    for (let at = pixel; at < pixel + 3; at++) rgba[at] = Math.min(255, Math.max(0, (rgba[at] as number) + step))
  }
  return { ...patch, rgba, sha256: patchDigest(size, rgba), perturbation: { number, seed, of } }
}

/** The first so many changes of each patch, all patches with the first one before those with the second. */
export function perturbedPatches(
  patches: readonly Patch[],
  count: number,
  options: { readonly seed: number; readonly blend: 'hard' | 'soft' },
): readonly Patch[] {
  return Array.from({ length: count }, (_, i) =>
    patches.map((patch) => perturbedPatch(patch, { number: i + 1, ...options })),
  ).flat()
}
