import { DeviceError, UsageError, words } from '../../errors.js'
import type { Wording } from '../../message.js'
import type { Network, Precision } from '../../network.js'
import { type Device, type DeviceRequest, devicesOf, mayHaveGpu } from '../devices/device.js'
import { PROVIDERS, TRIED_BY_AUTO } from '../devices/providers.js'
import { freeVideoMemory, hasRoomForTwice } from '../devices/videoMemory.js'
import { BatchFailure } from '../features/batchFailure.js'
import { openDevicePool, type WorkerPool } from '../queue/workerPool.js'
import type { ReuseChoice } from '../reuse/record.js'
import type { Scene, Settings } from '../scene/task.js'
import { type DeviceTrial, deviceError, deviceText, tryDevice } from './deviceTrial.js'
import { deviceHandle, type NetworkHandle, openThreads } from './handle.js'
import { checkNoise, measureNoiseFloor } from './noiseFloor.js'
import { chooseSettings, imagesPerSecond, processorRate, type WishedSettings } from './settings.js'

export interface ExecutionRequest {
  readonly network: Network
  /** A scene for measuring speed and precision. Any scene of the work will do. */
  readonly scene: Scene
  /** Number of images in the whole work. */
  readonly images: number
  readonly request: DeviceRequest
  readonly wished: WishedSettings
  readonly reuse?: ReuseChoice
  readonly onNote: (line: Wording) => void
  /** Stops the trials of devices and the measurements of speed. */
  readonly signal?: AbortSignal
}

/** If the work takes fewer seconds than this, trying a GPU or a larger batch is not worth it. */
const WORTH_A_TRIAL = 60

/** If each worker gets fewer batches than this, the work takes less time than measuring the processor's speed. */
const FEWEST_BATCHES = 8

/** A larger batch takes more memory, so it is used only if it is at least this many times as fast. */
const WORTH_A_LARGER_BATCH = 1.03

/**
 * Opens a network on the requested device. `auto` is the processor, unless the work is long and a GPU is faster.
 * @throws DeviceError if the device is missing, crashes, or leaves operators to the processor
 * @throws UsageError if `threads` is set for a GPU, or if other settings are impossible
 */
export async function openExecution(execution: ExecutionRequest): Promise<NetworkHandle> {
  const { network, request, wished, onNote, signal } = execution
  if (request.name === 'auto' || PROVIDERS[request.name].isProcessor) {
    const settings = chooseSettings(network, execution.images, wished)
    // A user who sets the number of workers or threads has the processor in mind, so no GPU is tried.
    const isFree = request.name === 'auto' && wished.workers === undefined && wished.threads === undefined
    const faster = isFree && mayHaveGpu() ? await fasterGpu(execution, settings) : undefined
    return faster ?? openProcessor(execution, settings)
  }
  if (wished.threads !== undefined)
    throw UsageError.of`\`threads\` works only on the processor; leave it out, or use \`device cpu\``
  const trials = await requiredTrials(request, network, signal, onNote)
  for (const { adapter, software } of trials)
    if (software)
      onNote(
        words`${request.name} runs on ${adapter}, which is not a GPU but computes on the processor; \`device cpu\` is faster`,
      )
  return openDevices(execution, trials)
}

type PassedTrial = DeviceTrial & { runs: true }

/**
 * Tries the requested GPUs, and returns those that run the network. `auto` and `cpu` request none. It is also called
 * before anything is written, so that an unusable GPU is reported at once.
 * @throws DeviceError if no requested GPU runs the network
 */
export async function requiredTrials(
  { name, index, precision }: DeviceRequest,
  network: Network,
  signal?: AbortSignal,
  onNote: (line: Wording) => void = () => undefined,
): Promise<readonly PassedTrial[]> {
  if (name === 'auto' || PROVIDERS[name].isProcessor) return []
  const trials = await tryAll(devicesOf(name, index), network, precision, signal)
  const passed = trials.filter((trial) => trial.runs)
  for (const trial of trials.filter((trial) => !trial.runs)) {
    if (passed.length === 0) throw deviceError(trial)
    onNote(`skipping device ${deviceText(trial.device)}: ${trial.reason}`)
  }
  return passed
}

function tryAll(
  devices: readonly Device[],
  network: Network,
  precision: Precision,
  signal: AbortSignal | undefined,
): Promise<readonly DeviceTrial[]> {
  return Promise.all(devices.map((device) => tryDevice(device, network, precision, { signal })))
}

