import { mean } from '../../support/statistics.js'
import type { LayerGrid } from '../maps/grid.js'
import { type BaselineOptions, foldBaselines, MADE_UP_FEATURES, type MadeUpFeature } from './foldBaselines.js'
import { isConstant, separabilityByScheme } from './separability.js'

/**
 * Limits on the rows and columns of the grids that are compared. Smaller grids have too few positions for five folds.
 * Larger grids would show nothing new: on them, all networks are as accurate as features that contain only the
 * position. Also, training on the phase (the position modulo the stride) would take seconds there.
 */
const FEWEST_ROWS = 8
const MOST_ROWS = 25

/** How accurately classifiers tell top from bottom on one grid, for each fold. A fold is a band of rows. */
interface StrideFolds extends Readonly<Record<MadeUpFeature | 'network', readonly (number | null)[]>> {
  readonly stride: number
}

/**
 * How well each of MADE_UP_FEATURES predicts a network's accuracies: the absolute error of the prediction, averaged
 * over all folds and strides.
 */
export type FoldPrediction = Readonly<Record<MadeUpFeature, number>>

export function subGrid(grid: LayerGrid, step: number): LayerGrid {
  const { matrix, dims } = grid
  const [rows, cols] = [Math.ceil(grid.rows / step), Math.ceil(grid.cols / step)]
  const chosen = new Float32Array(rows * cols * dims)
  for (let i = 0; i < rows * cols; i++) {
    const from = (Math.floor(i / cols) * grid.cols + (i % cols)) * step * dims
    chosen.set(matrix.subarray(from, from + dims), i * dims)
  }
  return { ...grid, rows, cols, stride: grid.stride * step, matrix: chosen }
}

/**
 * Compares the fold accuracies of a network with those of MADE_UP_FEATURES. This shows whether the network's features
 * encode the position, or only the position modulo the network's stride. It uses the grid and its sub-grids (every
 * second, third, … row and column), if they have 8 to 25 rows and columns.
 * @param ordered the accuracies of `top-bottom` in the `ordered` folds of the grid itself, if they are already known
 * @returns one entry per stride, in ascending order; empty if the grid has fewer than 8 rows or columns
 */
export async function strideFolds(
  grid: LayerGrid,
  options: Omit<BaselineOptions, 'schemes'> = {},
  ordered?: readonly (number | null)[],
): Promise<readonly StrideFolds[]> {
  const found: StrideFolds[] = []
  for (let step = 1; Math.ceil(Math.min(grid.rows, grid.cols) / step) >= FEWEST_ROWS; step++) {
    if (Math.ceil(Math.max(grid.rows, grid.cols) / step) > MOST_ROWS) continue
    const part = subGrid(grid, step)
    // If the sub-grid's stride is a multiple of the network's, all positions may have equal features.
    if (isConstant(part.matrix, part.dims)) continue
    const known = step === 1 ? ordered : undefined
    const [whole] = known ? [] : await separabilityByScheme(part, ['ordered'], options)
    const network = known ?? whole?.['top-bottom'].folds ?? []
    const { position, phase } = await foldBaselines(part, { ...options, schemes: ['ordered'] })
    const folds = (results: typeof position) => results.ordered?.['top-bottom'] ?? []
    found.push({ stride: part.stride, network, position: folds(position), phase: folds(phase) })
  }
  return found
}

export function foldPrediction(strides: readonly StrideFolds[]): FoldPrediction | undefined {
  const compared = strides.flatMap(({ network, position, phase }) =>
    network.flatMap((accuracy, fold) => {
      const [byPosition, byPhase] = [position[fold], phase[fold]]
      return accuracy === null || byPosition == null || byPhase == null
        ? []
        : [{ position: Math.abs(accuracy - byPosition), phase: Math.abs(accuracy - byPhase) }]
    }),
  )
  if (compared.length === 0) return undefined
  const [position, phase] = MADE_UP_FEATURES.map((feature) => mean(compared.map((one) => one[feature]))) as [
    number,
    number,
  ]
  return { position, phase }
}
