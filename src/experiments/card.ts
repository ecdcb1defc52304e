import { type DeviceRequest, parseDevice } from '../engine/device.js'
import { DeviceError, UsageError } from '../errors.js'
import { type CudaDevice, type CudaFeatures, cudaDevices, releaseFeatures, uploadFeatures } from '../native.js'
import type { GridFeatures } from './grid.js'

/** Where an experiment on a grid's features is computed. */
export interface ExperimentPlace {
  /** The grid's features on the card that computes. Without it, the processor computes. */
  readonly cudaFeatures?: CudaFeatures
}

/** @throws UsageError for another device than `auto`, `cpu`, `cuda` and `cuda:INDEX` */
export function parseCardDevice(text: string): DeviceRequest {
  if (!/^(auto|cpu|cuda)(:\d{1,3})?$/.test(text))
    throw new UsageError(
      `device ${text} does not take features; use auto, cpu, cuda, or cuda:INDEX for one of several cards`,
    )
  return parseDevice(text)
}

/**
 * The card of this index, the first by default.
 * @throws DeviceError where it cannot be used: no CUDA kernels in the addon, no driver or too old a one, no such card
 */
export function requiredCard(index: number | null): CudaDevice {
  const { devices, reason } = cudaDevices(index ?? 0)
  const [card] = devices
  if (card !== undefined) return card
  const name = index === null ? 'cuda' : `cuda:${index}`
  throw new DeviceError(`device ${name} is not usable for features: ${reason}; or use \`device cpu\``)
}

/**
 * Calls `use` with a grid's features on the card, which holds them until it is done.
 * @throws CudaFailure where the card fails or has too little memory
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
