import { type PositionGrid, positionGrid } from '../../engine/positions.js'
import type { Scene } from '../../engine/task.js'
import { ANSWER_MAPS } from '../../experiments/answers.js'
import { SIGHTING_VALUES } from '../../experiments/boxes.js'
import { isPlaceholder, type Network } from '../../networks/index.js'
import type { Patch } from '../../patches/patch.js'
import type { UnitInputs } from '../../results/unit/schema.js'
import { findUnit, isUnitThere, unitFolder, unitVersion } from '../../results/unit/store.js'
import type { WorkItem } from '../workItem.js'

/** The work for one object at one size in one network. */
export interface PlannedUnit extends WorkItem {
  readonly kind: 'maps'
  readonly patch: Patch
  readonly scene: Scene
  readonly grid: PositionGrid
  /** All inputs on which the unit's results depend. They are stored with the unit. */
  readonly inputs: UnitInputs
}

type UnitParts = Pick<PlannedUnit, 'network' | 'patch' | 'scene' | 'grid' | 'inputs'>

/** Title of a unit. */
export function unitTitle(model: string, size: number, patch: string): string {
  return `${model} ${size} ${patch}`
}

/** @param out results folder */
export function plannedUnit(out: string, { network, patch, scene, grid, inputs }: UnitParts): PlannedUnit {
  return {
    kind: 'maps',
    network,
    title: unitTitle(network.id, patch.size, patch.name),
    group: String(patch.size),
    // One for each position of the grid, and one for each anchor (reference position) that is not on the grid.
    images: grid.offsets.length / 2,
    path: unitFolder(out, inputs),
    find: async () => (isPlaceholder(network) ? { state: 'missing' } : findUnit(out, inputs)),
    isStored: () => isUnitThere(out, inputs),
    version: () => unitVersion(out, inputs),
    patch,
    scene,
    grid,
    inputs,
  }
}

/**
 * Lists the units in the order in which they are computed. They are ordered by network, so that each network is opened
 * only once, then by size, then by object.
 */
export function planUnits(
  out: string,
  networks: readonly Network[],
  patchesOf: (frame: number) => readonly Patch[],
  strideFor: (frame: number) => number,
  partsOf: (network: Network, patch: Patch) => Pick<PlannedUnit, 'scene' | 'inputs'>,
): readonly PlannedUnit[] {
  const grids = new Map<string, PositionGrid>()
  const gridFor = (frame: number, size: number) => {
    const key = `${frame} ${size}`
    const grid = grids.get(key) ?? positionGrid(frame, size, strideFor(frame))
    grids.set(key, grid)
    return grid
  }
  return networks.flatMap((network) =>
    patchesOf(network.input.rows).map((patch) => {
      const grid = gridFor(network.input.rows, patch.size)
      return plannedUnit(out, { network, patch, grid, ...partsOf(network, patch) })
    }),
  )
}

/**
 * Bytes on disk of a unit's similarity maps, of the network's answers, and of the features at the anchors. Stored
 * features or sketches of all positions are not included.
 */
export function arrayBytes({ network, grid }: PlannedUnit): number {
  const maps = network.layers.length * grid.anchors.length * grid.rows * grid.cols
  const features = network.layers.reduce((sum, { dims }) => sum + grid.anchors.length * dims, 0)
  const answers = hasAnswers(network) ? ANSWER_MAPS * grid.rows * grid.cols : 0
  const sightings = network.detector ? SIGHTING_VALUES * (grid.rows * grid.cols + grid.anchors.length) : 0
  return (maps + features + answers + sightings) * Float32Array.BYTES_PER_ELEMENT
}

/** Whether the study reads the layer with the class scores. Without them, the network's answers are not known. */
export function hasAnswers({ layers, classes }: Network): boolean {
  return layers.some(({ name }) => name === classes?.layer)
}

/**
 * Typical number of values per position in a layer's sketch (its compressed features), if the object moves across the
 * whole frame. Measured: 20 to 130 with the embedded networks, 250 with MobileNetV2. The number grows with the distance
 * that the object moves, and hardly with the number of positions.
 */
const SKETCH_DIMS = 60

/**
 * Estimated number of values per position in a unit's sketches, summed over its layers. The true number depends on the
 * features.
 */
export function sketchDims({ network, grid: { rows, cols, stride } }: PlannedUnit): number {
  const usual = Math.ceil((SKETCH_DIMS * rows * stride) / network.input.rows)
  return network.layers.reduce((sum, { dims }) => sum + Math.min(usual, dims, rows * cols), 0)
}
