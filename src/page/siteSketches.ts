import { ANCHOR_NAMES } from '../engine/positions.js'
import { fileName } from '../results/fileName.js'
import { compareText } from '../results/openResults.js'
import { siteFeatureBytes } from './siteFeatures.js'

/** Bytes that maps and sketches of a page may take. With index.html and the pictures, the page then stays below 40 MB. */
const MOST_BYTES = 38e6

/** Maps of probability: of the center's class, and of the strongest class elsewhere. */
const PROBABILITY_MAPS = 2

/** Units of one network and size. */
export interface SketchedGroup {
  readonly positions: number
  readonly layers: number
  readonly hasAnswers: boolean
  /** Each object once; dims: of the sketches of all layers together. */
  readonly units: readonly { readonly patch: string; readonly dims: number }[]
}

/**
 * Objects whose sketches are part of a page: the first one, and as many more as fit beside the maps. They come in the
 * order of the page, each with its sketches in all groups, so that all its maps can have the same anchor.
 */
export function sketchedPatches(groups: readonly SketchedGroup[]): ReadonlySet<string> {
  const bytes = new Map<string, number>()
  let room = MOST_BYTES
  for (const { positions, layers, hasAnswers, units } of groups) {
    const maps = layers * ANCHOR_NAMES.length + (hasAnswers ? PROBABILITY_MAPS : 0)
    // A value of an encoded map takes about the two bytes that a scaled feature has. Beside the units there is their mean.
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
