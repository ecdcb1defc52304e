/** Messages that the live page and its server exchange. Those in a stream are coded by `encodeMessage`. */

import { type Position, positionRange } from '../../engine/scene/positions.js'
import type { HeadKind } from '../../network.js'

/** Data with which the live page starts. The server embeds them in the page as JSON. */
export interface LiveStudy {
  readonly networks: readonly LiveNetwork[]
  /** Networks of the catalog whose weights can be downloaded. */
  readonly missing: readonly MissingNetwork[]
  readonly objects: readonly LiveObject[]
  /** Limit, in bytes, for the features of one object at all positions. */
  readonly mostBytes: number
  /** Whether the page opens with the first two networks side by side. */
  readonly opensTwo: boolean
}

/** Why a photograph is not kept, and what to do instead. */
export const KEEPS_OBJECTS =
  'Keep is for objects only. For a photograph, use shiftscope consistency or shiftscope extract.'

export interface LiveNetwork {
  readonly id: string
  /** Side of the network's square input image in pixels. */
  readonly frame: number
  /** Side of a whole photograph in pixels, over which the frame moves as a window. */
  readonly photograph: number
  readonly layers: readonly { readonly name: string; readonly dims: number }[]
  /** Name of the layer whose values are class scores; null if it is not known. */
  readonly classes: string | null
  /** As in `SiteGroup`. */
  readonly knows?: string
  /** Words for what an object is: the categories that the network knows, then its classes. Empty if not known. */
  readonly classNames: readonly string[]
  /** As in `SiteGroup`. */
  readonly head?: HeadKind
  /** A sentence for the user, shown while the network is chosen. */
  readonly note?: string
}

export interface MissingNetwork {
  readonly id: string
  /** Size of the download in bytes; null if not known. */
  readonly bytes: number | null
}

export interface LiveObject {
  /** Number that identifies the object. Its pictures are at `pictures/<key>-<size>.png`. */
  readonly key: number
  readonly name: string
  /** Whether it is a whole photograph, which is larger than the frame. */
  readonly isPhotograph: boolean
  /** What the object is: a category, such as `dog`, or the name of a class. Empty if not known. */
  readonly category: string
}

export interface LiveUnitRequest {
  readonly network: string
  /** `key` of a `LiveObject`. */
  readonly object: number
  readonly size: number
  readonly stride: number
  /** `white` or `#rrggbb`. */
  readonly background: string
}

/** Request for a map. Its values are the cosine similarities of a layer's features to those at the anchor. */
export interface MapRequest extends LiveUnitRequest, Pick<LiveObject, 'category'> {
  readonly layer: string
  /**
   * Position of the anchor in pixels. A named anchor, such as `bottom-right`, may lie between the positions of the
   * grid.
   */
  readonly anchor: Position
  /** Position of the user's cursor in pixels. Positions near it are computed first. */
  readonly cursor: Position
}

export interface DroppedNetwork {
  readonly network: LiveNetwork
  /** Sentences for the user: how images are preprocessed, and which layers and classes are read. */
  readonly recipe: readonly string[]
}

/** Part of the server's answer to a map request. */
export type MapMessage = Opening | MapRows | Note | Fault

/** If the network is still opening, `opening` has the seconds so far. When it is open, `opened` is sent. */
type Opening = { readonly kind: 'opening'; readonly seconds: number } | { readonly kind: 'opened' }

/** Values at some positions. A position may be sent again later, with more exact values. */
export interface MapRows {
  readonly kind: 'rows'
  /** Indices of the positions in the grid, row-major. */
  readonly places: Uint32Array
  /** Cosine similarity to the anchor at each position. */
  readonly cosines: Float32Array
  readonly answers?: {
    /** Index of the most probable class at each position. */
    readonly strongest: Uint32Array
    /** Probability of the most probable class at each position. */
    readonly probability: Float32Array
    /** Probability, at each position, of the class `center`. */
    readonly ofCenter: Float32Array
    /** Index of the class predicted with the object at the center. */
    readonly center: number
    /** Indices of the classes that are right for the object; absent if the network has none, or if none is known. */
    readonly right?: readonly number[]
    /** Class predicted with the object at the anchor, its probability there, and that of the class `center`. */
    readonly atAnchor: {
      readonly class: number
      readonly probability: number
      readonly ofCenter: number
      /** Only of a head: its sighting there. */
      readonly sighting?: Float32Array
    }
    /** Only of a head: its sightings (see `Sightings`). */
    readonly sightings?: Float32Array
    /** Names of classes by index. Classes that an earlier message named are left out. */
    readonly names: Readonly<Record<number, string>>
  }
  /** Number of positions computed so far. */
  readonly done: number
}

/** A note for the user, to be shown as long as the map is shown. */
interface Note {
  readonly kind: 'note'
  readonly message: string
}

export interface Fault {
  readonly kind: 'fault'
  readonly message: string
}

/** Part of the server's answer to a download request. */
export type PullMessage =
  | { readonly kind: 'progress'; readonly done: number; readonly total: number }
  | { readonly kind: 'pulled'; readonly network: LiveNetwork }
  | Fault

/** Request to store an object's results in the results folder. */
export interface KeepRequest extends LiveUnitRequest, Pick<LiveObject, 'category'> {
  /** Whether to replace stored results that were computed with other settings. */
  readonly replaces: boolean
}

/** Answer to a `keep` request: the object's results were stored in the results folder. */
export interface KeptUnit {
  readonly kind: 'kept'
  readonly network: string
  /** Absolute path of the results folder. */
  readonly results: string
  /** Number of units in the results folder. */
  readonly units: number
}

/** Answer to a `keep` request: the results folder already has results of this object, computed with other settings. */
export interface OtherUnit {
  readonly kind: 'other'
  readonly network: string
  readonly differences: readonly string[]
}

/** Limit, in bytes, for all uploaded ONNX files together. */
export const MOST_NETWORK_BYTES = 1024 ** 3

/** Distances between positions, in pixels, that the user can choose. */
export const LIVE_STRIDES = [1, 2, 4, 8, 16] as const

/**
 * Finds the smallest distance between positions, of at least `wished` pixels, at which all features fit in memory.
 * Undefined if there is none.
 */
export function fittingStride(
  { frame, layers }: Pick<LiveNetwork, 'frame' | 'layers'>,
  size: number,
  { wished, mostBytes }: { readonly wished: number; readonly mostBytes: number },
): number | undefined {
  const dims = layers.reduce((sum, layer) => sum + layer.dims, 0)
  const fits = (stride: number) => Math.ceil(positionRange(frame, size).count / stride) ** 2 * dims * 4 <= mostBytes
  return LIVE_STRIDES.find((stride) => stride >= wished && fits(stride))
}
