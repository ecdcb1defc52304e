import { openExecution } from '../engine/choice.js'
import type { DeviceRequest } from '../engine/device.js'
import { type NetworkHandle, openThreads } from '../engine/handle.js'
import { NOTHING, sceneOf } from '../engine/scene.js'
import { candidateSettings } from '../engine/settings.js'
import type { Settings } from '../engine/task.js'
import type { Network } from '../networks/index.js'
import type { Progress } from '../progress.js'
import { availableCores } from '../support/machine.js'

/**
 * Opens a network for pictures, few of them as a rule: on the processor without a trial of settings, which would take
 * longer than the work, unless a GPU is named.
 * @throws DeviceError for a device that is not usable; the signal's reason
 */
export async function openEncoder(
  network: Network,
  images: number,
  request: DeviceRequest,
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<NetworkHandle> {
  if (request.name === 'auto' || request.name === 'cpu') {
    const [settings] = candidateSettings(network, {}, availableCores())
    return openThreads(network, settings as Settings)
  }
  const { handle } = await openExecution({
    network,
    scene: sceneOf(NOTHING),
    images,
    request,
    wished: {},
    onNote: (line) => progress.note(line),
    ...(signal && { signal }),
  })
  return handle
}
