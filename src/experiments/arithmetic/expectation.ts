import type { PlacedObject, RgbPixels } from '../scenes/layout.js'
import { type Term, weightedSum } from './expression.js'

/**
 * Objects that the expected image of an expression shows. `notes` are messages about impossible objects. An object is
 * impossible if it is subtracted more often than added, or if several copies remain.
 */
interface ObjectExpectation {
  readonly objects: readonly PlacedObject[]
  readonly notes: readonly string[]
}

/**
 * Adding a scene adds its objects. Subtracting a scene removes objects of the same patch, size and position.
 * @returns undefined if a coefficient is not a whole number, because there are no half objects
 */
export function objectExpectation(
  terms: readonly Term[],
  scenes: ReadonlyMap<string, readonly PlacedObject[]>,
): ObjectExpectation | undefined {
  if (!terms.every(({ coefficient }) => Number.isInteger(coefficient))) return undefined
  const counts = new Map<string, { readonly object: PlacedObject; count: number }>()
  for (const { name, coefficient } of terms) {
    for (const object of scenes.get(name) ?? []) {
      const key = JSON.stringify([object.patch, object.size, object.row, object.col])
      const entry = counts.get(key) ?? { object, count: 0 }
      entry.count += coefficient
      counts.set(key, entry)
    }
  }
  const entries = [...counts.values()]
  return {
    objects: entries.filter(({ count }) => count > 0).map(({ object }) => object),
    notes: entries
      .filter(({ count }) => count < 0 || count > 1)
      .map(({ object: { patch, row, col }, count }) => {
        const what = `${patch} at row ${row}, col ${col}`
        return count < 0
          ? `${what} is subtracted more often than added; the expected image does not show it`
          : `${what} is added ${count} times; the expected image shows it once`
      }),
  }
}

/**
 * Computes the expected image if the objects in the images are unknown: background + Σ coefficient · (image −
 * background). Values are rounded and limited to 0 … 255.
 */
export function pixelExpectation(
  terms: readonly Term[],
  images: ReadonlyMap<string, RgbPixels>,
  background: RgbPixels,
): RgbPixels {
  const sums = weightedSum(terms, images, background)
  return Uint8Array.from(sums, (value) => Math.min(255, Math.max(0, Math.round(value))))
}
