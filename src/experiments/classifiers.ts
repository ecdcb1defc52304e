import type { Device } from '../engine/device.js'
import { type CudaDevice, CudaFailure, cudaDevices } from '../native.js'
import { type ExperimentPlace, onCard } from './card.js'
import type { GridFeatures } from './grid.js'

/**
 * Values of a feature matrix, rows · dims, from which on `auto` takes a card: two cores train on fewer in about a second,
 * and opening a card takes nearly as long.
 */
export const WORTH_A_CARD = 2 ** 24

/** Device that trained classifiers. */
export interface ClassifierRecord {
  /** `cpu`, or a CUDA device such as `cuda:0`. */
  readonly device: string
  /** The driver's name for the GPU; null for the processor. */
  readonly adapter: string | null
  /** Why the GPU failed and the processor took over; absent if no GPU failed. */
  readonly failure?: string
}

/** Where classifiers are trained, those of one layer after the other. */
export interface Classifiers {
  /**
   * Runs `training` on the card, which holds the layer's features meanwhile, also for other work on them. It runs on the
   * processor if there is no card, and once more there if the card fails.
   */
  train<T>(features: GridFeatures, training: (place: ExperimentPlace) => Promise<T>): Promise<T>
  /** The device that has trained so far. */
  ran(): ClassifierRecord
}

/** The first card, where there is one and so many values of features are worth opening it. */
export function worthwhileCard(values: number): CudaDevice | undefined {
  return values < WORTH_A_CARD ? undefined : cudaDevices(0).devices[0]
}

/**
 * Classifiers on a card, or without one on the processor.
 * @param find called before the first training
 * @param onFailure called when the card fails or has too little memory; the processor goes on then. Without it that is a
 * DeviceError
 */
export function openClassifiers(
  find: () => CudaDevice | undefined,
  onFailure?: (card: CudaDevice, reason: string) => void,
): Classifiers {
  let found: { readonly card: CudaDevice | undefined } | undefined
  let failure: string | undefined
  return {
    train: async (features, training) => {
      found ??= { card: find() }
      const { card } = found
      if (card === undefined || failure !== undefined) return training({})
      try {
        return await onCard(card, features, (cudaFeatures) => training({ cudaFeatures }))
      } catch (error) {
        if (!(error instanceof CudaFailure) || onFailure === undefined) throw error
        failure = error.reason
        onFailure(card, failure)
        return training({})
      }
    },
    ran: () => ({
      device: found?.card === undefined ? 'cpu' : `cuda:${found.card.index}`,
      adapter: found?.card?.name ?? null,
      ...(failure !== undefined && { failure }),
    }),
  }
}

/**
 * Where a study trains the classifiers of its networks: on a card for those that run on CUDA or TensorRT, on the processor for
 * all others. Where the card cannot be used, or not any more, the processor trains the rest of the study.
 * @param index of the card, the first by default; it is opened for the first unit that needs it
 * @param onNote is told once why the processor trains in the card's place
 */
export function studyClassifiers(
  index: number | null,
  onNote: (line: string) => void,
): (device: Device['name']) => Classifiers {
  let card: CudaDevice | undefined
  let isLost = false
  const find = () => {
    if (card !== undefined || isLost) return card
    const { devices, reason } = cudaDevices(index ?? 0)
    card = devices[0]
    if (card === undefined) onLost(`classifiers run on the processor: ${reason}`)
    return card
  }
  const onLost = (line: string) => {
    card = undefined
    isLost = true
    onNote(line)
  }
  return (device) => {
    if (device !== 'cuda' && device !== 'tensorrt') return openClassifiers(() => undefined)
    return openClassifiers(find, (failed, reason) =>
      onLost(`classifiers on cuda:${failed.index} failed (${reason}); the processor trains these and all that follow`),
    )
  }
}
