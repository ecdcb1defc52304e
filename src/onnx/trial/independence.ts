import { InputError } from '../../errors.js'
import { printable } from '../../support/text.js'
import type { Dependence } from '../graph/shownTensor.js'

/** The features of an image must depend only on this image: not on other images in the batch, and not on chance. */

export const REMEDY = 'export it in evaluation mode (PyTorch: model.eval())'

/** Largest relative distance that rounding may cause between an image's values from two runs. */
const ROUNDING = 1e-3

type Values = Float32Array

/**
 * Largest relative distance between values that an image has in a batch and those that it has alone; undefined if all
 * pairs differ only by rounding. The values of different images share one scale, so values near 0 may be rounding.
 */
export function dependentDistance(pairs: readonly (readonly [beside: Values, alone: Values])[]): number | undefined {
  const measured = pairs.map(([beside, alone]) => differenceOf(beside, alone))
  const least = ROUNDING * Math.max(...measured.map(({ norm }) => norm))
  const distances = measured.flatMap(({ difference, norm }) => {
    const distance = difference / Math.max(norm, least)
    return distance > ROUNDING ? [distance] : []
  })
  return distances.length === 0 ? undefined : Math.max(...distances)
}

/** Whether any two images have different values. An image without finite values tells nothing. */
export function tellsApart([first, ...others]: readonly Values[]): boolean {
  const all = [first!, ...others]
  return (
    all.every((values) => values.every(Number.isFinite)) &&
    dependentDistance(others.map((values) => [values, first!])) !== undefined
  )
}

/** Euclidean norms of a difference and of the values `alone`. A value that is not finite on one side only is infinitely far. */
function differenceOf(beside: Values, alone: Values): { readonly difference: number; readonly norm: number } {
  let [difference, norm] = [0, 0]
  for (let i = 0; i < beside.length; i++) {
    const [one, other] = [beside[i]!, alone[i]!]
    if (Object.is(one, other) && !Number.isFinite(one)) continue
    const distance = Math.abs(one - other)
    difference += Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance ** 2
    if (Number.isFinite(other)) norm += other ** 2
  }
  return { difference: Math.sqrt(difference), norm: Math.sqrt(norm) }
}

/**
 * @param isOpen whether the graph takes any number of images, so that it can run one at a time
 * @returns whether it must, because the values of an image depend on the other images
 * @throws InputError if this does not help, because values are random, or mean nothing without other images
 */
export function runsAlone(name: string, title: string, dependence: Dependence | undefined, isOpen: boolean): boolean {
  if (dependence === undefined) return false
  const { distance, hasOwnValues } = dependence
  if (hasOwnValues && isOpen) return true
  const remedy = hasOwnValues ? `${REMEDY}, or for batches of any size` : REMEDY
  throw new InputError(
    `${name} computes different values of ${printable(title)} for the same image in different batches (relative distance ${distance.toPrecision(2)}), perhaps because of batch statistics or dropout; ${remedy}`,
  )
}
