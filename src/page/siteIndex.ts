import type { ColourLimits } from '../plot/colormap.js'

/** Name of the page's function that receives the value of a site's file. */
export const RECEIVER = 'shiftscopeReceive'

/** The study as the page knows it before any map is loaded; it is part of index.html. */
export interface SiteIndex {
  /** Digest of the rest of the index, in hexadecimal. The site's file `study` contains the same digest. */
  readonly digest: string
  /** Groups in the order of the tables. */
  readonly groups: readonly SiteGroup[]
  readonly limits: ColourLimits
  /** Whether a server computes the maps on request. Then any position may be the anchor, and there is no mean map. */
  readonly isLive?: boolean
}

/** One network and patch size. */
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
  /** The layer with the network's classes; null if the files of the units have no answers. */
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
  /** Null baseline: mean cosine of objects of different classes at the same position; null without such pairs. */
  readonly baseline: number | null
}

/** One patch of a group. Its index in the list names its files. */
export interface SiteUnit {
  readonly patch: string
  /** Key of the patch's picture; null if not found. */
  readonly picture: number | null
  /** Number of files with features for each layer, 0 if they were not kept. Absent if no layer has features. */
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
  /** Names of the classes that are the strongest at some position. The first is the strongest at the center. */
  readonly classes: readonly string[]
  /** Indices of the classes that are right for the object; absent if not known. */
  readonly right?: readonly number[]
  /** Index of the strongest class at each position, encoded by `encodeRegions`. */
  readonly strongest: string
  /** Probability of the first class at each position, encoded by `encodeMap`. */
  readonly ofCenter: string
  /** Probability of the strongest class at the positions where it is not the first class, encoded by `encodeMap`. */
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
 * `features/<group>/<unit>-<layer>-<part>`: consecutive rows of the feature matrix, [positions, dims], as int16,
 * little-endian, in base64. Sketches have fewer dims than the layer. Each row is scaled so that its largest magnitude
 * is 32767, which does not change cosines.
 */
export type SiteFeatures = string
