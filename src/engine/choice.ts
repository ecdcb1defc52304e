import { DeviceError, UsageError } from '../errors.js'
import { type Network, PRECISIONS, type Precision } from '../networks/index.js'
import { availableCores } from '../support/machine.js'
import {
  type Device,
  type DeviceRequest,
  devicesOf,
  type GpuName,
  mayHaveGpu,
  processorName,
  providerName,
} from './device.js'
import { COMPOSITING, type Compositing } from './deviceNames.js'
import { type DeviceTrial, deviceError, deviceText, tryDevice } from './deviceTrial.js'
import { type DevicePlan, type NetworkHandle, openDevices, openThreads } from './handle.js'
import { checkNoise, measureNoiseFloor, type NoiseFloor } from './noiseFloor.js'
import type { ReuseChoice, ReuseRecord } from './reuse/record.js'
import {
  candidateSettings,
  chooseSettings,
  imagesPerSecond,
  type MeasuredSettings,
  reuseSettings,
  type WishedSettings,
  WORTH_A_TRIAL,
} from './settings.js'
import type { Scene, Settings } from './task.js'
import { freeVideoMemory, hasRoomForTwice } from './videoMemory.js'

/** A network opened on the device that was chosen for it. */
export interface Execution {
  readonly handle: NetworkHandle
  readonly settings: MeasuredSettings
  /** What ran so far, for the results. */
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
  /** Where objects were drawn into images: in the addon (`native`) or in the network's `graph`. */
  readonly compositing: Compositing
  /** The device's name in the operating system or driver; null if unknown. */
  readonly adapter: string | null
  /** Difference from the processor's features; absent with `native` compositing. */
  readonly noiseFloor?: NoiseFloor
  /** Values that images shared, per patch size; absent with `reuse: 'off'`. */
  readonly reuse?: readonly ReuseRecord[]
  /** Why the GPU failed and the processor took over; absent if no GPU failed. */
  readonly failure?: string
}

/** What is to be computed, and how it may be. */
export interface ExecutionPlan {
  readonly network: Network
  /** One of the scenes to come. */
  readonly scene: Scene
  /** How many images are to come. */
  readonly images: number
  readonly request: DeviceRequest
  readonly wished: WishedSettings
  /** float32 by default; float16 on GPUs alone. */
  readonly precision?: Precision
  /** `native` by default; GPUs have `graph` alone. */
  readonly compositing?: Compositing
  /** `auto` by default. */
  readonly reuse?: ReuseChoice
  /** Whether comparisons with the anchors are all that is needed; a GPU then makes them. */
  readonly compares?: boolean
  /** One line for the user. */
  readonly onNote: (line: string) => void
  /** Ends trials. */
  readonly signal?: AbortSignal
}

/** What `auto` looks for, best first. */
const AUTO: readonly GpuName[] = ['cuda', 'webgpu']

/** Batches that are tried on a GPU, one after the other while each is faster than the one before. */
const BATCHES = [32, 64, 128, 256, 512, 1024]

/** TensorRT builds an engine for every size of batch, which takes minutes. */
const TENSORRT_BATCHES = [32, 128]

/** A larger batch, which takes more memory, has to be so many times as fast. */
const WORTH_A_LARGER_BATCH = 1.03

/**
 * Opens a network on the device that is asked for. `auto` is the processor, unless the work is long and a real GPU is
 * measured to be faster.
 * @throws DeviceError when the device is missing, crashes, or leaves its work to the processor; UsageError for threads
 * on a GPU, or other wishes that cannot be; the signal's reason once it was given
 */
