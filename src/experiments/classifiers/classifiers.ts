import { PROVIDERS, type ProviderName } from '../../engine/devices/providers.js'
import { type CudaDevice, CudaFailure, cudaDevices } from '../../native.js'
import { type ExperimentPlace, onCard } from '../maps/card.js'
import type { LayerGrid } from '../maps/grid.js'

/**
 * Smallest number of feature values (rows · dims) for which `auto` uses a CUDA card. With fewer values, opening the
 * card would take about as long as the training.
 */
export const WORTH_A_CARD = 2 ** 24

/** The device that trained the classifiers. */
export interface ClassifierRecord {
  /** `cpu`, or a CUDA device such as `cuda:0`. */
  readonly device: string
  /** The driver's name for the GPU; null for the processor. */
  readonly adapter: string | null
  /** Why the GPU failed and the processor took over; absent if no GPU failed. */
  readonly failure?: string
}

export interface Classifiers {
  /**
   * Calls `training` with the features on the CUDA card. If there is no card or it fails, calls `training` without a
   * card, so that the processor trains.
   */
  train<T>(features: LayerGrid, training: (place: ExperimentPlace) => Promise<T>): Promise<T>
  ran(): ClassifierRecord
}

export function worthwhileCard(values: number): CudaDevice | undefined {
  return values < WORTH_A_CARD ? undefined : cudaDevices(0).devices[0]
}

/**
 * @param find returns the card, if there is one; called before the first training
 * @param onFailure called if the card fails; then the processor continues. Without this callback, `train` throws the
 *   card's error
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
 * Trains the classifiers of a study: on a CUDA card for networks that run on NVIDIA cards, on the processor for all
 * others. If the card cannot be used or fails, the processor trains the rest of the study.
 * @param index index of the card, which is opened when it is first needed; null for the first card
 * @param onNote called at most once, with the reason why the processor trains instead of the card
 */
export function studyClassifiers(
  index: number | null,
  onNote: (line: string) => void,
): (device: ProviderName) => Classifiers {
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
    if (!PROVIDERS[device].isNvidia) return openClassifiers(() => undefined)
    return openClassifiers(find, (failed, reason) =>
      onLost(
        `training classifiers on cuda:${failed.index} failed (${reason}); the processor trains these and all later ones`,
      ),
    )
  }
}
