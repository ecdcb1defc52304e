import { checkMemory } from '../../engine/open/machineMemory.js'
import { type PositionGrid, positionGrid } from '../../engine/scene/positions.js'
import { sceneOf } from '../../engine/scene/scene.js'
import type { Scene } from '../../engine/scene/task.js'
import { InputError, UsageError, words } from '../../errors.js'
import { ANSWER_MAPS } from '../../experiments/answers/answers.js'
import { headOf, storedHead } from '../../experiments/answers/heads.js'
import { assignFolds, TASKS, taskClasses } from '../../experiments/classifiers/folds.js'
import { equivarianceReach } from '../../experiments/maps/equivariance.js'
import type { Network } from '../../network.js'
import { recipeText } from '../../networks/input/recipe.js'
import { allTokensText } from '../../onnx/graph/tokens.js'
import type { Patch } from '../../patches/patch.js'
import type { StudyPictures } from '../../patches/studyPictures.js'
import { type SketchedGroup, sketchedPatches } from '../../results/store/sketchedPatches.js'
import { findUnit, isUnitThere, unitFolder, unitVersion } from '../../results/store/units.js'
import { UNIT_FORMAT, type UnitInputs } from '../../results/unit/schema.js'
import { groupsOf, type WorkItem } from '../items/workItem.js'
import type { ResolvedOptions } from './options.js'

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
function plannedUnit(out: string, { network, patch, scene, grid, inputs }: UnitParts): PlannedUnit {
  return {
    kind: 'maps',
    network,
    title: unitTitle(network.id, patch.size, patch.name),
    group: String(patch.size),
    // One for each position of the grid, and one for each anchor (reference position) that is not on the grid.
    images: grid.offsets.length / 2,
    path: unitFolder(out, inputs),
    find: () => findUnit(out, inputs),
    isStored: () => isUnitThere(out, inputs),
    version: () => unitVersion(out, inputs),
    patch,
    scene,
    grid,
    inputs,
  }
}

/**
 * Lists the units in the order in which they are computed, and checks them. They are ordered by network, so that each
 * network is opened only once, then by size, then by object.
 * @throws UsageError if a unit's features do not fit into memory, or if an experiment is impossible
 */
export function planUnits(
  out: string,
  networks: readonly Network[],
  { patchesOf, backgrounds }: StudyPictures,
  options: ResolvedOptions,
): readonly PlannedUnit[] {
  const grids = new Map<string, PositionGrid>()
  const gridFor = (frameSide: number, size: number) => {
    const key = `${frameSide} ${size}`
    const grid = grids.get(key) ?? positionGrid(frameSide, size, options.strideFor(frameSide))
    grids.set(key, grid)
    return grid
  }
  const units = networks.flatMap((network) => {
    const frameSide = network.input.rows
    const { background, identity } = backgrounds.get(frameSide)!
    return patchesOf(frameSide).map((patch) => {
      const scene = sceneOf(patch, background, options.blend)
      const inputs = unitInputs(network, patch, identity, options)
      return plannedUnit(out, { network, patch, scene, grid: gridFor(frameSide, patch.size), inputs })
    })
  })
  for (const { network, grid } of units) checkMemory(network, grid)
  checkFolds(units, options.separability)
  if (options.equivariance) checkEquivariance(units)
  // Only studies with classifiers make sketches (compressed features). A study that stores all features needs none.
  return options.separability === null || options.keepFeatures ? units : withSketches(out, units)
}