export async function openExecution(plan: ExecutionPlan): Promise<Execution> {
  const { network, scene, images, request, wished, onNote, signal } = plan
  checkPrecision(request, plan.precision)
  checkCompositing(request, plan.compositing)
  if (request.name === 'auto' || (request.name === 'cpu' && plan.compositing !== 'graph')) {
    const settings = await chooseSettings(network, scene, images, wished, signal)
    const { imagesPerSecond } = settings
    const isLong = imagesPerSecond !== null && images / imagesPerSecond >= WORTH_A_TRIAL
    // Workers and threads are the processor's; whoever sets them means it.
    const isFree = request.name === 'auto' && wished.workers === undefined && wished.threads === undefined
    const faster = isLong && isFree && mayHaveGpu() ? await fasterGpu(plan, settings) : undefined
    return faster ?? processorExecution(plan, settings)
  }
  if (wished.threads !== undefined)
    throw new UsageError(
      `\`threads\` is for compositing outside the network's graph, on the processor; leave it out with ${request.name === 'cpu' ? '`compositing graph`' : `\`device ${request.name}\``}`,
    )
  const trials = await deviceTrials(request, network, plan.precision, onNote, signal)
  for (const { adapter, software } of trials)
    if (software)
      onNote(`${request.name} runs on ${adapter}, which computes on the processor; \`device cpu\` is faster`)
  return deviceExecution(plan, trials)
}

/** @throws UsageError for float16 without a GPU's name: the processor would only be slower with it */
export function checkPrecision({ name }: DeviceRequest, precision: Precision = 'fp32'): void {
  if (!PRECISIONS.includes(precision))
    throw new UsageError(`precision ${precision} is not known; use ${PRECISIONS.join(', ')}`)
  if (precision === 'fp32' || (name !== 'auto' && name !== 'cpu')) return
  throw new UsageError(`\`precision ${precision}\` is for GPUs; name one with \`device\`, or leave it out`)
}

