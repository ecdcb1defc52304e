import type { ColourLimits } from '../plot/colormap.js'

/** The page's function that takes what a file of the site brings. */
export const RECEIVER = 'shiftscopeReceive'

/** The study as the page knows it before any map is loaded; it is part of index.html. */
export interface SiteIndex {
  /** Digest of all the rest, in hexadecimal; the file `study` of the site has the same. */
  readonly digest: string
  /** In the order of tables. */
  readonly groups: readonly SiteGroup[]
  readonly limits: ColourLimits
  /** Whether maps are computed while one looks: any position may be the anchor, and patches have no mean. */
  readonly isLive?: boolean
}

/** One network and patch size. */
export interface SiteGroup {
  /** Names the folder of its files: `maps/<key>/`, `features/<key>/`. */
  readonly key: number
  readonly model: string
  readonly size: number
  /** Positions along each axis, and their distance in pixels. */
  readonly rows: number
  readonly cols: number
  readonly stride: number
  /** Side of the square frame in pixels. */
  readonly frame: number
  /** A CSS colour, or the key of a picture; null: the picture was not found. */
  readonly background: { readonly colour: string } | { readonly picture: number } | null
  readonly anchors: readonly SiteAnchor[]
  readonly layers: readonly SiteLayer[]
  /** The layer that has the network's classes, if the files of units hold answers; null otherwise. */
  readonly classes: string | null
  readonly units: readonly SiteUnit[]
}

/** An anchor and its position: row and column in pixels of the patch's top-left corner. */
interface SiteAnchor {
  readonly name: string
  readonly row: number
  readonly col: number
}

interface SiteLayer {
  readonly name: string
  readonly dims: number
  /** Per anchor, as summary.json has them: mean and standard deviation over patches of each patch's mean similarity. */
  readonly means: readonly { readonly mean: number; readonly std?: number }[]
  /** Null baseline: mean cosine of objects of different classes at the same position; null if there are no such pairs. */
  readonly baseline: number | null
}

/** One patch of a group; its place in the list names its files. */
export interface SiteUnit {
  readonly patch: string
  /** Key of the patch's picture; null if not found. */
  readonly picture: number | null
  /** Per layer: in how many files its features lie, 0 if they were not kept. Absent if none of any layer. */
  readonly features?: readonly number[]
  /** Largest error of the cosines of stored sketches; absent if the features themselves are stored. */
  readonly error?: number
}

/** `study`: the digest of the index that the files belong to. */
export type SiteDigest = string

/** `maps/<group>/<unit>` and `maps/<group>/mean`: the maps of every layer. */
export interface SiteMaps {
  readonly layers: readonly SiteLayerMaps[]
  /** A unit's answers; absent if not known. */
  readonly answers?: SiteAnswers
  /** For the mean: probability of the center's class over the units that have answers, as in `SiteAnswers`. */
  readonly meanProbability?: string
}

/** Answers of a network at every position of a unit, maps in base64. */
export interface SiteAnswers {
  /** Names of the classes that are the strongest somewhere; the first is the one that is so at the center. */
  readonly classes: readonly string[]
  /** Which of them are right for the object, by their place in the list; absent if not known. */
  readonly right?: readonly number[]
  /** Index of the strongest class at each position, by `encodeRegions`. */
  readonly strongest: string
  /** Probability of the first class, by `encodeMap`. */
  readonly ofCenter: string
  /** Probability of the strongest class at the positions where it is not the first class, by `encodeMap`. */
  readonly ofOthers: string
}

/** Per anchor: mean and minimum over positions, and the map, encoded by `encodeMap`, in base64. */
export interface SiteLayerMaps {
  readonly means: readonly number[]
  readonly minima: readonly number[]
  readonly maps: readonly string[]
}

/** `pictures/<key>`: a PNG as a data URL. */
export type SitePicture = string

/**
 * `features/<group>/<unit>-<layer>-<part>`: consecutive rows of the feature matrix in base64: int16, little-endian,
 * [positions, dims], dims being fewer where they are sketches, each row scaled so that its largest magnitude is 32767. The scale does not matter to a cosine.
 */
export type SiteFeatures = string
