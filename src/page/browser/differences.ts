import type { ColourLimits } from '../../plot/colormap.js'
import { roundCosine } from '../mapCoding.js'
import { type LoadedMap, measured } from './maps.js'

/**
 * The map B − A. Undefined if the maps have different positions or quantities, or show predicted classes, which cannot
 * be subtracted.
 */
export function differenceMap(first: LoadedMap, second: LoadedMap): LoadedMap | undefined {
  const [a, b] = [first.fitted.group, second.fitted.group]
  if (first.quantity !== second.quantity || first.regions !== undefined) return undefined
  if (a.rows !== b.rows || a.cols !== b.cols || a.stride !== b.stride || a.first !== b.first) return undefined
  const values = second.values.map((value, i) => roundCosine(value - (first.values[i] as number)))
  const known = knownOfBoth(first.known, second.known)
  return { ...second, ...measured(values, known), ...(known && { known }) }
}

function knownOfBoth(first: Uint8Array | undefined, second: Uint8Array | undefined): Uint8Array | undefined {
  if (first === undefined || second === undefined) return first ?? second
  return first.map((isKnown, i) => isKnown & (second[i] as number))
}

/** Colour scale from −d to d, where d is the largest difference. Zero gets the colour in the middle. */
export function differenceLimits({ lowest, highest }: LoadedMap): ColourLimits {
  const largest = Math.max(-lowest, highest, 1e-5)
  return { low: -largest, high: largest }
}