/** @throws UsageError for a place that the device does not have */
export function checkCompositing({ name }: DeviceRequest, compositing: Compositing | undefined): void {
  if (compositing === undefined) return
  if (!COMPOSITING.includes(compositing))
    throw new UsageError(`compositing ${compositing} is not known; use ${COMPOSITING.join(' or ')}`)
  if (name === 'auto')
    throw new UsageError('`compositing` needs the name of a device: give `device cpu`, or leave it out')
  if (compositing === 'native' && name !== 'cpu')
    throw new UsageError(
      `with \`device ${name}\` images are composited in the network's graph; leave \`compositing\` out`,
    )
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
 * Trials of the devices that a request stands for and that passed them; of several cards some may be unfit.
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

function processorExecution(
  { network, wished, reuse = 'auto', onNote }: ExecutionPlan,
  settings: MeasuredSettings,
): Execution {
  const { workers, threads, batch } = settings
  const reusing = reuse === 'off' ? undefined : { settings: reuseSettings(network, settings, wished), onNote }
  const handle = openThreads(network, { workers, threads, batch }, undefined, reusing)
  return {
    handle,
    settings,
    ran: () => ({
      device: 'cpu',
      executionProvider: providerName('cpu'),
      precision: 'fp32',
      compositing: 'native',
      adapter: processorName(),
      ...(reuse !== 'off' && { reuse: handle.reused() }),
    }),
  }
}

/** The first provider that runs on a real GPU and is faster than the processor: never on a software adapter. */
export async function fasterGpu(plan: ExecutionPlan, processor: MeasuredSettings): Promise<Execution | undefined> {
  for (const name of AUTO) {
    const all = await tryAll(devicesOf(name, null), plan.network, 'fp32', plan.signal)
    const trials = all.filter((trial) => trial.runs).filter(({ software }) => software === false)
    if (trials.length === 0) continue
    try {
      const execution = await deviceExecution(plan, trials)
      if ((execution.settings.imagesPerSecond ?? 0) > (processor.imagesPerSecond ?? 0)) return execution
      await execution.handle.close()
    } catch (error) {
      if (!(error instanceof DeviceError)) throw error
    }
  }
  return undefined
}

/** @throws DeviceError when a device fails that passed its trial */
async function deviceExecution(plan: ExecutionPlan, trials: readonly PassedTrial[]): Promise<Execution> {
  const { network, scene, onNote } = plan
  const devices = trials.map(({ device }) => device)
  const name = (devices[0] as Device).name
  const [processor] = candidateSettings(network, {}, availableCores()) as [Settings, ...Settings[]]
  // The trials of batches compute every image by itself.
  let reuses = false
  const { handle, rate } = await fastestBatch(plan, devices, processor, () => reuses)
  reuses = plan.reuse !== 'off'
  try {
    const noiseFloor = await measureNoiseFloor(network, scene, handle, processor)
    checkWorking(name, handle)
    checkNoise(name, noiseFloor, plan.precision)
    const adapters = [...new Set(trials.map(({ adapter }) => adapter))].join(', ') || null
    const largest = Math.max(...Object.values(noiseFloor.relative))
    onNote(
      `${network.id} on ${name} (${adapters ?? 'adapter not named'}): ${plan.precision ?? 'fp32'} features within ${largest.toExponential(1)} of the processor's`,
    )
    return {
      handle,
      settings: { ...handle.settings, imagesPerSecond: rate },
      ran: () => ({
        device: name,
        executionProvider: providerName(name),
        precision: plan.precision ?? 'fp32',
        compositing: 'graph',
        adapter: adapters,
        noiseFloor,
        ...(plan.reuse !== 'off' && { reuse: handle.reused() }),
        ...(handle.failure !== undefined && { failure: handle.failure }),
      }),
    }
  } catch (error) {
    await handle.close()
    throw error
  }
}

/**
 * Opens a network and lets it take larger batches while the work is long enough for a trial, the devices have room, and each
 * batch is faster than the one before.
 */
async function fastestBatch(
  plan: ExecutionPlan,
  devices: readonly Device[],
  processor: Settings,
  reuses: () => boolean,
): Promise<{ readonly handle: NetworkHandle; readonly rate: number }> {
  const { network, scene, images, wished, signal } = plan
  const [first, ...larger] = deviceSettings(network, wished, devices) as [Settings, ...Settings[]]
  const open = (settings: Settings) => openDevices({ ...devicePlan(plan, devices, settings, processor), reuses })
  const freeMemory = () => Promise.all(devices.map((device) => freeVideoMemory(device)))
  const freeBefore = await freeMemory()
  let handle = await open(first)
  try {
    let rate = await imagesPerSecond(handle, scene, signal)
    checkWorking((devices[0] as Device).name, handle)
    for (const settings of larger) {
      if (images / rate < WORTH_A_TRIAL || !hasRoomForTwice(freeBefore, await freeMemory())) break
      const { batch } = handle.settings
      handle.useBatch(settings.batch)
      const faster = await imagesPerSecond(handle, scene, signal)
      if (handle.failure !== undefined) {
        await handle.close()
        handle = await open({ ...first, batch })
        break
      }
      const isBetter = handle.settings.batch === settings.batch && faster > rate * WORTH_A_LARGER_BATCH
      if (!isBetter) {
        handle.useBatch(batch)
        break
      }
      rate = faster
    }
    return { handle, rate }
  } catch (error) {
    await handle.close()
    throw error
  }
}

function devicePlan(
  { network, precision = 'fp32', compares = false, onNote }: ExecutionPlan,
  devices: readonly Device[],
  settings: Settings,
  processor: Settings,
): DevicePlan {
  const each = Array.from({ length: settings.workers }, (_, i) => devices[i % devices.length] as Device)
  return { network, devices: each, settings, precision, compares, processor, onNote }
}

/**
 * Batches to try on some devices, each with one worker unless more are wished; the first is for short work.
 * @throws UsageError as `candidateSettings` does
 */
export function deviceSettings(
  network: Network,
  wished: WishedSettings,
  devices: readonly Device[],
): readonly Settings[] {
  const [first] = candidateSettings(network, wished, devices.length) as [Settings, ...Settings[]]
  const isFixed = wished.batch !== undefined || network.input.batch !== null
  const tried = devices.some(({ name }) => name === 'tensorrt') ? TENSORRT_BATCHES : BATCHES
  const batches = isFixed ? [first.batch] : tried
  return batches.map((batch) => ({ workers: wished.workers ?? devices.length, threads: 1, batch }))
}

function checkWorking(name: Device['name'], { failure }: Pick<NetworkHandle, 'failure'>): void {
  if (failure !== undefined) throw new DeviceError(`device ${name} failed: ${failure}; use \`device cpu\``)
}
