import type { FeatureLayer, Network } from '../../network.js'
import { imageShape, networkGraph } from '../../onnx/graph/analysis.js'
import { strideOf } from '../../onnx/graph/spacing.js'

/** Shape of a layer's feature map, which covers the image, and where its values are in the layer's features. */
export interface FeatureMap {
  readonly channels: number
  readonly rows: number
  readonly cols: number
  /** Distance in pixels between neighbouring positions of the map: the network's total stride up to the layer. */
  readonly stride: number
  /** Order of the features if it is not [channels, rows, cols]. */
  readonly order?: {
    /** Number of the layer's features, and the index of the first one of the map. */
    readonly dims: number
    readonly first: number
    /** Distance between the features of neighbouring channels, and of neighbouring cells in the order of rows. */
    readonly channelStep: number
    readonly cellStep: number
  }
}

/** Returns undefined if the layer is not a map, or if the graph does not tell its shape or stride. */
export function featureMapOf(network: Network, { name, dims, isMap, tokens }: FeatureLayer): FeatureMap | undefined {
  if (!isMap) return undefined
  const graph = networkGraph(network)
  const spacing = graph.spacings.get(name)
  const stride = spacing && strideOf(spacing)
  if (tokens !== undefined) {
    const { axis, before, side, channels } = tokens
    // What the user states about tokens, the graph does not know. Their map covers the image.
    const pixels = spacing?.tokens?.side === side ? stride : network.input.rows / side
    const [channelStep, cellStep] = axis === 1 ? [1, channels] : [dims / channels, 1]
    const order = { dims, first: before * cellStep, channelStep, cellStep }
    return Number.isInteger(pixels) ? { channels, rows: side, cols: side, stride: pixels!, order } : undefined
  }
  const [row = 0, col] = spacing?.axes ?? []
  const shape = imageShape(graph, name) ?? []
  if (!stride || shape.length !== 3 || col !== row + 1 || shape.reduce((a, b) => a * b) !== dims) return undefined
  const [channels = 0, rows = 0, cols = 0] = row === 2 ? shape : [shape[2], shape[0], shape[1]]
  const order = { dims, first: 0, channelStep: 1, cellStep: channels }
  return { channels, rows, cols, stride, ...(row === 1 && { order }) }
}
