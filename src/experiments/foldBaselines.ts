import { checkCount } from '../support/checks.js'
import { FOLDS, type FoldScheme, TASKS, type Task } from './folds.js'
import type { GridShape, LayerGrid } from './grid.js'
import {
  type ClassifierOptions,
  type Separability,
  separabilityByScheme,
  type TaskSeparability,
} from './separability.js'

/** Features that are made up: the position itself, and its phase, which is all that a network's stride leaves of it. */
export const MADE_UP_FEATURES = ['position', 'phase'] as const
export type MadeUpFeature = (typeof MADE_UP_FEATURES)[number]

/** Period of the phase where a network's graph does not tell its stride: that of most networks for ImageNet. */
export const USUAL_PERIOD = 32

/** Standard deviation of a phase's code, in pixels. */
const CODE_WIDTH = 1.5

/**
 * Scale of the made-up features: so large that, with the usual C, no training sample lies within the margin, as with features
 * of networks.
 */
const SCALE = 3

/**
 * Evenly spaced rows often leave a held-out row exactly in the middle of a gap, where rounding would decide. Real decision
 * values are farther from 0, as the margin is at 1.
 */
const TIE = 1e-3

/**
 * Where the phase alone is right so often in shuffled folds, the grid is too coarse to judge separability: a correct classifier
 * may know no more than the phase. On grids below it, position alone is within 0.09 of the folds of real networks; on grids above
 * it, it is off by up to 0.40 (docs/findings.md has the measurement).
 */
const PHASE_DECIDES = 2 / 3

/** Accuracy on each fold, by task. */
export function foldsOf(result: Separability): Record<Task, (number | null)[]> {
  return { 'left-right': [...result['left-right'].folds], 'top-bottom': [...result['top-bottom'].folds] }
}

/** Mean accuracy over both tasks and all folds, of those that converged. */
export function meanAccuracy(tasks: Readonly<Record<Task, readonly (number | null)[]>>): number {
  const accuracies = TASKS.flatMap((task) => tasks[task].flatMap((accuracy) => accuracy ?? []))
  return accuracies.reduce((sum, accuracy) => sum + accuracy, 0) / accuracies.length
}

/** Why separability is not judged on a grid; undefined if it is. @param accuracy of the phase alone in shuffled folds */
export function coarseGrid(accuracy: number, period: number): string | undefined {
  // Not a number where no classifier converged.
  if (!(accuracy >= PHASE_DECIDES)) return undefined
  const percent = Math.round(100 * accuracy)
  return `the grid is too coarse to judge separability: the position modulo ${period} px alone is right for ${percent} % in shuffled folds`
}

/** A grid of positions, without features; its stride in pixels. */
type PositionsGrid = GridShape & Pick<LayerGrid, 'stride'>

export interface BaselineOptions extends Pick<ClassifierOptions, 'C' | 'seed' | 'threads' | 'signal'> {
  readonly schemes: readonly FoldScheme[]
  /** Period of the phase in pixels, a whole number: the network's total stride; 32 by default. */
  readonly period?: number
}

/** By feature and fold scheme; only the schemes that were asked for. */
type FoldBaselines = Readonly<Record<MadeUpFeature, Readonly<Partial<Record<FoldScheme, Separability>>>>>

/**
 * What the folds alone do: accuracies of the same classifiers, on the same grid and folds, by features that are nothing but
 * the position (row and column), or nothing but its phase (row and column modulo the period).
 *
 * A phase is a circular code: for each of the `period` residues a Gaussian bump, 1.5 pixels wide, of its circular distance.
 * A position on the border of a classifier counts as half right. Where the stride is a multiple of the period all positions
 * have one phase, and every accuracy is 0.5.
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

/** Every unit of a study asks for the same. */
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

/** Features that stand for the index of a row or a column. */
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
