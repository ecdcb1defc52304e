import { checkCount } from '../support/checks.js'
import { FOLDS, type FoldScheme, TASKS, type Task } from './folds.js'
import type { GridShape, LayerGrid } from './grid.js'
import {
  type ClassifierOptions,
  type Separability,
  separabilityByScheme,
  type TaskSeparability,
} from './separability.js'

/** Artificial features: the position itself, and its phase, that is, the position modulo the network's stride. */
export const MADE_UP_FEATURES = ['position', 'phase'] as const
export type MadeUpFeature = (typeof MADE_UP_FEATURES)[number]

/**
 * Period of the phase if a network's graph does not tell its stride. It is the stride of most networks for ImageNet.
 */
export const USUAL_PERIOD = 32

/** Standard deviation of a phase's code, in pixels. */
const CODE_WIDTH = 1.5

/**
 * Scale of the made-up features. It is so large that, as with features of networks, no training sample lies within the
 * margin with the usual C.
 */
const SCALE = 3

/**
 * Decision values at most this far from 0 count as ties. With evenly spaced rows, a held-out row is often exactly in
 * the middle of a gap, where rounding would decide. Other decision values are farther from 0, because the margin is at
 * 1.
 */
const TIE = 1e-3

/**
 * If the phase alone has at least this accuracy in shuffled folds, the grid is too coarse to judge separability: a
 * correct classifier may know no more than the phase. On grids below this accuracy, predictions by position alone are
 * within 0.09 of the folds of real networks; on grids above it, they are off by up to 0.40 (docs/findings.md has the
 * measurement).
 */
const PHASE_DECIDES = 2 / 3

/** Accuracy on each fold, by task. */
export function foldsOf(result: Separability): Record<Task, (number | null)[]> {
  return { 'left-right': [...result['left-right'].folds], 'top-bottom': [...result['top-bottom'].folds] }
}

/** Mean accuracy over all folds of both tasks that converged. */
export function meanAccuracy(tasks: Readonly<Record<Task, readonly (number | null)[]>>): number {
  const accuracies = TASKS.flatMap((task) => tasks[task].flatMap((accuracy) => accuracy ?? []))
  return accuracies.reduce((sum, accuracy) => sum + accuracy, 0) / accuracies.length
}

/** Why separability is not judged on a grid; undefined if it is. @param accuracy of the phase alone in shuffled folds */
export function coarseGrid(accuracy: number, period: number): string | undefined {
  // The accuracy is NaN if no classifier converged.
  if (!(accuracy >= PHASE_DECIDES)) return undefined
  const percent = Math.round(100 * accuracy)
  return `the grid is too coarse to judge separability: the position modulo ${period} px alone is right for ${percent} % in shuffled folds`
}

/** A grid of positions without features, with its stride in pixels. */
type PositionsGrid = GridShape & Pick<LayerGrid, 'stride'>

export interface BaselineOptions extends Pick<ClassifierOptions, 'C' | 'seed' | 'threads' | 'signal'> {
  readonly schemes: readonly FoldScheme[]
  /** Period of the phase in pixels, a whole number: the network's total stride; 32 by default. */
  readonly period?: number
}

/** By feature and fold scheme; only the schemes that were asked for. */
type FoldBaselines = Readonly<Record<MadeUpFeature, Readonly<Partial<Record<FoldScheme, Separability>>>>>

/**
 * Shows the effect of the folds alone: accuracies of the classifiers that `separability` trains, on the grid's own
 * folds, but with features that hold only the position (row and column), or only its phase (row and column modulo the
 * period).
 *
 * The phase has a circular code: for each of the `period` residues, a Gaussian, 1.5 pixels wide, of the circular
 * distance to it. A position on the border of a classifier counts as half right. If the stride is a multiple of the
 * period, all positions have one phase, and every accuracy is 0.5.
 *
 * @throws as `separability`; UsageError for a period that is not a whole number above 0
 */
export async function foldBaselines(
  grid: PositionsGrid,
  { schemes, period = USUAL_PERIOD, ...options }: BaselineOptions,
): Promise<FoldBaselines> {
  checkCount('`period`', period)
  const entries = await Promise.all(
    MADE_UP_FEATURES.map(async (feature) => {
      const results = await knownAccuracies(feature, grid, period, schemes, options)
      return [feature, Object.fromEntries(schemes.map((scheme, i) => [scheme, results[i]]))] as const
    }),
  )
  return Object.fromEntries(entries) as unknown as FoldBaselines
}

/** Results, kept because every unit of a study asks for the same ones. */
const known = new Map<string, Promise<readonly Separability[]>>()

function knownAccuracies(...asked: Parameters<typeof accuracies>): Promise<readonly Separability[]> {
  const [feature, { rows, cols, stride }, period, schemes, { C, seed }] = asked
  const key = JSON.stringify([feature, rows, cols, stride, feature === 'phase' && period, schemes, C, seed])
  const found = known.get(key) ?? accuracies(...asked)
  known.set(key, found)
  found.catch(() => known.delete(key))
  return found
}

async function accuracies(
  feature: MadeUpFeature,
  grid: PositionsGrid,
  period: number,
  schemes: readonly FoldScheme[],
  options: ClassifierOptions,
): Promise<readonly Separability[]> {
  if (feature === 'phase' && grid.stride % period === 0)
    return schemes.map(() => ({ 'left-right': GUESSED, 'top-bottom': GUESSED }))
  const code = feature === 'position' ? positionCode(grid) : phaseCode(grid.stride, period)
  return separabilityByScheme({ ...madeUp(grid, code), stride: grid.stride, layer: feature }, schemes, {
    ...options,
    tie: TIE,
  })
}

/** The accuracies of a classifier that can only guess. */
const GUESSED: TaskSeparability = {
  folds: new Array<number>(FOLDS).fill(0.5),
  mean: 0.5,
  std: 0,
  gaps: new Array<number>(FOLDS).fill(0),
  notConverged: [],
}

/** Gives the features for the index of a row or a column. */
type AxisCode = (index: number) => readonly number[]

function positionCode({ rows, cols }: GridShape): AxisCode {
  const middle = (Math.max(rows, cols) - 1) / 2
  return (index) => [SCALE * (index - middle)]
}

function phaseCode(stride: number, period: number): AxisCode {
  return (index) =>
    Array.from({ length: period }, (_, residue) => {
      const apart = Math.abs(((index * stride) % period) - residue)
      const distance = Math.min(apart, period - apart)
      return SCALE * Math.exp(-(distance ** 2) / (2 * CODE_WIDTH ** 2))
    })
}

/** The row's code, then the column's, at every position. */
function madeUp({ rows, cols }: GridShape, code: AxisCode) {
  const [byRow, byCol] = [rows, cols].map((count) => Array.from({ length: count }, (_, index) => code(index)))
  const features = (byRow ?? []).flatMap((row) => (byCol ?? []).map((col) => [...row, ...col]))
  return { rows, cols, dims: features[0]?.length ?? 0, matrix: Float32Array.from(features.flat()) }
}
