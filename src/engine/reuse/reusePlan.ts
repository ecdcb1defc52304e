import type { GraphAnalysis } from '../../onnx/graph/analysis.js'
import { linksOf, neededFor } from '../../onnx/graph/links.js'
import { connectedWeights } from '../../onnx/graph/products.js'
import { addTo } from '../../support/lists.js'
import type { Axis } from '../scene/positions.js'
import type { CellStep, CellSteps } from './cellStep.js'
import { type AxisCount, cellCount, keysAt, type Positions } from './cells.js'
import {
  cellSeconds,
  connectedSeconds,
  frameBytes,
  frameSeconds,
  imageMultiplyAdds,
  imageSeconds,
  unfusedSeconds,
} from './cost.js'
import { type Both, both, type Keys } from './keys.js'
import { SAMPLED_POSITIONS } from './sceneKeys.js'

/**
 * A plan to run a network on all images of a patch, so that a value that several images share is computed only once.
 */
export interface ReusePlan {
  /** Number of nodes that are computed cell by cell (see `CellSteps`). The nodes after them process whole images. */
  readonly steps: number
  /**
   * Positions are computed together, in one *pass*, if their rows are equal modulo `rows` and their columns modulo
   * `cols`. The images of a pass share most values if these numbers are the network's strides.
   */
  readonly modulus: Both<number>
  /**
   * Batch size for the nodes after `steps`. These nodes reuse nothing and process whole images. Null if convolutions
   * are among these nodes: then the batch size is the same as without reuse.
   */
  readonly batch: number | null
  /**
   * Predicted speed with reuse divided by the speed without. The prediction allows for a check of reuse, which computes
   * a few positions twice.
   */
  readonly predictedGain: number
  /**
   * Number of distinct cells divided by the number of cells in all images. Each key is the name of a tensor that a
   * convolution, a pool or a padding computes.
   */
  readonly distinct: Readonly<Record<string, number>>
}

export interface PlannedCells {
  readonly analysis: GraphAnalysis
  readonly cells: CellSteps
  readonly keys: Keys
  /** Names of the feature layers' tensors. */
  readonly features: readonly string[]
}

/** Batch size that is assumed for computing without reuse. */
const PLAIN_BATCH = 32

/** Maximum memory in bytes that a pass (a group of positions) may need, by estimate. */
const MEMORY = 112 * 1024 * 1024

const MODULI = [1, 2, 4, 8, 16, 32]

/** Largest batch for the layers that process whole images, if all of these layers are fully connected. */
const MAXIMUM_BATCH = 512

/** Number of tensors that a pass holds at a time, by estimate. All are assumed to be as large as the largest one. */
const TENSORS_AT_A_TIME = 4
/** Number of copies of a whole image's activations that are in memory at a time: gathered, transposed, flattened. */
const FRAMES_AT_A_TIME = 3

const FLOAT = Float32Array.BYTES_PER_ELEMENT

/**
 * Finds the plan with the highest predicted speed; undefined if none fits into memory. The choice depends only on
 * network, patch and positions, so that features have the same bits with any number of workers and threads.
 */
export function planCells(work: PlannedCells, positions: Positions): ReusePlan | undefined {
  const counts = MODULI.map((modulus) => both((axis) => axisCounts(work.keys, axis, positions, modulus)))
  // The last modulus has no next one: its `ofCols` is then undefined, and the pair is left out below.
  const pairs = MODULI.flatMap((rows, i) => [
    { modulus: { rows, cols: rows }, ofRows: counts[i], ofCols: counts[i] },
    { modulus: { rows, cols: MODULI[i + 1]! }, ofRows: counts[i], ofCols: counts[i + 1] },
  ])
  const network = { ...work, ...networkCosts(work) }
  const candidates = pairs.flatMap(({ modulus, ofRows, ofCols }) =>
    ofRows && ofCols ? plansOf(network, positions, modulus, { rows: ofRows.rows, cols: ofCols.cols }) : [],
  )
  return candidates
    .reduce<Candidate | undefined>(
      (best, candidate) => (best === undefined || candidate.seconds < best.seconds ? candidate : best),
      undefined,
    )
    ?.plan()
}

