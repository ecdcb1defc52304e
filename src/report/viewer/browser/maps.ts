import { decodeMap } from '../mapCoding.js'
import type { SiteLayerMaps } from '../siteIndex.js'
import { fromBase64 } from './base64.js'
import { cosinesWith, type OnFiles } from './features.js'
import { loadMaps } from './files.js'
import { type Fitted, mapIndex } from './fit.js'
import { recent } from './recent.js'

/** A map with what is to be said of it. */
export interface LoadedMap {
  readonly fitted: Fitted
  /** Cosines, [rows, cols], row-major. */
  readonly values: Float64Array
  /** Over all positions. */
  readonly mean: number
  readonly lowest: number
  readonly highest: number
}

type MapValues = Omit<LoadedMap, 'fitted'>

const keptMaps = recent<MapValues>(24)

/**
 * Loads the map that a panel shows.
 * @param onFiles told of the files, where they are many
 * @throws if a file of the site is missing or damaged
 */
export async function loadMap(fitted: Fitted, onFiles: OnFiles): Promise<LoadedMap> {
  const { group, unit, layer, anchor, anchorPosition } = fitted
  const key = [group.key, unit, layer, anchor ?? `${anchorPosition.row},${anchorPosition.col}`].join(' ')
  const map = await keptMaps(key, () => (anchor === null ? computeMap(fitted, onFiles) : readMap(fitted, anchor)))
  return { ...map, fitted }
}

async function readMap({ group, unit, layer }: Fitted, anchor: number): Promise<MapValues> {
  const { means, minima, maps } = (await loadMaps(group.key, unit)).layers[layer] as SiteLayerMaps
  const values = decodeMap(fromBase64(maps[anchor] as string), group.rows * group.cols)
  return {
    values,
    mean: means[anchor] as number,
    lowest: minima[anchor] as number,
    highest: values.reduce((most, value) => Math.max(most, value)),
  }
}

async function computeMap(fitted: Fitted, onFiles: OnFiles): Promise<MapValues> {
  const values = await cosinesWith(fitted, mapIndex(fitted.group, fitted.anchorPosition), onFiles)
  return {
    values,
    mean: values.reduce((sum, value) => sum + value, 0) / values.length,
    lowest: values.reduce((least, value) => Math.min(least, value)),
    highest: values.reduce((most, value) => Math.max(most, value)),
  }
}
