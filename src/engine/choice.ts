import { DeviceError, UsageError } from '../errors.js'
import type { Network, Precision } from '../networks/index.js'
import { type Crew, openDeviceCrew } from './crew.js'
import {
  checkPrecision,
  type Device,
  type DeviceRequest,
  devicesOf,
  type GpuName,
  mayHaveGpu,
  processorName,
  providerName,
} from './device.js'
import { type DeviceTrial, deviceError, deviceText, tryDevice } from './deviceTrial.js'
import { deviceHandle, type NetworkHandle, openThreads } from './handle.js'
import { checkNoise, measureNoiseFloor, type NoiseFloor } from './noiseFloor.js'
import type { ReuseChoice, ReuseRecord } from './reuse/record.js'
import { BatchFailure } from './scheduler.js'
import { chooseSettings, imagesPerSecond, processorRate, type WishedSettings } from './settings.js'
import type { Scene, Settings } from './task.js'
import { freeVideoMemory, hasRoomForTwice } from './videoMemory.js'

/** A network opened on the device that was chosen for it. */
export interface Execution {
  readonly handle: NetworkHandle
  /** Images per second of the device in its trial; null if there was none. */
  readonly rate: number | null
  /** Everything that has run so far, for the results. */
  ran(): ExecutionRecord
}

/** Device and settings that computed a network's features. */
export interface ExecutionRecord {
  /** Device that ran the network. */
  readonly device: Device['name']
  /** ONNX Runtime's name for the execution provider. */
  readonly executionProvider: string
  /** Floating-point type of the network's arithmetic: float32 (`fp32`) or float16 (`fp16`). */
  readonly precision: Precision
  /** The device's name in the operating system or driver; null if unknown. */
  readonly adapter: string | null
  /** Difference from the processor's features; absent on the processor. */
  readonly noiseFloor?: NoiseFloor
  /** Values that images shared, per patch size; absent with `reuse: 'off'` and on GPUs. */
  readonly reuse?: readonly ReuseRecord[]
  /** Why the GPU failed and the processor took over; absent if no GPU failed. */
  readonly failure?: string
}

/** The work, and how it may be done. */
export interface ExecutionPlan {
  readonly network: Network
  /** One of the scenes to come. */
  readonly scene: Scene
  /** How many images are to come. */
  readonly images: number
  readonly request: DeviceRequest
  readonly wished: WishedSettings
  /** float32 by default; float16 on GPUs only. */
  readonly precision?: Precision
  /** `auto` by default. */
  readonly reuse?: ReuseChoice
  /** One line for the user. */
  readonly onNote: (line: string) => void
  /** Ends trials. */
  readonly signal?: AbortSignal
}

/** A GPU is tried only for work that would take longer than this many seconds without the trial. */
const WORTH_A_TRIAL = 60

/** Work of fewer batches per worker than this ends before a trial would. */
const FEWEST_BATCHES = 8

/** Devices that `auto` looks for, best first. */
const AUTO: readonly GpuName[] = ['cuda', 'webgpu']

/** Batch sizes to try on a GPU, one after the other as long as each is faster than the one before. */
const BATCHES = [32, 64, 128, 256, 512, 1024] as const

/** TensorRT builds an engine for every size of batch, which takes minutes. */
const TENSORRT_BATCHES = [32, 128] as const

/** A larger batch, which takes more memory, must be this many times as fast. */
const WORTH_A_LARGER_BATCH = 1.03

/**
 * Opens a network on the device that is asked for. `auto` is the processor, unless the work is long and a real GPU is
 * measured to be faster.
 * @throws DeviceError when the device is missing, crashes, or leaves its work to the processor; UsageError for threads
 * on a GPU, or other settings that are impossible; the signal's reason once it was given
 */
export async function openExecution(plan: ExecutionPlan): Promise<Execution> {
  const { network, request, wished, onNote, signal } = plan
  checkPrecision(request, plan.precision)
  if (request.name === 'auto' || request.name === 'cpu') {
    const settings = chooseSettings(network, plan.images, wished)
    // Workers and threads exist on the processor only, so a user who sets them wants the processor.
    const isFree = request.name === 'auto' && wished.workers === undefined && wished.threads === undefined
    const faster = isFree && mayHaveGpu() ? await fasterGpu(plan, settings) : undefined
    return faster ?? processorExecution(plan, settings)
  }
  if (wished.threads !== undefined)
    throw new UsageError(`\`threads\` is for the processor; leave it out with \`device ${request.name}\``)
  const trials = await deviceTrials(request, network, plan.precision, onNote, signal)
  for (const { adapter, software } of trials)
    if (software)
      onNote(`${request.name} runs on ${adapter}, which computes on the processor; \`device cpu\` is faster`)
  return deviceExecution(plan, trials)
}

/**
 * Tries a GPU that is asked for, before anything is written; `auto` and `cpu` need no trial.
 * @throws DeviceError when it is missing, crashes, or leaves its work to the processor; the signal's reason
 */
export async function requiredTrials(
  request: DeviceRequest,
  network: Network,
  precision: Precision = 'fp32',
  signal?: AbortSignal,
): Promise<void> {
  checkPrecision(request, precision)
  if (request.name !== 'cpu') await deviceTrials(request, network, precision, () => undefined, signal)
}

type PassedTrial = DeviceTrial & { runs: true }

/**
 * The passed trials of the devices that a request stands for. If only some of several cards pass, the others are
 * skipped.
 * @throws DeviceError when none passed; the signal's reason
 */
