import type { CellShape, CellSteps, GraphNodes } from '../../networks/index.js'
import { type AxisCount, cellCount, keysOfTimes, type Pass } from './cells.js'
import { cellSeconds, connectedSeconds, frameSeconds, imageSeconds, multiplyAdds } from './cost.js'
import { AXES, type Axis, type Both, both, type Keys } from './keys.js'

/** How the positions of a patch are computed with every value once. */
export interface CellPlan {
  /** Steps that are computed cell by cell; the rest runs on whole images. */
  readonly steps: number
  /** Positions whose offsets are equal modulo these make a pass. */
  readonly modulus: Both<number>
  /** Images that the rest takes at a time where that is nothing but fully connected layers; null: as the plain way. */
  readonly batch: number | null
  /** Of the time of the plain way, by multiply-adds and bytes. */
  readonly predictedGain: number
  /** By tensor that a convolution of the steps makes: how many of its cells over all images are distinct. */
  readonly distinct: Readonly<Record<string, number>>
}

/** What a plan is made of. */
export interface PlannedCells {
  readonly graph: GraphNodes
  readonly cells: CellSteps
  readonly keys: Keys
  /** Name of the network's input. */
  readonly image: string
  /** The features that are read. */
  readonly features: readonly string[]
}

/** Images that the plain way is taken to compute at a time. */
const PLAIN_BATCH = 32

/** Bytes that a pass may take. */
const MEMORY = 112 * 1024 * 1024

const MODULI = [1, 2, 4, 8, 16, 32]

/** Where fully connected layers are all that is left, so many images share a run of them. */
const MAXIMUM_BATCH = 512

const FLOAT = Float32Array.BYTES_PER_ELEMENT

/**
 * The cheapest plan by predicted time; undefined where there is none that fits the memory. It depends on the network, the
 * patch's extent and the positions alone, so that the same work gives the same bits whatever the settings.
 */
export function planCells(work: PlannedCells, positions: Positions): CellPlan | undefined {
  const { cells, keys } = work
  const { steps, shapes } = cells
  const plain = steps.map((step) => imageSeconds(step, shapes))
  const weights = connectedWeights(work)
  const whole = plain.reduce((sum, seconds) => sum + seconds, connectedSeconds(weights, PLAIN_BATCH))
  const uses = lastUses(work)
  const counts = MODULI.map((modulus) => both((axis) => axisCounts(keys, axis, positions, modulus)))
  let best: { seconds: number; plan: CellPlan } | undefined
  for (const [i, ofRows] of counts.entries()) {
    for (const j of [i, i + 1]) {
      const ofCols = counts[j]
      if (ofCols === undefined) continue
      const passes = ofRows.rows.passes * ofCols.cols.passes
      const cellsOf = (name: string) => {
        const space = keys.tensors.get(name)?.space as number
        return cellCount(ofRows.rows.sums[space] as AxisCount, ofCols.cols.sums[space] as AxisCount)
      }
      const each = positions.count / passes
      let inCells = 0
      let asImages = whole - connectedSeconds(weights, PLAIN_BATCH)
      let largest = 0
      for (const [at, step] of steps.entries()) {
        const count = cellsOf(step.output)
        const gathered = (keys.sources.get(step.output) ?? []).filter((source) => source !== null).length
        inCells += count * cellSeconds(step, shapes, gathered)
        asImages -= plain[at] as number
        const bytesOf = (name: string) => (FLOAT * cellsOf(name) * (shapes.get(name) as CellShape).channels) / passes
        largest = Math.max(largest, bytesOf(step.output))
        const handedOn = steps.slice(0, at + 1).filter(({ output }) => (uses.get(output) as number) > at)
        const hasConvolutions = steps
          .slice(at + 1)
          .some((left) => left.kind === 'window' && left.operation.kind === 'convolution')
        const together = hasConvolutions
          ? PLAIN_BATCH
          : Math.max(PLAIN_BATCH, Math.min(MAXIMUM_BATCH, Math.floor(each)))
        const frame = handedOn.reduce((sum, { output }) => sum + frameBytes(shapes.get(output) as CellShape), 0)
        const memory =
          4 * largest + handedOn.reduce((sum, { output }) => sum + bytesOf(output), 0) + 3 * together * frame
        // What reads the image itself can take no cells in its place.
        if (memory > MEMORY || (uses.get(work.image) as number) > at) continue
        const assembly = handedOn.reduce((sum, { output }) => sum + frameSeconds(shapes.get(output) as CellShape), 0)
        const needed = inCells / positions.count + asImages + assembly + connectedSeconds(weights, together)
        // Workers wait for the last one, the more so the fewer passes there are.
        const perImage = needed * (1 + 1 / passes)
        if (best !== undefined && perImage >= best.seconds) continue
        const distinct = steps.slice(0, at + 1).flatMap((step): [string, number][] => {
          if (step.kind !== 'window') return []
          const { rows, cols } = shapes.get(step.output) as CellShape
          return [[step.output, cellsOf(step.output) / (positions.count * rows * cols)]]
        })
        best = {
          seconds: perImage,
          plan: {
            steps: at + 1,
            modulus: { rows: MODULI[i] as number, cols: MODULI[j] as number },
            batch: hasConvolutions ? null : together,
            predictedGain: whole / perImage,
            distinct: Object.fromEntries(distinct),
          },
        }
      }
    }
  }
  return best?.plan
}

