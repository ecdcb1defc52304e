import { z } from 'zod'
import { throwIfStopped, UsageError } from '../errors.js'
import { type ClassifierRecord, openClassifiers, worthwhileCard } from '../experiments/classifiers/classifiers.js'
import { coarseGrid, foldBaselines, meanAccuracy, USUAL_PERIOD } from '../experiments/classifiers/foldBaselines.js'
import { FOLD_SCHEMES, type FoldScheme, LOSS } from '../experiments/classifiers/folds.js'
import { type Separability, separabilityByScheme } from '../experiments/classifiers/separability.js'
import { namedCard } from '../experiments/maps/card.js'
import { checkNames } from '../support/checks.js'
import { availableCores } from '../support/machine.js'
import { type CheckedOptions, type GivenOptions, parseOptions, schemas } from '../support/optionChecks.js'
import type { DescribedGrid } from './extractFile.js'
import {
  type FeatureArray,
  type FeatureLayers,
  type LayerResults,
  measureLayers,
  type OpenFeatures,
  openFeatures,
} from './features.js'

const OPTIONS = {
  /** Parameter C of the classifiers (linear SVMs), the weight of their losses, 1e-30 to 1e30; 1 by default. */
  C: z.number().default(1),
  /** One or several fold schemes; `ordered` by default. One call with several schemes is faster than several calls. */
  cv: z.custom<FoldScheme | readonly FoldScheme[]>().default('ordered'),
  /** Seed of the random fold schemes, 0 to 2^32 − 1; 0 by default. */
  seed: z.number().default(0),
  /** Number of threads that train the classifiers; all cores by default. The result does not depend on the number. */
  threads: z.number().default(availableCores),
  /**
   * Device that trains the classifiers: `auto` (default), `cpu`, `cuda` or `cuda:INDEX`. If there is a CUDA device,
   * `auto` uses the first one for features of at least 2^24 values (64 MiB). The processor and a CUDA device train to
   * the same tolerance.
   */
  device: z.string().default('auto'),
  signal: schemas.signal.exactOptional(),
}

/** Options of `separability`. */
export interface SeparabilityOptions extends GivenOptions<typeof OPTIONS> {}

type Checked = Omit<CheckedOptions<typeof OPTIONS>, 'cv'>

/** How the classifiers were trained. */
interface TrainingRecord extends ClassifierRecord {
  readonly loss: typeof LOSS
  readonly C: number
  readonly seed: number
  /** Duration of the training in seconds. */
  readonly seconds: number
  /** Why the grid is too coarse to judge separability; absent if it is fine enough or the stride is unknown. */
  readonly coarse?: string
}

/** Accuracy of linear classifiers on features, under one fold scheme. */
export interface FeatureSeparability extends Separability, TrainingRecord {
  readonly cv: FoldScheme
}

/** Accuracy of linear classifiers on features, under several fold schemes. */
export interface SchemeSeparability extends TrainingRecord {
  readonly schemes: Readonly<Partial<Record<FoldScheme, Separability>>>
}

/**
 * Measures how well linear classifiers tell left from right and top from bottom by the features (paper section 2.2). It
 * uses 5-fold cross-validation and trains all classifiers of a layer together. A position midway between both classes
 * counts as half right.
 * @param features path of a .npy file that `extract` wrote, an array in memory, or a result of `extract`, which gives
 *   one result per layer
 * @throws InputError for a file that holds no such array, and for features that are all equal or have too few positions
 *   for five folds; with the code `ERR_SHIFTSCOPE_NON_FINITE_FEATURE` for features that contain NaN or infinity
 * @throws UsageError for invalid options or an invalid array in memory
 * @throws DeviceError if you name a CUDA device that cannot be used
 * @throws the signal's reason after an abort
 */
export async function separability(
  features: string | FeatureArray,
  options?: SeparabilityOptions & { readonly cv?: FoldScheme },
): Promise<FeatureSeparability>
export async function separability(
  features: string | FeatureArray,
  options: SeparabilityOptions & { readonly cv: readonly FoldScheme[] },
): Promise<SchemeSeparability>
export async function separability(
  features: FeatureLayers,
  options?: SeparabilityOptions & { readonly cv?: FoldScheme },
): Promise<LayerResults<FeatureSeparability>>
export async function separability(
  features: FeatureLayers,
  options: SeparabilityOptions & { readonly cv: readonly FoldScheme[] },
): Promise<LayerResults<SchemeSeparability>>
export async function separability(
  features: string | FeatureArray | FeatureLayers,
  options: SeparabilityOptions = {},
): Promise<AnySeparability | LayerResults<AnySeparability>> {
  const { cv, ...checked } = parseOptions(options, OPTIONS)
  if (typeof cv !== 'string' && (!Array.isArray(cv) || cv.length === 0))
    throw new UsageError("option cv must be a fold scheme or an array of them, such as ['ordered', 'blocks']")
  if (typeof cv !== 'string') return measureLayers(features, (layer, grid) => bySchemes(layer, cv, checked, grid))
  return measureLayers(features, async (layer, grid) => ofScheme(cv, await bySchemes(layer, [cv], checked, grid)))
}

type AnySeparability = FeatureSeparability | SchemeSeparability

function ofScheme(cv: FoldScheme, { schemes, loss, C, seed, ...record }: SchemeSeparability): FeatureSeparability {
  return { ...schemes[cv]!, loss, C, cv, seed, ...record }
}

async function bySchemes(
  features: string | FeatureArray,
  cv: readonly FoldScheme[],
  { C, seed, threads, device, signal }: Checked,
  given?: DescribedGrid,
): Promise<SchemeSeparability> {
  throwIfStopped(signal)
  checkNames('fold scheme', cv, FOLD_SCHEMES)
  const asked = namedCard(device)
  const grid = await openFeatures(features, given)
  const start = performance.now()
  // With `auto`, a GPU that fails is no error: the processor takes over, and the result records the failure.
  const classifiers =
    device === 'auto'
      ? openClassifiers(
          () => worthwhileCard(grid.matrix.length),
          () => undefined,
        )
      : openClassifiers(() => asked)
  const options = { C, seed, threads, ...(signal && { signal }) }
  const results = await classifiers.train(grid, (place) => separabilityByScheme(grid, cv, { ...options, ...place }))
  const schemes = Object.fromEntries(cv.map((scheme, i) => [scheme, results[i]]))
  const seconds = (performance.now() - start) / 1000
  const coarse = await coarseness(grid)
  return { schemes, loss: LOSS, C, seed, ...classifiers.ran(), seconds, ...(coarse && { coarse }) }
}

/**
 * Smallest stride whose grid is checked for being too coarse. Grids with smaller strides are never too coarse, and
 * checking them would take seconds.
 */
const FINEST_COARSE_STRIDE = 5

async function coarseness({ rows, cols, stride }: OpenFeatures): Promise<string | undefined> {
  if (stride < FINEST_COARSE_STRIDE) return undefined
  const { phase } = await foldBaselines({ rows, cols, stride }, { schemes: ['shuffled'] })
  return phase.shuffled && coarseGrid(meanAccuracy(phase.shuffled), USUAL_PERIOD)
}
