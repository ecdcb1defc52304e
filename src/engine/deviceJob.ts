import { featureOutput, type Network, type Precision } from '../networks/index.js'
import type { Device } from './device.js'
import type { FeatureMemory } from './deviceMemory.js'
import type { SceneRequest } from './deviceMessages.js'
import { DeviceFailure, type DeviceProcess, startDeviceProcess } from './deviceProcess.js'
import type { ExtractionOptions } from './pool.js'
import type { Settings } from './task.js'

/** A unit is begun again on a device this often before the device is given up. */
const MAX_FAILURES = 3

/** Batches that a process has at a time: one is computed while the features of the other are put away. */
const IN_FLIGHT = 2

const TOO_LARGE =
  /out[ _]?of[ _]?.*memory|bad_alloc|failed to allocate|alloc(ation)?_failed|too many storage buffers|max buffer size/i

/** Whether it is what drivers and ONNX Runtime say when a batch is too large for a device, its memory or its bindings. */
export function isTooLarge(reason: string): boolean {
  return TOO_LARGE.test(reason)
}

/** What a device's pool needs to start, and what it does when the device fails. */
export interface DevicePlan {
  readonly network: Network
  /** Each gets a process of its own; the same one may be named more than once. */
  readonly devices: readonly Device[]
  /** `workers` is the number of devices. */
  readonly settings: Settings
  /** In which the devices compute; float32 by default, and always on the processor. */
  readonly precision?: Precision
  /** Whether the pool is to have `compare`. */
  readonly compares?: boolean
  /** How the processor computes what the devices fail at. */
  readonly processor: Settings
  /** One line for the user. */
  readonly onNote: (line: string) => void
  /** As in `startDeviceProcess`. */
  readonly script?: string
  /** Where features are put; tests give memory that is not shared, as on other systems. */
  readonly memory?: FeatureMemory
}

/** The state of a pool: what is open, and what was learned. */
export interface Devices {
  readonly plan: DevicePlan
  readonly graph: string
  /** One a device; undefined before it is started, and after it failed. */
  readonly processes: (DeviceProcess | undefined)[]
  readonly memory: FeatureMemory
  batch: number
  failure: string | undefined
}

/** Positions of one scene as all processes see them. */
interface Job {
  readonly scene: SceneRequest
  readonly offsets: Int32Array
  /** Computes a batch whose first position is `first`, and puts away what comes of it. */
  readonly compute: (process: DeviceProcess, chosen: Int32Array, first: number) => Promise<void>
  readonly options: ExtractionOptions
}

/** How far a job is. */
interface JobState {
  /** By position: whether what is computed of it stands. */
  readonly done: Uint8Array
  /** Positions of this round, by the first of each batch. */
  queue: number[]
}

/**
 * Computes all positions of a job, batch by batch.
 * @returns how many positions, counted from the first, are finished
 * @throws DeviceFailure when the devices failed too often
 */
export async function runJob(devices: Devices, job: Job): Promise<number> {
  const positions = job.offsets.length / 2
  const state: JobState = { done: new Uint8Array(positions), queue: [] }
  let failures = 0
  while (!job.options.signal?.aborted && state.done.includes(0)) {
    const failure = await round(devices, job, state)
    if (failure === undefined) continue
    if (halveBatch(devices, failure)) continue
    failures++
    if (failures === MAX_FAILURES) throw failure
  }
  const first = state.done.indexOf(0)
  return first === -1 ? positions : first
}

export async function closeProcesses({ processes }: Devices): Promise<void> {
  await Promise.all(processes.map((one) => one?.close()))
  processes.fill(undefined)
}

/** What a plan's devices are called. */
export function namesOf({ devices }: DevicePlan): string {
  return [...new Set(devices.map(({ name }) => name))].join(', ')
}

/** Lets all processes work until no position is left or one of them fails, and gives the failure. */
async function round(devices: Devices, job: Job, state: JobState): Promise<DeviceFailure | undefined> {
  const { done } = state
  state.queue = []
  for (let first = done.indexOf(0); first !== -1; first = done.indexOf(0, first + devices.batch))
    state.queue.push(first)
  const ends = await Promise.allSettled(devices.processes.map((_, i) => workOn(devices, i, job, state)))
  const failed = ends.find((end) => end.status === 'rejected')
  if (failed === undefined) return undefined
  if (failed.reason instanceof DeviceFailure) return failed.reason
  throw failed.reason
}

async function workOn(devices: Devices, index: number, job: Job, state: JobState): Promise<void> {
  try {
    devices.processes[index] ??= await startProcess(devices, index)
    const opened = devices.processes[index]
    opened.setScene(job.scene)
    await Promise.all(Array.from({ length: IN_FLIGHT }, () => takeBatches(devices, opened, job, state)))
  } catch (error) {
    state.queue = []
    await devices.processes[index]?.close()
    devices.processes[index] = undefined
    throw error
  }
}

function startProcess({ plan, graph, memory }: Devices, index: number): Promise<DeviceProcess> {
  const { network, precision = 'fp32', compares = false } = plan
  const request = {
    device: plan.devices[index] as Device,
    graph,
    input: network.input,
    outputs: network.layers.map(({ name }) => featureOutput(name, precision)),
    compared: compares ? network.layers : [],
  }
  return startDeviceProcess(request, memory.descriptors, plan.script)
}

/** A short last batch is filled up with its last position: every forward pass has the same shape. */
async function takeBatches(
  { batch }: Devices,
  opened: DeviceProcess,
  { offsets, compute, options }: Job,
  state: JobState,
): Promise<void> {
  const { done } = state
  const last = done.length - 1
  for (let first = state.queue.shift(); first !== undefined; first = state.queue.shift()) {
    if (options.signal?.aborted) return
    const chosen = new Int32Array(batch * 2)
    for (let i = 0; i < batch; i++) {
      const position = Math.min(first + i, last)
      chosen.set(offsets.subarray(position * 2, position * 2 + 2), i * 2)
    }
    // The last of them may stand already. A process that dies while it writes leaves nothing of any.
    done.fill(0, first, first + batch)
    await compute(opened, chosen, first)
    done.fill(1, first, first + batch)
    options.onImages?.(done.reduce((sum, one) => sum + one, 0))
  }
}

/** Whether the batch was too large and a smaller one is left to try. */
function halveBatch(devices: Devices, failure: DeviceFailure): boolean {
  const { plan } = devices
  if (!isTooLarge(failure.message) || devices.batch === 1 || plan.network.input.batch !== null) return false
  const smaller = Math.floor(devices.batch / 2)
  plan.onNote(`${namesOf(plan)} cannot take batches of ${devices.batch}; going on with ${smaller}`)
  devices.batch = smaller
  return true
}
