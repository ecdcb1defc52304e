import type { FeatureLayer, Network } from '../networks/index.js'
import type { CellShape } from './reuse/cellStep.js'
import { networkCells } from './reuse/cellSteps.js'
import { totalStride } from './reuse/totalStride.js'

/** Shape [channels, rows, cols] of a layer's feature map. The map covers the image and is stored as one vector. */
export interface FeatureMap extends CellShape {
  /** Distance in pixels between neighbouring positions of the map: the network's total stride up to the layer. */
  readonly stride: number
}

/** Returns undefined if the layer is not a map, or if the graph does not tell its shape or stride. */
export function featureMapOf(network: Network, { name, dims, isMap }: FeatureLayer): FeatureMap | undefined {
  if (!isMap) return undefined
  const read = networkCells(network)
  const shape = read.cells.shapes.get(name)
  const stride = totalStride(read, network.input.name, name)
  const isWhole = shape !== undefined && shape.channels * shape.rows * shape.cols === dims
  return isWhole && stride !== undefined ? { ...shape, stride } : undefined
}
