import { checkCount } from '../../support/checks.js'
import { mean } from '../../support/statistics.js'
import type { GridShape, LayerGrid } from '../maps/grid.js'
import { FOLDS, type FoldScheme, TASKS, type Task } from './folds.js'
import { type ClassifierOptions, separabilityByScheme } from './separability.js'

/**
 * Features that come from no network: the position itself, and its phase, which is the position modulo the network's
 * stride. They show what the position alone tells a classifier.
 */
export const MADE_UP_FEATURES = ['position', 'phase'] as const
export type MadeUpFeature = (typeof MADE_UP_FEATURES)[number]

/** Period of the phase in pixels if the network's stride is unknown. Most networks for ImageNet have this stride. */
export const USUAL_PERIOD = 32

/** Standard deviation in pixels of the Gaussians that encode the phase. */
const CODE_WIDTH = 1.5

/**
 * Factor of the made-up features. It is large enough that, with C = 1, no samples lie inside the classifier's margin.
 * This is also true of networks' features.
 */
const SCALE = 3

/**
 * `tie` of classifiers that see only the phase. The Gaussians of neighbouring residues overlap, so decision values are
 * less exact than with other features when the training stops.
 */
const PHASE_TIE = 1e-3

/**
 * If classifiers that see only the phase (the position modulo the stride) reach this accuracy in shuffled folds, the
 * grid is too coarse to judge separability. A classifier can then be right although its features tell only the phase.
 * Below this accuracy, position alone predicts the fold accuracies of real networks to within 0.09; above it, only to
 * within 0.40 (measured with bench/strides.mjs).
 */
const PHASE_DECIDES = 2 / 3

/** Accuracy on each fold, by task; null if the classifier did not converge. */
type FoldAccuracies = Record<Task, (number | null)[]>

/** Folds that did not converge are left out; NaN if none converged. */
export function meanAccuracy(tasks: FoldAccuracies): number {
  return mean(TASKS.flatMap((task) => tasks[task].flatMap((accuracy) => accuracy ?? [])))
}

/**
 * Says why a grid is too coarse to judge separability; undefined if it is not.
 * @param accuracy mean accuracy that classifiers reach in shuffled folds if they see only the position modulo `period`
 */
export function coarseGrid(accuracy: number, period: number): string | undefined {
  // The accuracy is NaN if no classifier converged.
  if (!(accuracy >= PHASE_DECIDES)) return undefined
  const percent = Math.round(100 * accuracy)
  return `the grid is too coarse to judge separability: in shuffled folds, a classifier that sees only the position modulo ${period} px is right at ${percent} % of positions`
}

type PositionsGrid = GridShape & Pick<LayerGrid, 'stride'>

export interface BaselineOptions extends Pick<ClassifierOptions, 'C' | 'seed' | 'threads' | 'signal'> {
  readonly schemes: readonly FoldScheme[]
  /** Period of the phase in whole pixels, normally the network's total stride; 32 by default. */
  readonly period?: number
}

type FoldBaselines = Readonly<Record<MadeUpFeature, Readonly<Partial<Record<FoldScheme, FoldAccuracies>>>>>

/**
 * Shows the effect of the folds alone. It trains the classifiers of `separability` on the same folds, but on made-up
 * features.
 *
 * The phase of a row or column is encoded as `period` values, one for each residue r. Each is a Gaussian of the
 * circular distance between the phase and r. If the grid's stride is a multiple of the period, all positions have the
 * same phase, and every accuracy is 0.5.
 */
export async function foldBaselines(
  grid: PositionsGrid,
  { schemes, period = USUAL_PERIOD, ...options }: BaselineOptions,
): Promise<FoldBaselines> {
  checkCount('period', period)
  const entries = await Promise.all(
    MADE_UP_FEATURES.map(async (feature) => {
      const results = await knownAccuracies(feature, grid, period, schemes, options)
      return [feature, Object.fromEntries(schemes.map((scheme, i) => [scheme, results[i]]))] as const
    }),
  )
  return Object.fromEntries(entries) as unknown as FoldBaselines
}

/**
 * Results, with their inputs as keys. Many networks and objects need the same results, so these are computed once.
 * Unfinished ones are not shared, because a caller's signal may end them.
 */
const known = new Map<string, readonly FoldAccuracies[]>()

async function knownAccuracies(...asked: Parameters<typeof accuracies>): Promise<readonly FoldAccuracies[]> {
  const [feature, { rows, cols, stride }, period, schemes, { C, seed }] = asked
  const key = JSON.stringify([feature, rows, cols, stride, feature === 'phase' && period, schemes, C, seed])
  const found = known.get(key) ?? (await accuracies(...asked))
  known.set(key, found)
  return found
}

async function accuracies(
  feature: MadeUpFeature,
  grid: PositionsGrid,
  period: number,
  schemes: readonly FoldScheme[],
  options: ClassifierOptions,
): Promise<readonly FoldAccuracies[]> {
  if (feature === 'phase' && grid.stride % period === 0)
    return schemes.map(() => ({ 'left-right': GUESSED, 'top-bottom': GUESSED }))
  const code = feature === 'position' ? positionCode(grid) : phaseCode(grid.stride, period)
  const features = { ...madeUp(grid, code), stride: grid.stride, layer: feature }
  const results = await separabilityByScheme(features, schemes, {
    ...options,
    ...(feature === 'phase' && { tie: PHASE_TIE }),
  })
  return results.map((tasks) => ({
    'left-right': [...tasks['left-right'].folds],
    'top-bottom': [...tasks['top-bottom'].folds],
  }))
}

const GUESSED = new Array<number>(FOLDS).fill(0.5)

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

/** Made-up features of every position: the values that encode its row, then those that encode its column. */
function madeUp({ rows, cols }: GridShape, code: AxisCode) {
  const [byRow, byCol] = [rows, cols].map((count) => Array.from({ length: count }, (_, index) => code(index)))
  const features = (byRow ?? []).flatMap((row) => (byCol ?? []).map((col) => [...row, ...col]))
  return { rows, cols, dims: features[0]?.length ?? 0, matrix: Float32Array.from(features.flat()) }
}
