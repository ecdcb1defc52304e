import type { ColourLimits } from '../plot/colormap.js'

/** Name of the page's global function to which the site's files pass their values. */
export const RECEIVER = 'shiftscopeReceive'

/** The study without its maps. It is embedded in index.html; the maps are loaded later from the site's files. */
export interface SiteIndex {
  /**
   * Hash of the rest of the index, in hexadecimal. The site's file `study` has the same one, so the page notices files
   * of another report.
   */
  readonly digest: string
  /** In the order of the report's tables. */
  readonly groups: readonly SiteGroup[]
  readonly limits: ColourLimits
  /** Whether a server computes the maps on request. Then any position may be the anchor, and there is no mean map. */
  readonly isLive?: boolean
}

/** One network and patch size, with its units. */
export interface SiteGroup {
  /** Names the folders of the group's files: `maps/<key>/`, `features/<key>/`. */
  readonly key: number
  readonly model: string
  readonly size: number
  /** Positions along each axis, and their distance in pixels. */
  readonly rows: number
  readonly cols: number
  readonly stride: number
  /** Side of the square frame in pixels. */
  readonly frame: number
  /** A CSS colour, or the key of a picture; null if the picture was not found. */
  readonly background: { readonly colour: string } | { readonly picture: number } | null
  readonly anchors: readonly SiteAnchor[]
  readonly layers: readonly SiteLayer[]
  /** Name of the layer from which answers are read; null if the units have no answers. */
  readonly classes: string | null
  readonly units: readonly SiteUnit[]
}

/** `row` and `col` are the patch's top-left corner, in pixels. */
interface SiteAnchor {
  readonly name: string
  readonly row: number
  readonly col: number
}

interface SiteLayer {
  readonly name: string
  readonly dims: number
  /**
   * Per anchor: mean and standard deviation, over patches, of a patch's mean similarity. summary.json has the same
   * numbers.
   */
  readonly means: readonly { readonly mean: number; readonly std?: number }[]
  /** Null baseline: mean cosine of objects of different classes at the same position; null without such pairs. */
  readonly baseline: number | null
}

/** One patch of a group. Its index in `units` is part of its files' names. */
export interface SiteUnit {
  readonly patch: string
  /** Key of the patch's picture; null if not found. */
  readonly picture: number | null
  /** Per layer, the number of files with features; 0 if they were not kept. Absent if no layer has features. */
  readonly features?: readonly number[]
  /** Largest error of cosines that are computed from sketches. Absent if the features themselves are stored. */
  readonly error?: number
}

/** Value of the file `study`: the digest of the index that the site's files belong to. */
export type SiteDigest = string

/** Value of the files `maps/<group>/<unit>` and `maps/<group>/mean`. */
export interface SiteMaps {
  readonly layers: readonly SiteLayerMaps[]
  /** A unit's answers; absent if not known. */
  readonly answers?: SiteAnswers
  /** Only in the file `mean`: `SiteAnswers.ofCenter` averaged over the units that have answers, encoded like it. */
  readonly meanProbability?: string
}

/** A network's answers at every position of a unit. All maps are in base64. */
export interface SiteAnswers {
  /** Names of the classes that are the strongest at some position. The first is the strongest at the center. */
  readonly classes: readonly string[]
  /** Indices of the classes that are right for the object; absent if not known. */
  readonly right?: readonly number[]
  /** Index of the strongest class at each position, encoded by `encodeRegions`. */
  readonly strongest: string
  /** Probability of the first of `classes` at each position, encoded by `encodeMap`. */
  readonly ofCenter: string
  /** Probability of the strongest class where it is not the first of `classes`, encoded by `encodeMap`. */
  readonly ofOthers: string
}

/** Per anchor: mean and minimum over positions, and the map, encoded by `encodeMap`, in base64. */
export interface SiteLayerMaps {
  readonly means: readonly number[]
  readonly minima: readonly number[]
  readonly maps: readonly string[]
}

/** Value of the file `pictures/<key>`: a PNG as a data URL. */
export type SitePicture = string

/**
 * Value of the file `features/<group>/<unit>-<layer>-<part>`: consecutive rows of the feature matrix, [positions,
 * dims], as int16, little-endian, in base64. Each row is scaled so that its largest magnitude is 32767, which does not
 * change cosines. If the unit stores sketches (see `sketchOf`) instead of features, the rows have fewer dims than the
 * layer.
 */
export type SiteFeatures = string
