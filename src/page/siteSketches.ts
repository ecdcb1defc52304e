import { ANCHOR_NAMES } from '../engine/positions.js'
import { fileName } from '../results/fileName.js'
import { compareText } from '../results/openResults.js'
import { siteFeatureBytes } from './siteFeatures.js'

/** Most bytes of a page's maps and sketches. With index.html and the pictures, the page stays below 40 MB. */
const MOST_BYTES = 38e6

/** Probability maps per unit: of the center's class, and of the strongest class where that is another class. */
const PROBABILITY_MAPS = 2

export interface SketchedGroup {
  readonly positions: number
  readonly layers: number
  readonly hasAnswers: boolean
  /** One entry per object; `dims` is the sum over the sketches of all layers. */
  readonly units: readonly { readonly patch: string; readonly dims: number }[]
}

/**
 * Chooses the objects whose sketches are written to the page: the first one, and the following ones in the page's order
 * as long as they fit beside the maps. Each of them gets its sketches in all groups, so that all its maps can have the
 * same anchor.
 */
export function sketchedPatches(groups: readonly SketchedGroup[]): ReadonlySet<string> {
  const bytes = new Map<string, number>()
  let room = MOST_BYTES
  for (const { positions, layers, hasAnswers, units } of groups) {
    const maps = layers * ANCHOR_NAMES.length + (hasAnswers ? PROBABILITY_MAPS : 0)
    // A value of an encoded map takes about two bytes, like a scaled feature. The mean map counts as one more unit.
    room -= (units.length + 1) * siteFeatureBytes(positions, maps)
    for (const { patch, dims } of units) {
      if (dims > 0) bytes.set(patch, (bytes.get(patch) ?? 0) + siteFeatureBytes(positions, dims))
    }
  }
  const patches = new Set<string>()
  for (const [patch, needed] of [...bytes].sort(([a], [b]) => compareText(fileName(a), fileName(b)))) {
    room -= needed
    if (room < 0 && patches.size > 0) break
    patches.add(patch)
  }
  return patches
}
