import type { HeadKind } from '../../network.js'
import type { ColourLimits } from '../../plot/colormap.js'
import type { NetworkPair } from '../../results/store/pairs.js'
import type { RankedClasses } from './classRanks.js'

/** Name of the page's global function to which the site's files pass their values. */
export const RECEIVER = 'shiftscopeReceive'

/**
 * The study without its maps: networks, objects, layers and anchors. It is embedded in index.html. The maps are loaded
 * later from the site's files.
 */
export interface SiteIndex {
  /**
   * Hash of the rest of the index and of the mean maps, in hexadecimal. The site's file `study` must contain the same
   * hash. If it does not, the files belong to another report.
   */
  readonly digest: string
  /** One entry per network and size, in the order of the report's tables. */
  readonly groups: readonly SiteGroup[]
  readonly limits: ColourLimits
  /** For each object, the classes that have a colour of their own; empty if no classes were predicted. */
  readonly classes?: readonly SiteClasses[]
  /** Pairs of networks that are compared; absent if there are none. */
  readonly pairs?: readonly NetworkPair[]
  /** Whether a server computes the maps on request. Then any position can be the anchor, and there is no mean map. */
  readonly isLive?: boolean
  /** Only in a page that is one file: what the file leaves out, as the end of a sentence; empty if nothing. */
  readonly oneFile?: { readonly leftOut: string }
  /** On the live page, the size that the user chose, in a frame of 224 px. Each network shows its share of the frame. */
  readonly wished?: number
}

/** One network and patch size, with one entry of `units` per object. */
export interface SiteGroup {
  /** Number of the group in the paths of its files: `maps/<key>/` and `features/<key>/`. */
  readonly key: number
  readonly model: string
  readonly size: number
  /** Number of positions along each axis. `stride` is the distance between neighbouring positions in pixels. */
  readonly rows: number
  readonly cols: number
  readonly stride: number
  /** Row, and column, of the first position in pixels: 0, or less for photographs, which are larger than the frame. */
  readonly first: number
  /** Side of the network's square input image in pixels. */
  readonly frame: number
  /** The image's background: a CSS colour, or the key of a picture; null if the picture was not found. */
  readonly background: { readonly colour: string } | { readonly picture: PictureKey } | null
  readonly anchors: readonly SiteAnchor[]
  readonly layers: readonly SiteLayer[]
  /** Name of the layer whose values are class scores; null if no classes were predicted. */
  readonly classes: string | null
  /** The classes that the network knows, such as "627 emoji" or "ImageNet"; absent if no classes were predicted. */
  readonly knows?: string
  /** Kind of the network's head, whose maps are known; absent for a network without one. */
  readonly head?: HeadKind
  /** Only of a constant network: it `gives the same answer to 58 of 60 objects; its consistency says nothing`. */
  readonly constant?: string
  /** Mean agreement of the answers to all objects, relative to chance; absent if it has no value. */
  readonly relative?: number
  readonly units: readonly SiteUnit[]
}

/** A position with which a map compares all others. `row` and `col` are the patch's top-left corner, in pixels. */
interface SiteAnchor {
  readonly name: string
  readonly row: number
  readonly col: number
}

interface SiteLayer {
  readonly name: string
  /**
   * Null baseline: mean cosine between objects of different classes at the same position. Null if there are no such
   * objects.
   */
  readonly baseline: number | null
}

/**
 * The most frequent answers for an object in all networks and at all sizes, the most frequent first: those that are
 * correct for the object, and others. The n-th class has the n-th colour of its list.
 */
export interface SiteClasses extends RankedClasses {
  readonly patch: string
}

/** A class, its probability at one position, and whether it is correct for the object (null if not known). */
interface SiteAnswer {
  readonly name: string
  readonly probability: number
  readonly isRight: boolean | null
}

/** A network's answers for one object in a few numbers. Shares are of all positions, 0 to 1. */
export interface AnswerSummary {
  /** The answer with the object at the center. */
  readonly center: SiteAnswer
  /** The chance that two positions, drawn at random, get the same answer. */
  readonly agreement: number
  /** The two most frequent answers, or one if all positions get the same. The center may lie between the positions. */
  readonly frequent: readonly (Pick<SiteAnswer, 'name' | 'isRight'> & { readonly share: number })[]
  /** Mean probability of the answers at all positions. */
  readonly probability: number
  /** Share of positions where the answer is correct for the object; null if it is not known which classes are. */
  readonly right: number | null
}

/** Content of the file `answers/<group>`: a small map of the answers for each unit; null if they are not known. */
export type SmallAnswersOfGroup = readonly (SmallAnswers | null)[]

/** A map of answers with at most 38 rows and columns. */
export interface SmallAnswers {
  readonly rows: number
  readonly cols: number
  /** Names of the classes. The first one is the answer at the center. */
  readonly classes: readonly string[]
  /** Index in `classes` of the answer at each position of the small map, encoded by `encodeRegions`, in base64. */
  readonly strongest: string
}

export type PictureKey = number | string

/** One patch of a group. Its index in `SiteGroup.units` is part of the names of its files. */
export interface SiteUnit {
  readonly patch: string
  /** Key of the patch's picture; null if the picture was not found. See `SitePicture` and, on the live page, `LiveObject`. */
  readonly picture: PictureKey | null
  /** Absent if the network's answers are not known. */
  readonly answer?: AnswerSummary
  /** For each layer, the number of files with features; 0 if they were not stored. Absent if no layer has features. */
  readonly features?: readonly number[]
  /**
   * Largest error of the cosines that are computed from sketches (shortened features). Absent if the files contain the
   * features themselves.
   */
  readonly error?: number
}

/** Content of the file `maps/<group>/<unit>` of an object, or of the file `maps/<group>/mean`. */
export interface SiteMaps {
  readonly layers: readonly SiteLayerMaps[]
  /** The network's answers for the object; absent if not known. */
  readonly answers?: SiteAnswers
}

/**
 * A network's answers (most probable classes) with the object at every position. All maps are in base64. After the
 * positions, they list the anchors, which may lie between positions.
 */
export interface SiteAnswers {
  /** Names of the classes that are the answer at some position or anchor. The first one is the answer at the center. */
  readonly classes: readonly string[]
  /** Indices in `classes` of the classes that are correct for the object; absent if these are not known. */
  readonly right?: readonly number[]
  /** Index in `classes` of the most probable class at each position, encoded by `encodeRegions`. */
  readonly strongest: string
  /** Probability of the first of `classes` at each position, encoded by `encodeMap`. */
  readonly ofCenter: string
  /**
   * Probability of the answer, only for the positions where the answer is not the first of `classes`. Encoded by
   * `encodeMap`.
   */
  readonly ofOthers: string
  /** Only of a head: its sightings (see `Sightings`), as float32, little-endian. */
  readonly sightings?: string
}

/**
 * Similarity maps of a layer, one per anchor, encoded by `encodeMap`, in base64. `means` and `minima` list the mean and
 * the lowest similarity of each map.
 */
export interface SiteLayerMaps {
  readonly means: readonly number[]
  readonly minima: readonly number[]
  readonly maps: readonly string[]
}

/** Content of the file `pictures/<key>`: a PNG as a data URL. */
export type SitePicture = string

/**
 * Content of the file `features/<group>/<unit>-<layer>-<part>`: consecutive rows of the feature matrix, [positions,
 * dims], as int16, little-endian, in base64. Each row is scaled so that its largest magnitude is 32767, which does not
 * change cosines. If the unit stores sketches (shortened features, see `sketchOf`), the rows have fewer dims than the
 * layer.
 */
export type SiteFeatures = string
