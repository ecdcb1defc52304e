import { gridFeatureBytes } from '../engine/machineMemory.js'
import { type PositionGrid, positionGrid } from '../engine/positions.js'
import type { Scene } from '../engine/task.js'
import type { Network } from '../networks/index.js'
import type { Patch } from '../patches/patch.js'

/** One patch × size × network: computed and stored as a whole. */
export interface PlannedUnit {
  readonly network: Network
  readonly patch: Patch
  /** The patch on the study's background. */
  readonly scene: Scene
  readonly grid: PositionGrid
}

/** Units in the order of computation: by network, so that each is opened once, then by size, then by patch. */
export function planUnits(
  networks: readonly Network[],
  patches: readonly Patch[],
  stride: number,
  sceneFor: (network: Network, patch: Patch) => Scene,
): readonly PlannedUnit[] {
  const grids = new Map<string, PositionGrid>()
  const gridFor = (frame: number, size: number) => {
    const key = `${frame} ${size}`
    const grid = grids.get(key) ?? positionGrid(frame, size, stride)
    grids.set(key, grid)
    return grid
  }
  return networks.flatMap((network) =>
    patches.map((patch) => ({
      ...{ network, patch, scene: sceneFor(network, patch) },
      grid: gridFor(network.input.rows, patch.size),
    })),
  )
}

/** Number of images of a unit: one for each position of its grid, and one for each anchor outside the grid. */
export function imagesOf({ grid }: PlannedUnit): number {
  return grid.offsets.length / 2
}

/** Bytes of a unit's features in memory while it is computed. */
export function featureBytes({ network, grid }: PlannedUnit): number {
  return gridFeatureBytes(network, grid)
}

/**
 * Bytes on disk of a unit's similarity maps, its answers, and the features at the anchors. Features or sketches of all
 * positions are extra.
 */
export function arrayBytes({ network, grid }: PlannedUnit): number {
  const maps = network.layers.length * grid.anchors.length * grid.rows * grid.cols
  const features = network.layers.reduce((sum, { dims }) => sum + grid.anchors.length * dims, 0)
  const answers = hasAnswers(network) ? ANSWER_VALUES * grid.rows * grid.cols : 0
  return (maps + features + answers) * Float32Array.BYTES_PER_ELEMENT
}

/** Values that are stored for an answer at each position: the class and two probabilities. */
const ANSWER_VALUES = 3

/** Whether the study reads the layer that holds the network's answers. */
export function hasAnswers({ layers, classes }: Network): boolean {
  return layers.some(({ name }) => name === classes?.layer)
}

/**
 * Typical dims of a layer's sketch (its compressed features) for an object that moves across the whole frame. Measured:
 * 20 to 130 with the embedded networks, 250 with MobileNetV2. Dims grow with the distance that the object moves, and
 * hardly with the number of positions.
 */
const SKETCH_DIMS = 60

/** Estimated dims of the sketches of all layers of a unit together. The true dims depend on the features. */
export function sketchDims({ network, grid: { rows, cols, stride } }: PlannedUnit): number {
  const usual = Math.ceil((SKETCH_DIMS * rows * stride) / network.input.rows)
  return network.layers.reduce((sum, { dims }) => sum + Math.min(usual, dims, rows * cols), 0)
}
