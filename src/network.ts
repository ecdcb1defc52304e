import type { Wording } from './message.js'

/**
 * How pixels become a network's input. The input is float32 [N, 3, rows, cols], and each value of it is `(pixel /
 * divisor − mean[channel]) / std[channel]`.
 */
export interface NetworkInput {
  readonly name: string
  readonly rows: number
  readonly cols: number
  /** The only batch size that the graph accepts; null if it accepts any. */
  readonly batch: number | null
  /** Number that pixel values, 0 to 255, are divided by first. */
  readonly divisor: number
  /** For each channel, in `channelOrder`, the number that is subtracted. */
  readonly mean: readonly [number, number, number]
  /** For each channel, in `channelOrder`, the number that the difference is divided by. */
  readonly std: readonly [number, number, number]
  /** With `grey`, all three channels are the luminance of the picture. The graph reads one of them. */
  readonly channelOrder: 'rgb' | 'bgr' | 'grey'
}

/** Ways to reduce a feature map to one value per channel. `none` keeps all values. */
export const POOLS = ['none', 'mean', 'max', 'center'] as const
export type Pool = (typeof POOLS)[number]

/** Floating-point types to compute with: float32 (`fp32`) or float16 (`fp16`). */
export const PRECISIONS = ['fp32', 'fp16'] as const
export type Precision = (typeof PRECISIONS)[number]

/** How a square map lies among a transformer's tokens, in a tensor [N, T, C] or [N, C, T]. */
export interface Tokens {
  /** The axis of the tokens, counted from that of the images. */
  readonly axis: number
  /** Number of tokens before those of the map, such as class and register tokens. */
  readonly before: number
  /** Number of the map's rows, and of its columns. */
  readonly side: number
}

/**
 * A layer that is read as features: `dims` float32 values for each image. An output with several axes per image is
 * flattened.
 */
export interface FeatureLayer {
  readonly name: string
  readonly dims: number
  /** Name of the graph's output, if it differs from `name` because the layer was pooled or converted to float32. */
  readonly output?: string
  /** True for an unpooled feature map, and for the unpooled tokens of a transformer. */
  readonly isMap?: boolean
  /** The map among the layer's tokens; absent if the layer has none, or if its map is not known. */
  readonly tokens?: Tokens & { readonly channels: number }
}

export function outputOf({ name, output = name }: FeatureLayer): string {
  return output
}

/**
 * What class scores mean:
 * - `probabilities` sum to 1;
 * - `log-probabilities` are their logarithms;
 * - `logits` give probabilities by a softmax;
 * - `sigmoid`: each score is the probability of its class, whatever the other classes have.
 */
export const SCORE_MEANINGS = ['probabilities', 'log-probabilities', 'logits', 'sigmoid'] as const
export type ScoreMeaning = (typeof SCORE_MEANINGS)[number]

/** Meanings that a user can state. `log-probabilities` needs no name, because `logits` gives the same numbers. */
export const SCORES = ['probabilities', 'logits', 'sigmoid'] as const

export interface ClassScores {
  readonly meaning: ScoreMeaning
  /** Where the meaning was found: an operator of the graph, or `options`. */
  readonly source: string
}

/**
 * What an output of a network can be:
 * - `scores`: one value per class;
 * - `embedding`: any other vector;
 * - `labels`: whole numbers, such as the index of the best class;
 * - `tokens`: vectors of a transformer, [T, C] for each image;
 * - `map`: values at rows and columns, also class scores of each pixel;
 * - `boxes`: boxes of a detector, or scores of such boxes;
 * - `other`: anything else.
 */
export const OUTPUT_KINDS = ['scores', 'embedding', 'labels', 'tokens', 'map', 'boxes', 'other'] as const
export type OutputKind = (typeof OUTPUT_KINDS)[number]

/** Classes that a network tells apart. */
export interface Classes {
  /** Name of the layer that has one value per class. */
  readonly layer: string
  /** Names of the classes, by index. */
  readonly names: readonly string[]
  /** Where the names of the classes come from, such as the name of a file. */
  readonly source: string
  /** What the values of the layer mean. */
  readonly scores: ClassScores
}

/** Kinds of output that give answers. `experiments/answers/heads.ts` has a row for each. */
export const HEAD_KINDS = ['classifier', 'detector'] as const
export type HeadKind = (typeof HEAD_KINDS)[number]

/** An output that gives more than class scores, and how it was read. Added nodes reduce it to one layer. */
export interface Head {
  readonly kind: Exclude<HeadKind, 'classifier'>
  /**
   * Name of this layer. Of a detector, it has float32 [5, C] for each image, flattened. Row 0 has the best score of each
   * class over all boxes, from 0 to 1. Rows 1 to 4 have the box with this score: left, top, right and bottom in pixels
   * of the frame, clipped to it.
   */
  readonly layer: string
  /**
   * Tensors that stand for the layer where two ways to compute it are compared. The layer has the best of several
   * values, and the last bit of equal scores may decide which one it is.
   */
  readonly compared: readonly string[]
  /** A class is seen if its best score is at least this. */
  readonly threshold: number
  /** Name of the object's class, if the user states it. */
  readonly objectClass?: string
  /** What the outputs are, such as `boxes [1917, 4] and scores [1917, 91]`. */
  readonly form: string
  /** Order and unit of a box in the outputs, such as `cxcywh,px`. */
  readonly boxes: string
  /** Where `boxes` was found, such as `options` or `metadata of the model`. */
  readonly source: string
}

/** ONNX Runtime's optimization levels, the highest first. */
export const OPTIMIZATIONS = ['all', 'extended', 'basic', 'disabled'] as const
export type Optimization = (typeof OPTIMIZATIONS)[number]

export interface RunnableGraph {
  readonly onnxPath: string
  /** Optimization level of ONNX Runtime; by default the highest. */
  readonly optimization?: Optimization | undefined
}

export interface WeightsFile {
  /** Path of the checkpoint that the graph was built from, or of the ONNX file. */
  readonly weightsPath: string
  /**
   * SHA-256 of the file at `weightsPath`, in hexadecimal. If an ONNX file has external data files, this value is made
   * from the hashes of all of them.
   */
  readonly weightsSha256: string
  readonly weightsBytes: number
}

/** A network, ready to run. It is plain data, so you can send it to a worker thread. */
export interface Network extends RunnableGraph, WeightsFile {
  /** The name that the user gave, id in the catalog, name of the ONNX file without its extension, or `hf:OWNER/NAME`. */
  readonly id: string
  readonly title: string
  /** Id in the catalog, also of a network with another name; absent for a network outside the catalog. */
  readonly catalogId?: string
  readonly layers: readonly FeatureLayer[]
  readonly input: NetworkInput
  /** True if the features of an image depend on the other images of a batch. `input.batch` is then 1. */
  readonly oneAtATime?: true
  /** Decisions about the graph that the user may want to correct; absent if there are none. */
  readonly notes?: readonly Wording[]
  /** Where `input` was found: `catalog`, `options`, the name of a file and so on; `assumed` if nothing states it. */
  readonly inputSource: string
  /** How feature maps among the layers were pooled; absent if no layer was pooled. */
  readonly pool?: Exclude<Pool, 'none'>
  /** Classes of the layer with class scores; absent if they are unknown or this layer is not read. */
  readonly classes?: Classes
  /** Present if the layers include that of a head, such as a detector's. `classes` then names the classes of its scores. */
  readonly head?: Head
}
