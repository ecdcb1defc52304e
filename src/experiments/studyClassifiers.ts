import type { Device } from '../engine/device.js'
import { type CudaDevice, cudaDevices } from '../native.js'
import { type Classifiers, openClassifiers } from './classifiers.js'

/**
 * Where a run trains the classifiers of its networks: on a card for those that run on CUDA or TensorRT, on the processor for
 * all others. Where the card cannot be used, or not any more, the processor trains the rest of the run.
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
