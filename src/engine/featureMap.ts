import { type FeatureLayer, imageShape, type Network, networkGraph } from '../networks/index.js'
import type { MapShape } from './reuse/cellStep.js'

/** Shape [channels, rows, cols] of a layer's feature map. The map covers the image and is stored as one vector. */
export interface FeatureMap extends MapShape {
  /** Distance in pixels between neighbouring positions of the map: the network's total stride up to the layer. */
  readonly stride: number
}

/** Returns undefined if the layer is not a map, or if the graph does not tell its shape or stride. */
export function featureMapOf(network: Network, { name, dims, isMap }: FeatureLayer): FeatureMap | undefined {
  if (!isMap) return undefined
  const graph = networkGraph(network)
  const [channels = 0, rows = 0, cols = 0] = imageShape(graph, name) ?? []
  const { pixels: stride, axes } = graph.spacings.get(name) ?? {}
  const isWhole = axes?.[0] === 2 && axes[1] === 3 && channels * rows * cols === dims
  return isWhole && stride ? { channels, rows, cols, stride } : undefined
}
