import type { OpenUnit } from '../../results/store/openUnit.js'
import { positionsPerPart } from '../../results/store/siteFeatures.js'
import { writeSiteFile } from './file.js'
import { toBase64 } from './mapCoding.js'
import type { SiteFeatures } from './siteIndex.js'

/**
 * Writes a unit's features, or its sketches (shortened features), to files `<key>-<layer>-<part>.js`.
 * @param key `features/<group>/<unit>`
 * @returns number of files for each layer; undefined if the unit has no features (or sketches)
 */
export async function writeFeatures(
  site: string,
  key: string,
  unit: OpenUnit,
  kind: 'features' | 'sketch',
): Promise<readonly number[] | undefined> {
  const parts: number[] = []
  for (const [layer, { name }] of unit.layers.entries()) {
    const features = await unit[kind](name)
    if (features === undefined) {
      parts.push(0)
      continue
    }
    const dims = features.shape[2]!
    const perPart = positionsPerPart(dims)
    const positions = unit.rows * unit.cols
    let part = 0
    for (let start = 0; start < positions; start += perPart) {
      const rows = features.data.subarray(start * dims, Math.min(positions, start + perPart) * dims)
      const text: SiteFeatures = toBase64(scaleRows(rows, dims))
      await writeSiteFile(site, `${key}-${layer}-${part++}`, text)
    }
    parts.push(part)
  }
  return parts.some((part) => part > 0) ? parts : undefined
}

/**
 * Scales each row so that its largest magnitude is 32767, and rounds it to int16. Rounding changes cosines by a few
 * millionths.
 * @param features [positions, dims]
 */
export function scaleRows(features: Float32Array, dims: number): Int16Array {
  const scaled = new Int16Array(features.length)
  for (let start = 0; start < features.length; start += dims) {
    let largest = 0
    for (let i = start; i < start + dims; i++) largest = Math.max(largest, Math.abs(features[i]!))
    const factor = largest === 0 ? 0 : 32767 / largest
    for (let i = start; i < start + dims; i++) scaled[i] = Math.round(features[i]! * factor)
  }
  return scaled
}
