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

/** An output of the ONNX graph, float32 [N, dims]; outputs with more axes are taken as flattened. */
export interface FeatureLayer {
  readonly name: string
  readonly dims: number
}

/** A network that is ready to run: plain data that may be posted to a worker. */
export interface Network {
  /** Of the catalog, or the stem of the ONNX file. */
  readonly id: string
  readonly title: string
  /** The ONNX file to run. */
  readonly onnxPath: string
  /** The outputs to read, in order of depth. */
  readonly layers: readonly FeatureLayer[]
  readonly input: NetworkInput
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
