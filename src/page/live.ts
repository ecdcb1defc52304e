/** Messages between the live page and its server, as JSON. */

/** Data with which the live page starts, embedded in it as JSON. */
export interface LiveStudy {
  readonly networks: readonly LiveNetwork[]
  /** Networks of the catalog whose weights can be downloaded. */
  readonly missing: readonly MissingNetwork[]
  readonly objects: readonly LiveObject[]
  /** Most bytes of memory for the features of one object. */
  readonly mostBytes: number
  /** Whether the page opens with the first two networks side by side. */
  readonly opensTwo: boolean
}

export interface LiveNetwork {
  readonly id: string
  /** Side of the square frame in pixels. */
  readonly frame: number
  readonly layers: readonly { readonly name: string; readonly dims: number }[]
  /** Name of the layer with one value per class; null if the classes are not known. */
  readonly classes: string | null
}

export interface MissingNetwork {
  readonly id: string
  /** Size of the download; null if not known. */
  readonly bytes: number | null
}

export interface LiveObject {
  /** The object's pictures are at `pictures/<key>-<size>.png`. */
  readonly key: number
  readonly name: string
}

/** An object, the network that sees it, and the positions and background to use. */
export interface LiveScene {
  readonly network: string
  /** `key` of a `LiveObject`. */
  readonly object: number
  readonly size: number
  readonly stride: number
  /** `white` or `#rrggbb`. */
  readonly background: string
}

/** Request for a map: the similarity of one layer's features to those at the anchor. */
export interface MapRequest extends LiveScene {
  readonly layer: string
  /** In pixels: a position of the grid, or a named anchor, which may be off the grid. */
  readonly anchor: { readonly row: number; readonly col: number }
  /** Positions around this one are computed first. */
  readonly cursor: { readonly row: number; readonly col: number }
}

export interface DroppedNetwork {
  readonly network: LiveNetwork
  /** Sentences for the user: how images are preprocessed, and which layers and classes are read. */
  readonly recipe: readonly string[]
}

/** One line of the answer to a map request. */
export type MapMessage = Opening | MapRows | MapEnd | Note | Fault

/** Sent while the network opens, with the seconds so far, and again when it is open. */
type Opening = { readonly kind: 'opening'; readonly seconds: number } | { readonly kind: 'opened' }

/** Values of some positions. A position may be sent again with more exact values. */
export interface MapRows {
  readonly kind: 'rows'
  /** Indices of the positions in the grid, row-major: uint32, little-endian, in base64. */
  readonly places: string
  /** Cosine of the features at each position with those at the anchor: float32, encoded like `places`. */
  readonly cosines: string
  readonly answers?: {
    /** Index of the strongest class at each position: uint32, encoded like `places`. */
    readonly strongest: string
    /** Probability of the strongest class at each position: float32, encoded like `places`. */
    readonly probability: string
    /** Probability of the class `center` at each position: float32, encoded like `places`. */
    readonly ofCenter: string
    /** Index of the strongest class at the center. */
    readonly center: number
    /** Names by class index, only of classes that no earlier message named. */
    readonly names: Readonly<Record<number, string>>
  }
  /** Number of positions computed so far. */
  readonly done: number
}

/** All positions have been sent. */
interface MapEnd {
  readonly kind: 'end'
}

/** A note to show as long as the map is shown. */
interface Note {
  readonly kind: 'note'
  readonly message: string
}

export interface Fault {
  readonly kind: 'fault'
  readonly message: string
}

/** One line of the answer to a download request. */
export type PullMessage =
  | { readonly kind: 'progress'; readonly done: number; readonly total: number }
  | { readonly kind: 'pulled'; readonly network: LiveNetwork }
  | Fault

/** Answer to `keep`: the unit was stored in the results folder. */
export interface KeptUnit {
  readonly kind: 'kept'
  readonly folder: string
  /** Command that computes the unit again. */
  readonly command: string
}

/** Answer to `keep`: the results folder already has this unit, computed with other settings. */
export interface OtherUnit {
  readonly kind: 'other'
  readonly differences: readonly string[]
}

/** Most bytes of all uploaded ONNX files together. */
export const MOST_NETWORK_BYTES = 1024 ** 3

/** Distances between positions that the page offers, in pixels. */
export const LIVE_STRIDES = [1, 2, 4, 8, 16] as const

/**
 * The smallest stride of at least `wished` pixels at which the features of all positions fit in memory; undefined if
 * there is none.
 */
export function fittingStride(
  { frame, layers }: Pick<LiveNetwork, 'frame' | 'layers'>,
  size: number,
  { wished, mostBytes }: { readonly wished: number; readonly mostBytes: number },
): number | undefined {
  const dims = layers.reduce((sum, layer) => sum + layer.dims, 0)
  const fits = (stride: number) => Math.ceil((frame - size + 1) / stride) ** 2 * dims * 4 <= mostBytes
  return LIVE_STRIDES.find((stride) => stride >= wished && fits(stride))
}
