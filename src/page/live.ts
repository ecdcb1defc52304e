/** Messages between the live page and its server, as JSON. */

/** Data that is embedded in the page. */
export interface LiveStudy {
  readonly networks: readonly LiveNetwork[]
  /** Networks of the catalog whose weights can be fetched. */
  readonly missing: readonly MissingNetwork[]
  readonly objects: readonly LiveObject[]
  /** Bytes that the features of one object may take in memory. */
  readonly mostBytes: number
  /** Whether the page opens with the first two networks side by side. */
  readonly opensTwo: boolean
}

/** A network that can be asked. */
export interface LiveNetwork {
  readonly id: string
  /** Side of the square frame in pixels. */
  readonly frame: number
  readonly layers: readonly { readonly name: string; readonly dims: number }[]
  /** The layer whose values are the classes; null if they are not known. */
  readonly classes: string | null
}

export interface MissingNetwork {
  readonly id: string
  /** null if the size is not known. */
  readonly bytes: number | null
}

/** An object that can be moved. */
export interface LiveObject {
  /** Number that names the object's pictures. */
  readonly key: number
  readonly name: string
}

/** An object, the network that it is moved through, and how. */
export interface LiveScene {
  readonly network: string
  /** Key of the object. */
  readonly object: number
  readonly size: number
  readonly stride: number
  /** `white` or `#rrggbb`. */
  readonly background: string
}

/** Request for a map: the similarity of one layer's features to those at the anchor. */
export interface MapRequest extends LiveScene {
  readonly layer: string
  /** In pixels: a position of the grid, or an anchor that has a name. */
  readonly anchor: { readonly row: number; readonly col: number }
  /** Positions around this one are computed first. */
  readonly cursor: { readonly row: number; readonly col: number }
}

/** A network whose file was uploaded. */
export interface DroppedNetwork {
  readonly network: LiveNetwork
  /** Sentences that say how images become the network's input and which layers and classes are read. */
  readonly recipe: readonly string[]
}

/** One line of the answer to a map request. */
export type MapMessage = Opening | MapRows | MapEnd | Note | Fault

/** The network has been opening for this many seconds, or is open now. */
type Opening = { readonly kind: 'opening'; readonly seconds: number } | { readonly kind: 'opened' }

/** Positions that were computed. They may include earlier ones whose values were replaced by more exact ones. */
export interface MapRows {
  readonly kind: 'rows'
  /** Positions as indices of the grid, row-major: uint32, little-endian, in base64. */
  readonly places: string
  /** Cosines with the anchor, float32. */
  readonly cosines: string
  readonly answers?: {
    /** Index of the strongest class, uint32. */
    readonly strongest: string
    /** Probabilities of the strongest class and of the center's class, float32. */
    readonly probability: string
    readonly ofCenter: string
    readonly center: number
    /** Names, by index, of classes that no earlier message named. */
    readonly names: Readonly<Record<number, string>>
  }
  /** Positions of the grid that are computed. */
  readonly done: number
}

/** All positions are known. */
interface MapEnd {
  readonly kind: 'end'
}

/** A note to show as long as the map is shown. */
interface Note {
  readonly kind: 'note'
  readonly message: string
}

/** The request failed. */
export interface Fault {
  readonly kind: 'fault'
  readonly message: string
}

/** Progress of a download. */
export type PullMessage =
  | { readonly kind: 'progress'; readonly done: number; readonly total: number }
  | { readonly kind: 'pulled'; readonly network: LiveNetwork }
  | Fault

/** A unit was stored. */
export interface KeptUnit {
  readonly kind: 'kept'
  /** Folder of the unit. */
  readonly folder: string
  /** Command that makes the unit again. */
  readonly command: string
}

/** The results folder already has a unit of the same name that was made differently. */
export interface OtherUnit {
  readonly kind: 'other'
  readonly differences: readonly string[]
}

/** Bytes that all uploaded ONNX files together may take. */
export const MOST_NETWORK_BYTES = 1024 ** 3

/** Distances of positions that are offered, in pixels. */
export const LIVE_STRIDES = [1, 2, 4, 8, 16] as const

/**
 * The smallest distance of positions, not below the wished one, at which the features fit in memory; undefined if there
 * is none.
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