async function deviceTrials(
  { name, index }: DeviceRequest,
  network: Network,
  precision: Precision = 'fp32',
  onNote: (line: string) => void,
  signal: AbortSignal | undefined,
): Promise<readonly PassedTrial[]> {
  if (name === 'auto') return []
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

function processorExecution({ network, wished, reuse = 'auto', onNote }: ExecutionPlan, settings: Settings): Execution {
  // Settings for many images, even if the first call has few: only calls with many images compute shared values once.
  const many = chooseSettings(network, Number.POSITIVE_INFINITY, wished)
  const reusing = reuse === 'off' ? undefined : { settings: many, onNote }
  const handle = openThreads(network, settings, undefined, reusing)
  return {
    handle,
    rate: null,
    ran: () => ({
      device: 'cpu',
      executionProvider: providerName('cpu'),
      precision: 'fp32',
      adapter: processorName(),
      ...(reuse !== 'off' && { reuse: handle.reused() }),
    }),
  }
}

/**
 * For long work, the first provider that runs on a real GPU, not on a software adapter, and is faster than the
 * processor.
 */
async function fasterGpu(plan: ExecutionPlan, settings: Settings): Promise<Execution | undefined> {
  const { network, scene, images, signal } = plan
  if (images < FEWEST_BATCHES * settings.workers * settings.batch) return undefined
  const rate = await processorRate(network, scene, settings, signal)
  return images / rate < WORTH_A_TRIAL ? undefined : gpuFasterThan(plan, rate)
}

/** @param processor images per second of the processor */
export async function gpuFasterThan(plan: ExecutionPlan, processor: number): Promise<Execution | undefined> {
  for (const name of AUTO) {
    const all = await tryAll(devicesOf(name, null), plan.network, 'fp32', plan.signal)
    const trials = all.filter((trial) => trial.runs).filter(({ software }) => software === false)
    if (trials.length === 0) continue
    try {
      const execution = await deviceExecution(plan, trials)
      if (execution.rate !== null && execution.rate > processor) return execution
      await execution.handle.close()
    } catch (error) {
      if (!(error instanceof DeviceError)) throw error
    }
  }
  return undefined
}

/**
 * Opens workers on devices, lets them take larger batches while these are faster, and compares their features with the
 * processor's. The processor takes over from the handle's devices if they fail.
 * @throws DeviceError when a device fails that passed its trial
 */
async function deviceExecution(plan: ExecutionPlan, trials: readonly PassedTrial[]): Promise<Execution> {
  const { network, scene, wished, precision = 'fp32', onNote } = plan
  const devices = trials.map(({ device }) => device)
  const name = (devices[0] as Device).name
  const processor = chooseSettings(network, plan.images)
  const [batch, ...larger] = deviceBatches(network, wished, devices)
  const each = Array.from({ length: wished.workers ?? devices.length }, (_, i) => devices[i % devices.length] as Device)
  const crew = await openDeviceCrew({ network, devices: each, batch, precision, onNote })
  try {
    const rate = await fastestBatch(plan, crew, devices, larger)
    const noiseFloor = await measureNoiseFloor(crew, scene, processor)
    checkNoise(name, noiseFloor, precision)
    const adapters = [...new Set(trials.map(({ adapter }) => adapter))].join(', ') || null
    const largest = Math.max(...Object.values(noiseFloor.relative))
    onNote(
      `${network.id} on ${name} (${adapters ?? 'adapter not named'}): ${precision} features within ${largest.toExponential(1)} of the processor's`,
    )
    const handle = deviceHandle(crew, { processor, precision })
    return {
      handle,
      rate,
      ran: () => ({
        device: name,
        executionProvider: providerName(name),
        precision,
        adapter: adapters,
        noiseFloor,
        ...(handle.failure !== undefined && { failure: handle.failure }),
      }),
    }
  } catch (error) {
    await crew.workers.close()
    if (!(error instanceof BatchFailure)) throw error
    throw new DeviceError(`device ${name} failed: ${error.message}; use \`device cpu\``)
  }
}

/**
 * Images per second of a crew, which takes larger batches while the work is long enough for a trial, the devices have room, and
 * each batch is faster than the one before.
 * @throws BatchFailure where the devices fail with the first batch
 */
export async function fastestBatch(
  { scene, images, signal }: ExecutionPlan,
  crew: Crew,
  devices: readonly Device[],
  larger: readonly number[],
): Promise<number> {
  const freeMemory = () => Promise.all(devices.map((device) => freeVideoMemory(device)))
  const freeBefore = await freeMemory()
  let rate = await imagesPerSecond(crew, scene, signal)
  for (const batch of larger) {
    if (images / rate < WORTH_A_TRIAL || !hasRoomForTwice(freeBefore, await freeMemory())) break
    const before = crew.batch
    crew.batch = batch
    const faster = await imagesPerSecond(crew, scene, signal).catch(noRate)
    if (crew.batch !== batch || faster <= rate * WORTH_A_LARGER_BATCH) {
      crew.batch = before
      break
    }
    rate = faster
  }
  return rate
}

/**
 * Returns 0 as the rate of a batch at which a device fails. The device's process is opened again with the next batch.
 */
function noRate(error: unknown): number {
  if (error instanceof BatchFailure) return 0
  throw error
}

/**
 * Batches to try on some devices; the first is for short work.
 * @throws UsageError as `candidateSettings` does
 */
export function deviceBatches(
  network: Network,
  wished: WishedSettings,
  devices: readonly Device[],
): readonly [number, ...number[]] {
  const { batch } = chooseSettings(network, Number.POSITIVE_INFINITY, wished, devices.length)
  if (wished.batch !== undefined || network.input.batch !== null) return [batch]
  return devices.some(({ name }) => name === 'tensorrt') ? TENSORRT_BATCHES : BATCHES
}
