import { type DeviceRequest, parseDevice } from '../engine/device.js'
import { DeviceError, UsageError } from '../errors.js'
import { type CudaDevice, type CudaFeatures, cudaDevices, releaseFeatures, uploadFeatures } from '../native.js'
import type { GridFeatures } from './grid.js'

export interface ExperimentPlace {
  /**
   * The features in the memory of a CUDA card (GPU), which then runs the experiment. If absent, the processor runs it.
   */
  readonly cudaFeatures?: CudaFeatures
}

/** @throws UsageError for any device but `auto`, `cpu`, `cuda` and `cuda:INDEX` */
export function parseCardDevice(text: string): DeviceRequest {
  if (!/^(auto|cpu|cuda)(:\d{1,3})?$/.test(text))
    throw new UsageError(
      `device ${text} supports neither similarity nor separability; use auto, cpu, cuda, or cuda:INDEX for one of several GPUs`,
    )
  return parseDevice(text)
}

/** @param index null for the first card */
export function requiredCard(index: number | null): CudaDevice {
  const { devices, reason } = cudaDevices(index ?? 0)
  const [card] = devices
  if (card !== undefined) return card
  const name = index === null ? 'cuda' : `cuda:${index}`
  throw new DeviceError(`device ${name} is not usable: ${reason}; or use \`device cpu\``)
}

/**
 * Copies features to a CUDA card, calls `use`, and then frees the card's memory.
 * @throws CudaFailure if the card fails or has too little memory
 */
export async function onCard<T>(
  card: CudaDevice,
  { matrix, dims, rows, cols }: GridFeatures,
  use: (cudaFeatures: CudaFeatures) => Promise<T>,
): Promise<T> {
  const positions = rows * cols
  const cudaFeatures = await uploadFeatures(matrix.subarray(0, positions * dims), positions, dims, card.index)
  try {
    return await use(cudaFeatures)
  } finally {
    releaseFeatures(cudaFeatures)
  }
}
