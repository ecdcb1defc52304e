import { availableParallelism } from 'node:os'
import { parseCardDevice, requiredCard } from '../experiments/card.js'
import { type ClassifierRecord, openClassifiers, worthwhileCard } from '../experiments/classifiers.js'
import type { FoldScheme } from '../experiments/folds.js'
import { type Loss, type Separability, separability as separate } from '../experiments/separability.js'
import { readFeatures } from './featureFile.js'

export interface SeparabilityOptions {
  /** .npy file, float32 [rows, cols, dims], as `extract` writes it. */
  readonly file: string
  /** `hinge` (default) or `squared-hinge`. */
  readonly loss?: Loss
  /** Weight of the losses, 1 by default. */
  readonly C?: number
  /** `ordered` by default. */
  readonly cv?: FoldScheme
  /** Seed of the fold schemes `shuffled` and `blocks`, 0 by default. */
  readonly seed?: number
  /** Threads of the solver, all cores by default; the result does not depend on it. */
  readonly threads?: number
  /**
   * `auto` (default), `cpu`, `cuda` or `cuda:INDEX`. `auto` is the first CUDA device for 2^24 values and more (64 MiB) where
   * one can be used, otherwise the processor. On either the solutions are within the same tolerance of the optimum.
   */
  readonly device?: string
  readonly signal?: AbortSignal
}

/** Accuracy of linear classifiers on a feature file. */
export interface FileSeparability extends Separability, ClassifierRecord {
  readonly loss: Loss
  readonly C: number
  readonly cv: FoldScheme
  readonly seed: number
  readonly seconds: number
}

/**
 * How well linear classifiers tell left from right and top from bottom by the features of a file (paper section
 * 2.2): 5-fold cross-validation, all ten classifiers trained together.
 * @throws InputError if the file is not such an array, holds NaN or infinity (the position is named), is constant, or has
 * too few positions for five folds; UsageError for unknown names, a C outside 1e-30 to 1e30, or a device that trains no classifiers;
 * DeviceError where CUDA is asked for and cannot be used
 */
export async function separability({
  file,
  loss = 'hinge',
  C = 1,
  cv = 'ordered',
  seed = 0,
  threads = availableParallelism(),
  device = 'auto',
  signal,
}: SeparabilityOptions): Promise<FileSeparability> {
  const { name, index } = parseCardDevice(device)
  const asked = name === 'cuda' ? requiredCard(index) : undefined
  const { rows, cols, dims, matrix } = await readFeatures(file)
  const start = performance.now()
  const grid = { layer: file, matrix, dims, rows, cols, stride: 1 }
  // The failure of a card that nobody asked for is in the result.
  const classifiers =
    name === 'auto'
      ? openClassifiers(
          () => worthwhileCard(matrix.length),
          () => undefined,
        )
      : openClassifiers(() => asked)
  const options = { loss, C, cv, seed, threads, ...(signal && { signal }) }
  const tasks = await classifiers.train(grid, (place) => separate(grid, { ...options, ...place }))
  return { ...tasks, loss, C, cv, seed, ...classifiers.ran(), seconds: (performance.now() - start) / 1000 }
}