function openProcessor(
  { network, wished, reuse = 'auto', onNote }: ExecutionRequest,
  settings: Settings,
): NetworkHandle {
  // Only calls with many images reuse values. The workers for reuse therefore get the settings for many images, even if
  // the handle's first call has few images.
  const many = chooseSettings(network, Number.POSITIVE_INFINITY, wished)
  return openThreads(network, settings, { onNote, reusing: reuse === 'off' ? undefined : many })
}

async function fasterGpu(execution: ExecutionRequest, settings: Settings): Promise<NetworkHandle | undefined> {
  const { network, scene, images, signal } = execution
  if (images < FEWEST_BATCHES * settings.workers * settings.batch) return undefined
  const rate = await processorRate(network, scene, settings, signal)
  return images / rate < WORTH_A_TRIAL ? undefined : gpuFasterThan(execution, rate)
}

/** Opens the first GPU that is faster than `processor` images per second. GPUs emulated in software are left out. */
export async function gpuFasterThan(
  execution: ExecutionRequest,
  processor: number,
): Promise<NetworkHandle | undefined> {
  for (const name of TRIED_BY_AUTO) {
    const all = await tryAll(devicesOf(name, null), execution.network, 'fp32', execution.signal)
    const trials = all.filter((trial) => trial.runs).filter(({ software }) => software === false)
    if (trials.length === 0) continue
    try {
      const handle = await openDevices(execution, trials)
      if (handle.rate !== null && handle.rate > processor) return handle
      await handle.close()
    } catch (error) {
      if (!(error instanceof DeviceError)) throw error
    }
  }
  return undefined
}

/**
 * @throws DeviceError if a device fails here although its trial passed. If it fails later, the processor takes over,
 *   except with fp16.
 */
async function openDevices(execution: ExecutionRequest, trials: readonly PassedTrial[]): Promise<NetworkHandle> {
  const { network, scene, wished, onNote } = execution
  const { precision } = execution.request
  const devices = trials.map(({ device }) => device)
  const { name } = devices[0]!
  const processor = chooseSettings(network, execution.images)
  const [batch, ...larger] = deviceBatches(network, wished, devices)
  const each = Array.from({ length: wished.workers ?? devices.length }, (_, i) => devices[i % devices.length]!)
  const pool = await openDevicePool({ network, devices: each, batch, precision, onNote })
  try {
    const rate = await fastestBatch(execution, pool, devices, larger)
    const noiseFloor = await measureNoiseFloor(pool, scene, processor)
    checkNoise(name, noiseFloor, precision)
    const adapter = [...new Set(trials.map(({ adapter }) => adapter))].join(', ') || null
    const largest = Math.max(...Object.values(noiseFloor.relative))
    onNote(
      `${network.id} on ${name} (${adapter ?? 'adapter not named'}): ${precision} features differ from the processor's by at most ${largest.toExponential(1)} (relative)`,
    )
    const record = { device: name, executionProvider: PROVIDERS[name].profileName, precision, adapter, noiseFloor }
    return deviceHandle(pool, { processor, rate, record })
  } catch (error) {
    await pool.workers.close()
    if (!(error instanceof BatchFailure)) throw error
    throw DeviceError.of`device ${name} failed: ${error.message}; use \`device cpu\``
  }
}

/** Tries larger and larger batches, sets the fastest size in `pool`, and returns its images per second. */
export async function fastestBatch(
  { scene, images, signal }: ExecutionRequest,
  pool: WorkerPool,
  devices: readonly Device[],
  larger: readonly number[],
): Promise<number> {
  const freeMemory = () => Promise.all(devices.map((device) => freeVideoMemory(device)))
  const freeBefore = await freeMemory()
  let rate = await imagesPerSecond(pool, scene, signal)
  for (const batch of larger) {
    if (images / rate < WORTH_A_TRIAL || !hasRoomForTwice(freeBefore, await freeMemory())) break
    const before = pool.batch
    pool.batch = batch
    const faster = await imagesPerSecond(pool, scene, signal).catch(noRate)
    if (pool.batch !== batch || faster <= rate * WORTH_A_LARGER_BATCH) {
      pool.batch = before
      break
    }
    rate = faster
  }
  return rate
}

/** Returns the speed 0 for a batch size at which a device failed. The next batch starts the device's process again. */
function noRate(error: unknown): number {
  if (error instanceof BatchFailure) return 0
  throw error
}

export function deviceBatches(
  network: Network,
  wished: WishedSettings,
  devices: readonly Device[],
): readonly [number, ...number[]] {
  // Each device counts as one core, because it gets one worker by default.
  const { batch } = chooseSettings(network, Number.POSITIVE_INFINITY, wished, devices.length)
  if (wished.batch !== undefined || network.input.batch !== null) return [batch]
  return PROVIDERS[devices[0]!.name].batches
}
