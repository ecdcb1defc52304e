import type { ColourLimits } from '../../colormap.js'
import { roundCosine } from '../mapCoding.js'
import type { LoadedMap } from './maps.js'

/** B − A at every position; undefined where the maps have other positions, or show answers, or not the same. */
export function differenceMap(first: LoadedMap, second: LoadedMap): LoadedMap | undefined {
  const [a, b] = [first.fitted.group, second.fitted.group]
  if (first.quantity !== second.quantity || first.quantity === 'answers') return undefined
  if (a.rows !== b.rows || a.cols !== b.cols || a.stride !== b.stride) return undefined
  const values = second.values.map((value, i) => roundCosine(value - (first.values[i] as number)))
  return {
    ...second,
    values,
    mean: values.reduce((sum, value) => sum + value, 0) / values.length,
    lowest: values.reduce((least, value) => Math.min(least, value)),
    highest: values.reduce((most, value) => Math.max(most, value)),
  }
}

/** As far to either side of zero as the largest difference, so that zero has the colour in the middle. */
export function differenceLimits({ lowest, highest }: LoadedMap): ColourLimits {
  const largest = Math.max(-lowest, highest, 1e-5)
  return { low: -largest, high: largest }
}