interface Candidate {
  /** Predicted seconds per image, including the time that workers wait for one another. */
  readonly seconds: number
  /** Makes the plan. Only that of the best candidate is made, because `ReusePlan.distinct` may be long. */
  readonly plan: () => ReusePlan
}

/** Makes several plans with the same modulus. Each has a different number of `steps` (see `ReusePlan`). */
function plansOf(
  network: PlannedCells & ReturnType<typeof networkCosts>,
  positions: Positions,
  modulus: Both<number>,
  counts: Both<AxisCounts>,
): readonly Candidate[] {
  const { analysis, keys, uses, weights, lastConvolution, plain, connected } = network
  const { steps, shapes } = network.cells
  // A pass pairs a group of rows with a group of columns, so the product of the sums counts the cells of all passes.
  const passes = counts.rows.passes * counts.cols.passes
  const shapeOf = (name: string) => shapes.get(name)!
  const cellsOf = (name: string) => {
    const space = keys.tensors.get(name)!.space
    return cellCount(counts.rows.sums[space]!, counts.cols.sums[space]!)
  }
  const bytesOf = (name: string) => (FLOAT * cellsOf(name) * shapeOf(name).channels) / passes
  const whole = plain.reduce((sum, seconds) => sum + seconds, connected)
  // Time for a check of reuse, which computes a few positions both with and without reuse. Reuse saves no time in the
  // check, because the images of a few positions have almost no values in common.
  const sample = (2 * SAMPLED_POSITIONS * whole) / positions.count
  const distinct: [string, number][] = []
  const candidates: Candidate[] = []
  let inCells = 0
  let asImages = whole - connected
  let largest = 0
  /** Outputs of the steps so far that later nodes read. */
  let awaited: readonly CellStep[] = []
  for (const [at, step] of steps.entries()) {
    const { rows, cols } = shapeOf(step.output)
    const count = cellsOf(step.output)
    const gathered = (keys.sources.get(step.output) ?? []).filter((source) => source !== null).length
    inCells += count * cellSeconds(step, shapes, gathered)
    asImages -= plain[at]!
    largest = Math.max(largest, bytesOf(step.output))
    if (step.kind === 'window') distinct.push([step.output, count / (positions.count * rows * cols)])
    awaited = [...awaited, step].filter(({ output }) => uses.get(output)! > at)
    // If a later node reads the input image, no plan can end its steps here: nodes after them do not get that image.
    if (uses.get(analysis.image)! > at) continue
    const handedOn = awaited
    const sum = (of: (name: string) => number) => handedOn.reduce((total, { output }) => total + of(output), 0)
    const isConnected = lastConvolution <= at
    const together = Math.max(PLAIN_BATCH, Math.min(MAXIMUM_BATCH, Math.floor(positions.count / passes)))
    const batch = isConnected ? together : PLAIN_BATCH
    // Whole images need extra memory only if fully connected layers follow the steps. If convolutions follow, the
    // images take no more memory than without reuse.
    const frames = isConnected ? FRAMES_AT_A_TIME * batch * sum((name) => frameBytes(shapeOf(name))) : 0
    if (TENSORS_AT_A_TIME * largest + sum(bytesOf) + frames > MEMORY) continue
    const assembly = sum((name) => frameSeconds(shapeOf(name)))
    // Counted only if no convolution follows. Otherwise so small a time might decide where a convolution is computed,
    // and thus the last bits of its sums.
    const next = isConnected ? steps[at + 1] : undefined
    const unfused = next ? unfusedSeconds(next, shapes, step.output) : 0
    const perImage = inCells / positions.count + asImages + unfused + assembly + connectedSeconds(weights, batch)
    const known = distinct.length
    candidates.push({
      // At the end, workers wait for the slowest one. The fewer passes (groups of positions), the longer they wait.
      seconds: perImage * (1 + 1 / passes),
      plan: () => ({
        steps: at + 1,
        modulus,
        batch: isConnected ? batch : null,
        predictedGain: whole / (perImage + sample),
        distinct: Object.fromEntries(distinct.slice(0, known)),
      }),
    })
  }
  return candidates
}

