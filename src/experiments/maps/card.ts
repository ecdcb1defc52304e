import { parseDevice } from '../../engine/devices/device.js'
import { DeviceError, UsageError } from '../../errors.js'
import { type CudaDevice, type CudaFeatures, cudaDevices, releaseFeatures, uploadFeatures } from '../../native.js'
import type { LayerGrid } from './grid.js'

export interface ExperimentPlace {
  /**
   * The features in the memory of a CUDA card (GPU), which then runs the experiment. If absent, the processor runs it.
   */
  readonly cudaFeatures?: CudaFeatures
}

/**
 * Returns the CUDA card that the device `cuda` or `cuda:INDEX` names; undefined for `cpu` and `auto`.
 * @throws UsageError for any other device
 * @throws DeviceError if the card cannot be used
 */
export function namedCard(device: string): CudaDevice | undefined {
  if (!/^(auto|cpu|cuda)(:\d{1,3})?$/.test(device))
    throw new UsageError(
      `device ${device} supports neither similarity nor separability; use auto, cpu, cuda, or cuda:INDEX for one of several GPUs`,
    )
  const { name, index } = parseDevice(device)
  if (name !== 'cuda') return undefined
  const { devices, reason } = cudaDevices(index ?? 0)
  const [card] = devices
  if (card === undefined) throw DeviceError.of`device ${device} is not usable: ${reason}; or use \`device cpu\``
  return card
}

/**
 * Copies features to a CUDA card, calls `use`, and then frees the card's memory.
 * @throws CudaFailure if the card fails or has too little memory
 */
export async function onCard<T>(
  card: CudaDevice,
  { matrix, dims, rows, cols }: LayerGrid,
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
