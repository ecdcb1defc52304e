import { DeviceError, throwIfStopped } from '../../errors.js'
import { rm } from '../../files/retried.js'
import { makeTemporaryFolder } from '../../files/temporaries.js'
import type { Network, Precision } from '../../network.js'
import { type DeviceProcess, ProcessFailure, startDeviceProcess } from '../backends/process.js'
import type { Placement } from '../backends/session.js'
import { type Device, isSoftware, nvidiaModels, platformGap, processorName } from '../devices/device.js'
import { PROVIDERS } from '../devices/providers.js'
import { deviceSession, sceneTask } from '../queue/workerPool.js'
import { NOTHING, sceneOf } from '../scene/scene.js'

/** Result of a trial: whether a device can run a network, and the time that it takes for one batch. */
export type DeviceTrial =
  | {
      readonly device: Device
      readonly runs: true
      /** The driver's name for the device; null if unknown. */
      readonly adapter: string | null
      /** Whether the adapter computes on the processor; null if unknown. */
      readonly software: boolean | null
      readonly milliseconds: number
    }
  | { readonly device: Device; readonly runs: false; readonly reason: string; readonly remedy: string }

/** The scene of a trial: white. Any other scene would do. */
const TRIAL_SCENE = sceneOf(NOTHING)

export interface TrialOptions {
  readonly script?: string
  readonly signal?: AbortSignal | undefined
}

/**
 * Runs a network on a device, in a separate process, because a broken driver may crash the process that uses it. Then
 * checks where the operators ran, because a provider may leave them to the processor without a warning.
 */
export async function tryDevice(
  device: Device,
  network: Network,
  precision: Precision = 'fp32',
  { script, signal }: TrialOptions = {},
): Promise<DeviceTrial> {
  const refused = (reason: string, remedy = PROVIDERS[device.name].remedy) =>
    ({ device, runs: false, reason, remedy }) as const
  const gap = platformGap(device.name)
  if (gap !== undefined) return refused(gap, 'choose another device')
  const request = {
    device,
    ...(await deviceSession(network, precision)),
    // This process makes the folder and removes it, because a process that crashes cannot remove it.
    profileFolder: await makeTemporaryFolder(),
  }
  let opened: DeviceProcess | undefined
  try {
    throwIfStopped(signal)
    opened = await startDeviceProcess(request, script, signal)
    const milliseconds = await millisecondsOfBatch(opened, network)
    const strayed = strayReason(device, await opened.placement())
    if (strayed !== undefined) return refused(strayed)
    const adapter = adapterOf(device, opened)
    return { device, runs: true, adapter, software: softwareAdapter(device, adapter), milliseconds }
  } catch (error) {
    throwIfStopped(signal)
    if (!(error instanceof ProcessFailure)) throw error
    return refused(error.message)
  } finally {
    await opened?.close()
    await rm(request.profileFolder, { recursive: true, force: true })
  }
}

/** Returns the time of the second batch. The first one takes longer, because the device compiles the network. */
async function millisecondsOfBatch(opened: DeviceProcess, network: Network): Promise<number> {
  const task = sceneTask(network, TRIAL_SCENE)
  const parts = [{ task, offsets: new Int32Array(2 * (network.input.batch ?? 1)) }]
  await opened.run(parts)
  const start = performance.now()
  await opened.run(parts)
  return performance.now() - start
}

/** Reason why a device counts as unusable although the network ran: the processor did the heavy work. */
export function strayReason({ name }: Device, { operators, heavy }: Placement): string | undefined {
  const { isProcessor, profileName } = PROVIDERS[name]
  if (isProcessor) return undefined
  const onProcessor = heavy[PROVIDERS.cpu.profileName] ?? 0
  const all = Object.values(heavy).reduce((sum, count) => sum + count, 0)
  if (operators[profileName] === undefined) return 'ONNX Runtime ran no operator on it'
  if (onProcessor > 0)
    return `ONNX Runtime ran ${onProcessor} of ${all} convolutions and matrix products on the processor`
  return undefined
}

function adapterOf({ name, index }: Device, { adapter }: DeviceProcess): string | null {
  const { isProcessor, isNvidia, namesAdapter } = PROVIDERS[name]
  if (isProcessor) return processorName()
  if (isNvidia) return nvidiaModels()[index] ?? null
  return namesAdapter ? adapter : null
}

function softwareAdapter({ name }: Device, adapter: string | null): boolean | null {
  const { isProcessor, isNvidia } = PROVIDERS[name]
  if (isProcessor || isNvidia) return false
  return adapter === null ? null : isSoftware(adapter)
}

export function deviceError({ device, reason, remedy }: DeviceTrial & { runs: false }): DeviceError {
  return DeviceError.of`device ${deviceText(device)} is not usable: ${reason}; ${remedy}, or use \`device cpu\``
}

/** Formats a device as the user writes it, such as `cuda:1`. `parseDevice` reads this text. */
export function deviceText({ name, index }: Device): string {
  return index > 0 ? `${name}:${index}` : name
}
