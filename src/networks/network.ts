/** How pixels become a network's input: float32, NCHW, `(value / divisor − mean[channel]) / std[channel]`. */
export interface NetworkInput {
  /** Name of the ONNX graph's input. */
  readonly name: string
  readonly rows: number
  readonly cols: number
  /** The only batch size that the graph accepts; null: any. */
  readonly batch: number | null
  /** What a pixel value, 0 to 255, is divided by first. */
  readonly divisor: number
  /** By channel, in `channelOrder`. */
  readonly mean: readonly [number, number, number]
  readonly std: readonly [number, number, number]
  readonly channelOrder: 'rgb' | 'bgr'
}

/** How a map becomes one value a channel; `none`: it is flattened. */
export const POOLS = ['none', 'mean', 'max', 'center'] as const
export type Pool = (typeof POOLS)[number]

/** Floating-point numbers that a device computes with: float32, or float16. */
export const PRECISIONS = ['fp32', 'fp16'] as const
export type Precision = (typeof PRECISIONS)[number]

/** An output of the ONNX graph, float32 [N, dims]; outputs with more axes are taken as flattened. */
export interface FeatureLayer {
  readonly name: string
  readonly dims: number
  /** The output's name, where that is not the layer's: it was pooled, or converted to float32. */
  readonly output?: string
  /** Whether it is a map that was not pooled. */
  readonly isMap?: boolean
}

/** Name of the graph's output that gives a layer. */
export function outputOf({ name, output = name }: FeatureLayer): string {
  return output
}

/** What a network's answer stands for. */
export interface Classes {
  /** The layer that has a value for each of them. */
  readonly layer: string
  readonly names: readonly string[]
  /** For results and messages: where the names come from. */
  readonly source: string
}

/** ONNX Runtime's levels of optimisation, the highest first. */
export const OPTIMIZATIONS = ['all', 'extended', 'basic', 'disabled'] as const
export type Optimization = (typeof OPTIMIZATIONS)[number]

/** A graph as it is to be run. */
export interface RunnableGraph {
  /** The ONNX file. */
  readonly onnxPath: string
  /** At which ONNX Runtime opens it; by default the highest. */
  readonly optimization?: Optimization | undefined
}

/** A network that is ready to run: plain data that may be posted to a worker. */
export interface Network extends RunnableGraph {
  /** Of the catalog, or the stem of the ONNX file. */
  readonly id: string
  readonly title: string
  /** The outputs to read, in order of depth. */
  readonly layers: readonly FeatureLayer[]
  readonly input: NetworkInput
  /** What the input's recipe was taken from: `catalog`, `options`, a file's name, …; `assumed`: nothing says it. */
  readonly inputSource: string
  /** How maps among the layers were pooled; absent: none was. */
  readonly pool?: Exclude<Pool, 'none'>
  /** Names of the classes, where the last layer is read and they are known. */
  readonly classes?: Classes
  /** The checkpoint that the graph was built from, or the ONNX file itself. */
  readonly weightsPath: string
  readonly weightsSha256: string
  readonly weightsBytes: number
}

/** What torchvision's networks were trained with: statistics of ImageNet's pixels, RGB. */
export const imagenetInput: NetworkInput = {
  name: 'image',
  rows: 224,
  cols: 224,
  batch: null,
  divisor: 255,
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
  channelOrder: 'rgb',
}