/** All inputs on which a unit's results depend. `withSketches` adds `sketches`. */
function unitInputs(network: Network, patch: Patch, background: string, options: ResolvedOptions): UnitInputs {
  const { blend, precision, separability, equivariance, readout, keepFeatures } = options
  const tokens = allTokensText(network.layers)
  const { head } = network
  return {
    format: UNIT_FORMAT,
    model: network.id,
    ...(network.catalogId !== undefined && network.catalogId !== network.id && { catalogId: network.catalogId }),
    weightsSha256: network.weightsSha256,
    layers: network.layers.map(({ name }) => name),
    patch: patch.name,
    patchSha256: patch.sha256,
    category: patch.category ?? null,
    size: patch.size,
    stride: options.strideFor(network.input.rows),
    blend,
    ...(precision === 'fp16' && { precision }),
    ...(network.pool && { pool: network.pool }),
    ...(tokens && (network.pool || equivariance) && { tokens }),
    ...(network.inputSource !== 'catalog' && { input: recipeText(network.input) }),
    ...(network.classes && { scores: network.classes.scores.meaning }),
    ...(head && { head: { ...storedHead(head), ...(head.objectClass && { objectClass: head.objectClass }) } }),
    separability,
    ...(equivariance && equivarianceReach(network, patch.size) > 0 && { equivariance: true }),
    ...(readout && { readout }),
    keepsFeatures: keepFeatures,
    background,
  }
}

/** @throws UsageError if a grid has too few positions for the fold schemes */
function checkFolds(units: readonly PlannedUnit[], classifier: UnitInputs['separability']): void {
  if (classifier === null) return
  for (const grid of new Set(units.map((unit) => unit.grid))) {
    for (const [task, scheme] of TASKS.flatMap((task) => classifier.cv.map((scheme) => [task, scheme] as const))) {
      try {
        assignFolds(scheme, taskClasses(task, grid), grid, classifier.seed)
      } catch (error) {
        if (!(error instanceof InputError)) throw error
        throw new UsageError(
          words`a grid of ${grid.rows}×${grid.cols} positions is too small to measure separability; use smaller \`sizes\` or a smaller \`stride\`, or only \`experiments similarity\``,
          { cause: error },
        )
      }
    }
  }
}

function checkEquivariance(units: readonly PlannedUnit[]): void {
  if (units.some(({ inputs }) => inputs.equivariance)) return
  throw UsageError.of`equivariance cannot be measured: no layer of this study has a feature map on which the object can move by one cell; choose other \`layers\` (see "shiftscope models inspect NETWORK") or smaller \`sizes\`, and do not use \`pool\``
}

/**
 * Adds sketches to units of the objects whose sketches fit into the page, as `sketchedPatches` chooses them from
 * estimated sizes. The true sizes are known only when a unit is computed, but a plan must not depend on how much of the
 * study is finished.
 */
function withSketches(out: string, units: readonly PlannedUnit[]): readonly PlannedUnit[] {
  const sketched = sketchedPatches(sketchGroups(units))
  return units.map((unit) =>
    sketched.has(unit.patch.name) ? plannedUnit(out, { ...unit, inputs: { ...unit.inputs, sketches: true } }) : unit,
  )
}

function sketchGroups(units: readonly PlannedUnit[]): readonly SketchedGroup[] {
  return groupsOf(units).map((group) => {
    const [{ network, grid }] = group
    return {
      positions: grid.rows * grid.cols,
      layers: network.layers.length,
      hasAnswers: hasAnswers(network),
      units: group.map((unit) => ({ patch: unit.patch.name, dims: sketchDims(unit) })),
    }
  })
}

/**
 * Bytes on disk of a unit's similarity maps, of the network's answers, and of the features at the anchors. Stored
 * features or sketches of all positions are not included.
 */
export function arrayBytes({ network, grid }: PlannedUnit): number {
  const maps = network.layers.length * grid.anchors.length * grid.rows * grid.cols
  const features = network.layers.reduce((sum, { dims }) => sum + grid.anchors.length * dims, 0)
  const answers = hasAnswers(network) ? ANSWER_MAPS * grid.rows * grid.cols : 0
  const values = headOf(network.head?.kind).reader?.values ?? 0
  const sightings = values * (grid.rows * grid.cols + grid.anchors.length)
  return (maps + features + answers + sightings) * Float32Array.BYTES_PER_ELEMENT
}

/** Whether the study reads the layer with the class scores. Without them, the network's answers are not known. */
function hasAnswers({ layers, classes }: Network): boolean {
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
