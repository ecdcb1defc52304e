import { InputError } from '../../errors.js'
import { printable } from '../../support/text.js'
import type { ShownTensor } from './featureNodes.js'

/** The features of an image must depend only on this image: not on other images in the batch, and not on chance. */

export const REMEDY = 'export it in evaluation mode (PyTorch: model.eval())'

/** Largest relative distance that rounding may cause between an image's values from two runs; see `dependence`. */
const ROUNDING = 1e-3

/**
 * Relative distance between an image's values from a run with other images (`beside`) and from a run without them
 * (`alone`). Undefined if the values differ only by rounding.
 * @param alone may be longer; only its first `beside.length` values are used
 */
export function dependence(beside: Float32Array, alone: Float32Array): number | undefined {
  let [difference, norm] = [0, 0]
  for (let i = 0; i < beside.length; i++) {
    const [one, other] = [beside[i] as number, alone[i] as number]
    difference += (one - other) ** 2
    norm += other ** 2
  }
  return difference > ROUNDING ** 2 * norm ? Math.sqrt(difference / norm) : undefined
}

export function checkIndependence(name: string, title: string, { dependence }: Pick<ShownTensor, 'dependence'>): void {
  if (dependence === undefined) return
  throw new InputError(
    `${name} computes different values of ${printable(title)} for the same image in different batches (relative distance ${dependence.toPrecision(2)}), perhaps because of batch statistics or dropout; ${REMEDY}`,
  )
}
