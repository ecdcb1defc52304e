import { ANCHOR_NAMES } from '../../engine/scene/positions.js'
import { fileName } from '../../files/fileName.js'
import { compareText } from './openResults.js'
import { siteFeatureBytes } from './siteFeatures.js'

/**
 * Limit, in bytes, for a page's maps and sketches (shortened features). With index.html and the pictures, the page then
 * stays below 40 MB.
 */
const MOST_BYTES = 38e6

/** Number of probability maps per unit: `ofCenter` and `ofOthers` of `SiteAnswers`. */
const PROBABILITY_MAPS = 2

export interface SketchedGroup {
  readonly positions: number
  readonly layers: number
  readonly hasAnswers: boolean
  /** One entry per object. `dims` is the number of sketch values per position, summed over all layers. */
  readonly units: readonly { readonly patch: string; readonly dims: number }[]
}

/**
 * Chooses the objects whose sketches (shortened features) are written to the page. These are the first object, and the
 * following ones in the page's order as long as maps and sketches fit in MOST_BYTES. A chosen object gets its sketches
 * for all networks and sizes, so that all its maps can have the same anchor.
 */
export function sketchedPatches(groups: readonly SketchedGroup[]): ReadonlySet<string> {
  const bytes = new Map<string, number>()
  let room = MOST_BYTES
  for (const { positions, layers, hasAnswers, units } of groups) {
    const maps = layers * ANCHOR_NAMES.length + (hasAnswers ? PROBABILITY_MAPS : 0)
    // A value in a map takes about two bytes, like a value of a feature, so one function estimates both. The mean map
    // counts as one more unit.
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
