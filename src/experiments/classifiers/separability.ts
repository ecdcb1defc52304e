import { InputError, reworded, UsageError, wordingOf, words } from '../../errors.js'
import { NonFiniteFeatureError, type SvmSolution, trainSvm } from '../../native.js'
import { checkCount, checkNames } from '../../support/checks.js'
import { meanAndStd } from '../../support/statistics.js'
import type { ExperimentPlace } from '../maps/card.js'
import { type LayerGrid, positionAt } from '../maps/grid.js'
import {
  assignFolds,
  FOLD_SCHEMES,
  FOLDS,
  type FoldScheme,
  TASKS,
  type Task,
  type TaskFolds,
  taskClasses,
  trainingLabels,
} from './folds.js'

/**
 * Range of C, the weight of the losses. For C in this range and finite float32 features, the classifier's objective
 * cannot overflow or underflow in float64.
 */
const LEAST_C = 1e-30
const LARGEST_C = 1e30

export function checkWeight(C: number): void {
  if (!(C > 0 && Number.isFinite(C))) throw UsageError.of`C = ${C} is not a positive number; use \`C 1\``
  if (C < LEAST_C || C > LARGEST_C)
    throw UsageError.of`C = ${C} is not between ${LEAST_C} and ${LARGEST_C}; use \`C 1\``
}

export interface ClassifierOptions extends ExperimentPlace {
  /** Weight of the losses in the classifier's objective; 1 by default. */
  readonly C?: number
  /** Seed of the random fold schemes; 0 by default. */
  readonly seed?: number
  /** Number of threads; 1 by default. The result does not depend on it. */
  readonly threads?: number
  /** A classifier counts as converged if its relative duality gap is at most this; see `SvmOptions` of native.ts. */
  readonly tolerance?: number
  /**
   * A position counts as half right if its decision value is at most this far from 0; 1e-8 by default. Such a position
   * is midway between the training positions of both classes, so rounding would decide.
   */
  readonly tie?: number
  readonly signal?: AbortSignal
}

/** Cross-validated accuracy of a linear classifier on one task. */
export interface TaskSeparability {
  /**
   * Accuracy on each fold, 0 to 1, of a classifier trained on the other four. It is null if the classifier did not
   * converge.
   */
  readonly folds: readonly (number | null)[]
  /** Mean accuracy over the folds; null if the classifier of at least one fold did not converge. */
  readonly mean: number | null
  /** Population standard deviation of the accuracies over the folds; null if `mean` is null. */
  readonly std: number | null
  /** Relative duality gap of each fold's classifier: its objective is at most this fraction above the optimum. */
  readonly gaps: readonly number[]
  /** Indices of the folds whose classifier did not converge. */
  readonly notConverged: readonly number[]
}

/** Accuracy on each task: telling left from right, and top from bottom. */
export type Separability = Readonly<Record<Task, TaskSeparability>>

/**
 * Measures how well features tell the left half of the positions from the right half, and the top from the bottom
 * (paper section 2.2). The accuracies are those of linear support vector machines in 5-fold cross-validation. The
 * classifiers of all schemes are trained together, which is faster because they share the features.
 * @throws InputError if a class has fewer positions than there are folds
 * @throws NonFiniteFeatureError that names the position of a feature with NaN or infinity
 * @throws InputError if all positions have the same feature
 * @throws CudaFailure if the CUDA card fails
 */
export async function separabilityByScheme(
  grid: LayerGrid,
  schemes: readonly FoldScheme[],
  { C = 1, seed = 0, threads = 1, tolerance, tie = 1e-8, cudaFeatures, signal }: ClassifierOptions = {},
): Promise<readonly Separability[]> {
  checkWeight(C)
  checkNames('fold scheme', schemes, FOLD_SCHEMES)
  checkCount('threads', threads)
  const features = grid.matrix.subarray(0, grid.rows * grid.cols * grid.dims)
  const tasks = schemes.flatMap((scheme) =>
    TASKS.map((task) => {
      const classes = taskClasses(task, grid)
      return { classes, folds: foldsOnGrid(scheme, classes, grid, seed) }
    }),
  )
  if (isConstant(features, grid.dims)) {
    throw new InputError(
      `${grid.layer}: the features are equal at all positions, so a classifier cannot tell the positions apart; check the layer and the object`,
    )
  }
  const rows = grid.rows * grid.cols
  const { solutions, decisions } = await trainSvm({
    features: cudaFeatures ?? features,
    rows,
    dims: grid.dims,
    labels: trainingLabels(tasks),
    problems: tasks.length * FOLDS,
    C,
    threads,
    ...(tolerance === undefined ? {} : { tolerance }),
    ...(signal && { signal }),
  }).catch((error: unknown) => {
    throw nonFiniteError(error, grid)
  })
  const results = tasks.map((task, t) =>
    taskSeparability(
      task,
      decisions.subarray(t * FOLDS * rows, (t + 1) * FOLDS * rows),
      solutions.slice(t * FOLDS, (t + 1) * FOLDS),
      tie,
    ),
  )
  return schemes.map((_, s) => {
    const entries = TASKS.map((task, t) => [task, results[s * TASKS.length + t]])
    return Object.fromEntries(entries) as Separability
  })
}

/** Does the same as `assignFolds`, but its InputError names the layer. */
function foldsOnGrid(scheme: FoldScheme, classes: Uint8Array, grid: LayerGrid, seed: number): Uint8Array {
  try {
    return assignFolds(scheme, classes, grid, seed)
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    throw reworded(error, words`${grid.layer}: ${wordingOf(error)}`)
  }
}

function taskSeparability(
  { classes, folds }: TaskFolds,
  decisions: Float64Array,
  solutions: readonly SvmSolution[],
  tie: number,
): TaskSeparability {
  const rows = classes.length
  const right = new Array<number>(FOLDS).fill(0)
  const tested = new Array<number>(FOLDS).fill(0)
  for (let i = 0; i < rows; i++) {
    const fold = folds[i] ?? 0
    const decision = decisions[fold * rows + i] ?? 0
    const isTie = Math.abs(decision) <= tie
    tested[fold] = (tested[fold] ?? 0) + 1
    right[fold] = (right[fold] ?? 0) + (isTie ? 0.5 : Number(Number(decision > 0) === classes[i]))
  }
  const accuracies = right.map((count, fold) => count / (tested[fold] ?? 1))
  const { mean, std } = meanAndStd(accuracies)
  const whole = solutions.every(({ converged }) => converged)
  return {
    folds: accuracies.map((accuracy, fold) => (solutions[fold]?.converged ? accuracy : null)),
    mean: whole ? mean : null,
    std: whole ? std : null,
    gaps: solutions.map(({ primal, dual }) => (primal - dual) / primal),
    notConverged: solutions.flatMap(({ converged }, fold) => (converged ? [] : [fold])),
  }
}

export function isConstant(features: Float32Array, dims: number): boolean {
  for (let i = dims; i < features.length; i++) {
    if (features[i] !== features[i - dims]) return false
  }
  return true
}

function nonFiniteError(error: unknown, grid: LayerGrid): unknown {
  if (!(error instanceof NonFiniteFeatureError)) return error
  const { row, col } = positionAt(error.row, grid)
  return reworded(
    error,
    `${grid.layer}: the feature at position (${row}, ${col}) holds NaN or infinity; check the weights and the object`,
  )
}