/** How many times fewer multiply-adds there are if every distinct value of all positions is computed once. */
export function floorGain(work: PlannedCells, positions: Positions): number {
  const { steps, shapes } = work.cells
  const counts = both((axis) => axisCounts(work.keys, axis, positions, 1).sums)
  const weights = connectedWeights(work)
  let [plain, shared] = [weights, weights]
  for (const step of steps) {
    const { rows, cols } = shapes.get(step.output) as CellShape
    const space = work.keys.tensors.get(step.output)?.space as number
    const distinct = cellCount(counts.rows[space] as AxisCount, counts.cols[space] as AxisCount) / positions.count
    const each = multiplyAdds(step, shapes)
    plain += each * rows * cols
    shared += each * Math.min(rows * cols, distinct)
  }
  return plain / shared
}

/** Positions along each axis, as indices of the offsets. */
export interface Positions extends Both<readonly number[]> {
  /** How many there are. */
  readonly count: number
}

/** For positions of one modulus: how many cells of each space all passes need together along an axis. */
function axisCounts(keys: Keys, axis: Axis, positions: Positions, modulus: number) {
  const classes = timesByClass(keys, axis, positions[axis], modulus)
  const sums = keys.spaces.map((space) => {
    let [seeing, blank] = [0, 0]
    for (const times of classes) {
      const found = keysOfTimes(space[axis], times)
      seeing += found.seeing.length
      blank += found.blank.length
    }
    return { seeing, blank }
  })
  return { passes: classes.length, sums }
}

function timesByClass(keys: Keys, axis: Axis, times: readonly number[], modulus: number): number[][] {
  const { offsets } = keys.places[axis]
  const classes = new Map<number, number[]>()
  for (const time of times) {
    const residue = (offsets[time] as number) % modulus
    const others = classes.get(residue)
    if (others === undefined) classes.set(residue, [time])
    else others.push(time)
  }
  return [...classes.values()]
}

/** By tensor: the last step that reads it, or infinity for what is read after all steps, or is a feature. */
function lastUses({ graph, cells, features }: PlannedCells): Map<string, number> {
  const uses = new Map<string, number>()
  const stepOf = new Map(cells.steps.map((step, at) => [step.node, at]))
  for (const [index, { inputs }] of graph.nodes.entries()) {
    for (const name of inputs)
      uses.set(name, Math.max(uses.get(name) ?? -1, stepOf.get(index) ?? Number.POSITIVE_INFINITY))
  }
  for (const name of features) uses.set(name, Number.POSITIVE_INFINITY)
  for (const { output } of cells.steps) if (!uses.has(output)) uses.set(output, -1)
  return uses
}

/** Weights of the products after the steps. */
function connectedWeights({ graph, cells }: PlannedCells): number {
  const products = graph.nodes.filter(({ operator }) => operator === 'Gemm' || operator === 'MatMul')
  return products.reduce((sum, { inputs }) => {
    const shape = inputs.slice(0, 2).flatMap((name) => cells.constants.get(name) ?? [])
    return sum + (shape.length === 0 ? 0 : shape.reduce((product, size) => product * size, 1))
  }, 0)
}

function frameBytes({ channels, rows, cols }: CellShape): number {
  return FLOAT * channels * rows * cols
}

/** Positions that are computed together. */
export interface PlannedPass {
  readonly pass: Pass
  /** Indices of the positions. */
  readonly positions: readonly number[]
}

/**
 * The passes of some positions.
 * @param offsets [positions, 2] as row, col in pixels
 */
export function passesOf(offsets: Int32Array, modulus: Both<number>, keys: Keys): readonly PlannedPass[] {
  const times = both((axis) => new Map(keys.places[axis].offsets.map((offset, time) => [offset, time])))
  const classes = new Map<number, number[]>()
  for (let position = 0; position < offsets.length / 2; position++) {
    const [row, col] = [offsets[2 * position] as number, offsets[2 * position + 1] as number]
    const residue = (row % modulus.rows) * modulus.cols + (col % modulus.cols)
    const others = classes.get(residue)
    if (others === undefined) classes.set(residue, [position])
    else others.push(position)
  }
  return [...classes.values()].map((positions) => {
    const along = (axis: Axis) => {
      const own = positions.map((position) => offsets[2 * position + AXES.indexOf(axis)] as number)
      return [...new Set(own)].sort((a, b) => a - b).map((offset) => times[axis].get(offset) as number)
    }
    return { pass: both(along), positions }
  })
}