/** What plans need to know of the network, whatever their modulus. */
function networkCosts(work: PlannedCells) {
  const { steps, shapes } = work.cells
  const weights = connectedWeights(work.analysis)
  return {
    uses: lastUses(work),
    /** Index of the last step that is a convolution. */
    lastConvolution: steps.findLastIndex((step) => step.kind === 'window' && step.operation.kind === 'convolution'),
    weights,
    /** Seconds per image without reuse: of each step, and of all fully connected layers. */
    plain: steps.map((step) => imageSeconds(step, shapes)),
    connected: connectedSeconds(weights, PLAIN_BATCH),
  }
}

/**
 * Number of multiply-adds if every image is computed in full, divided by the number if each distinct value is computed
 * once.
 */
export function floorGain(work: Pick<PlannedCells, 'analysis' | 'cells' | 'keys'>, positions: Positions): number {
  const { steps, shapes } = work.cells
  const counts = both((axis) => axisCounts(work.keys, axis, positions, 1).sums)
  const weights = connectedWeights(work.analysis)
  let [plain, shared] = [weights, weights]
  for (const step of steps) {
    const { rows, cols } = shapes.get(step.output)!
    const space = work.keys.tensors.get(step.output)!.space
    const distinct = cellCount(counts.rows[space]!, counts.cols[space]!) / positions.count
    const multiplyAdds = imageMultiplyAdds(step, shapes)
    plain += multiplyAdds
    shared += multiplyAdds * Math.min(1, distinct / (rows * cols))
  }
  return plain / shared
}

interface AxisCounts {
  readonly passes: number
  /** Number of different keys in each entry of `Keys.spaces`. A key in several passes is counted once for each pass. */
  readonly sums: readonly AxisCount[]
}

function axisCounts(keys: Keys, axis: Axis, positions: Positions, modulus: number): AxisCounts {
  const groups = groupedBy(positions[axis], (position) => position % modulus)
  const sums = keys.spaces.map((space) => {
    let [seeing, blank] = [0, 0]
    for (const group of groups) {
      const found = keysAt(space[axis], group)
      seeing += found.seeing.length
      blank += found.blank.length
    }
    return { seeing, blank }
  })
  return { passes: groups.length, sums }
}

/**
 * Finds the index of the last step that reads each tensor. It is -1 if no node reads the tensor. It is infinite if the
 * tensor contains features, or if a node that is not a step reads it. Nodes that the features do not need are ignored.
 */
function lastUses({ analysis, cells, features }: PlannedCells): ReadonlyMap<string, number> {
  const { nodes, readers } = linksOf(analysis.graph)
  const places = new Map(cells.steps.map(({ node }, at) => [nodes.get(node), at]))
  const final = new Set(features)
  const needed = new Set([...neededFor(features, analysis.graph).nodes].map((index) => nodes.get(index)))
  const lastUse = (name: string) =>
    (readers.get(name) ?? [])
      .filter((node) => needed.has(node))
      .reduce(
        (last, node) => Math.max(last, places.get(node) ?? Number.POSITIVE_INFINITY),
        final.has(name) ? Number.POSITIVE_INFINITY : -1,
      )
  return new Map([analysis.image, ...cells.steps.map(({ output }) => output)].map((name) => [name, lastUse(name)]))
}

/**
 * Groups positions whose offsets are equal modulo `modulus`. Each group is a list of indices into the list of positions.
 * @param offsets [positions, 2] as row, col in pixels
 */
export function passesOf(offsets: Int32Array, modulus: Both<number>): readonly (readonly number[])[] {
  return groupedBy(Array(offsets.length / 2).keys(), (position) => {
    const [row, col] = [offsets[2 * position]!, offsets[2 * position + 1]!]
    return (row % modulus.rows) * modulus.cols + (col % modulus.cols)
  })
}

function groupedBy(values: Iterable<number>, keyOf: (value: number) => number): readonly (readonly number[])[] {
  const groups = new Map<number, number[]>()
  for (const value of values) addTo(groups, keyOf(value), value)
  return [...groups.values()]
}
