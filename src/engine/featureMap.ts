import { InputError } from '../errors.js'
import type { FeatureLayer, Network } from '../networks/index.js'
import type { CellShape } from './reuse/cellStep.js'
import { networkCells } from './reuse/cellSteps.js'
import { totalStride } from './reuse/totalStride.js'

/** A layer whose features are a map, [channels, rows, cols] flattened. */
export interface FeatureMap extends CellShape {
  /** Distance of neighbouring cells in pixels: the network's total stride up to the layer. */
  readonly stride: number
}

/** The map of a layer; undefined if the layer is no map, or if the graph does not tell the map's shape or stride. */
export function featureMapOf(network: Network, { name, dims, isMap }: FeatureLayer): FeatureMap | undefined {
  if (!isMap) return undefined
  try {
    const read = networkCells(network)
    const shape = read.cells.shapes.get(name)
    const stride = totalStride(read, network.input.name, name)
    const isWhole = shape !== undefined && shape.channels * shape.rows * shape.cols === dims
    return isWhole && stride !== undefined ? { ...shape, stride } : undefined
  } catch (error) {
    // ONNX Runtime also runs graphs whose description Shiftscope does not understand.
    if (error instanceof InputError) return undefined
    throw error
  }
}
