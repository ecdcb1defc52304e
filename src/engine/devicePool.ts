import { DeviceError } from '../errors.js'
import { compositingGraph, featureOutput, type Network, type Precision } from '../networks/index.js'
import type { Device } from './device.js'
import { type FeatureMemory, MATRIX_SETS, type Matrices, openFeatureMemory } from './deviceMemory.js'
import { DeviceFailure, type DeviceProcess, startDeviceProcess } from './deviceProcess.js'
import { type ExtractionOptions, type ExtractionPool, type Features, openPool } from './pool.js'
import { type SceneArrays, sceneArrays } from './sceneTensors.js'
import type { Scene, Settings } from './task.js'

/** A unit is begun again on a device this often before it goes to the processor. */
const MAX_FAILURES = 3

/** Batches that a process has at a time: one is computed while the features of the other are put away. */
const IN_FLIGHT = 2

/** What drivers and ONNX Runtime say when a batch is too large for a device, its memory or its bindings. */
const TOO_LARGE =
  /out of .*memory|out_of_.*memory|e_outofmemory|bad_alloc|failed to allocate|too many storage buffers|max buffer size/i

/** What a device's pool needs to start, and what it does when the device fails. */
export interface DevicePlan {
  readonly network: Network
  /** Each gets a process of its own; the same one may be named more than once. */
  readonly devices: readonly Device[]
  /** `workers` is the number of devices. */
  readonly settings: Settings
  /** In which the devices compute; float32 by default, and always on the processor. */
  readonly precision?: Precision
  /** How the processor computes what the devices fail at. */
  readonly processor: Settings
  /** One line for the user. */
  readonly onNote: (line: string) => void
  /** As in `startDeviceProcess`. */
  readonly script?: string
  /** Where features are put; tests give memory that is not shared, as on other systems. */
  readonly memory?: FeatureMemory
}

/** A pool of processes that hold one network on devices. */
export interface DevicePool extends ExtractionPool {
  /** Why the processor took over; undefined while the devices work. */
  readonly failure: string | undefined
  /** Takes batches of so many images from now on; never those of the processor. */
  useBatch(batch: number): void
}

/** The state of a pool: what is open, and what was learned. */
interface Devices {
  readonly plan: DevicePlan
  readonly graph: string
  /** One a device; undefined before it is started, and after it failed. */
  readonly processes: (DeviceProcess | undefined)[]
  readonly memory: FeatureMemory
  batch: number
  failure: string | undefined
}

/**
 * Opens a network on devices. Images are composited there: a scene and offsets go up, features come back. Where memory
 * does not suffice, batches are halved; a device that is lost is opened again, and at last the processor does the unit
 * from its beginning, and all that follow; not so where float16 was asked for, which is another result.
 */
export async function openDevicePool(plan: DevicePlan): Promise<DevicePool> {
  const devices: Devices = {
    plan,
    graph: await compositingGraph(plan.network, plan.precision),
    processes: plan.devices.map(() => undefined),
    memory: plan.memory ?? openFeatureMemory(),
    batch: plan.settings.batch,
    failure: undefined,
  }
  let processor: ExtractionPool | undefined
  const extract = async (scene: Scene, offsets: Int32Array, options: ExtractionOptions = {}): Promise<Features> => {
    if (processor === undefined) {
      try {
        return await extractOnDevices(devices, scene, offsets, options)
      } catch (error) {
        if (!(error instanceof DeviceFailure)) throw error
        if (plan.precision === 'fp16')
          throw new DeviceError(
            `${namesOf(plan)} failed: ${error.message}; run the same command again, or use --precision fp32, which the processor can take over`,
          )
        devices.failure = error.message
        plan.onNote(
          `${namesOf(plan)} failed (${error.message}); the processor does this unit again and all that follow`,
        )
        await closeDevices(devices)
        processor = openPool(plan.network, plan.processor)
      }
    }
    return processor.extract(scene, offsets, options)
  }
  return {
    network: plan.network,
    get settings() {
      return processor?.settings ?? { ...plan.settings, batch: devices.batch }
    },
    get failure() {
      return devices.failure
    },
    get buffers() {
      return processor?.buffers ?? MATRIX_SETS
    },
    useBatch: (batch) => {
      devices.batch = batch
    },
    extract,
    close: async () => {
      await closeDevices(devices)
      await processor?.close()
    },
  }
}

function namesOf({ devices }: DevicePlan): string {
  return [...new Set(devices.map(({ name }) => name))].join(', ')
}

async function closeDevices({ processes, memory }: Devices): Promise<void> {
  await Promise.all(processes.map((one) => one?.close()))
  processes.fill(undefined)
  memory.close()
}

/** One extraction as all processes see it. */
interface Job {
  readonly scene: SceneArrays
  readonly offsets: Int32Array
  /** With rows for a last batch that is filled up. */
  readonly matrices: Matrices
  /** By position: whether its features stand. */
  readonly done: Uint8Array
  /** Positions of this round, by the first of each batch. */
  queue: number[]
  readonly options: ExtractionOptions
}

/** @throws DeviceFailure when the devices failed too often */
async function extractOnDevices(
  devices: Devices,
  scene: Scene,
  offsets: Int32Array,
  options: ExtractionOptions,
): Promise<Features> {
  const { network } = devices.plan
  const positions = offsets.length / 2
  const matrices = devices.memory.matrices(network.layers, positions + devices.batch)
  const job: Job = {
    scene: sceneArrays(scene, network.input),
    offsets,
    matrices,
    done: new Uint8Array(positions),
    queue: [],
    options,
  }
  let failures = 0
  while (!options.signal?.aborted && job.done.includes(0)) {
    const failure = await round(devices, job)
    if (failure === undefined) continue
    if (halveBatch(devices, failure)) continue
    failures++
    if (failures === MAX_FAILURES) throw failure
  }
  const layers = network.layers.map(({ name, dims }, i) => ({
    name,
    dims,
    matrix: (matrices.values[i] as Float32Array).subarray(0, positions * dims),
  }))
  const first = job.done.indexOf(0)
  return { layers, finished: first === -1 ? positions : first }
}

/** Lets all processes work until no position is left or one of them fails, and gives the failure. */
async function round(devices: Devices, job: Job): Promise<DeviceFailure | undefined> {
  job.queue = []
  for (let first = job.done.indexOf(0); first !== -1; first = job.done.indexOf(0, first + devices.batch))
    job.queue.push(first)
  const ends = await Promise.allSettled(devices.processes.map((_, i) => workOn(devices, i, job)))
  const failed = ends.find((end) => end.status === 'rejected')
  if (failed === undefined) return undefined
  if (failed.reason instanceof DeviceFailure) return failed.reason
  throw failed.reason
}

async function workOn(devices: Devices, index: number, job: Job): Promise<void> {
  try {
    devices.processes[index] ??= await startProcess(devices, index)
    const opened = devices.processes[index]
    opened.setScene(job.scene, job.matrices.places)
    await Promise.all(Array.from({ length: IN_FLIGHT }, () => takeBatches(devices, opened, job)))
  } catch (error) {
    job.queue = []
    await devices.processes[index]?.close()
    devices.processes[index] = undefined
    throw error
  }
}

function startProcess({ plan, graph, memory }: Devices, index: number): Promise<DeviceProcess> {
  const request = {
    device: plan.devices[index] as Device,
    graph,
    input: plan.network.input,
    outputs: plan.network.layers.map(({ name }) => featureOutput(name, plan.precision ?? 'fp32')),
    profiled: false,
  }
  return startDeviceProcess(request, memory.descriptors, plan.script)
}

/** A short last batch is filled up with its last position: every forward pass has the same shape. */
async function takeBatches({ batch }: Devices, opened: DeviceProcess, job: Job): Promise<void> {
  const { offsets, done, options } = job
  const last = done.length - 1
  for (let first = job.queue.shift(); first !== undefined; first = job.queue.shift()) {
    if (options.signal?.aborted) return
    const chosen = new Int32Array(batch * 2)
    for (let i = 0; i < batch; i++) {
      const position = Math.min(first + i, last)
      chosen.set(offsets.subarray(position * 2, position * 2 + 2), i * 2)
    }
    // The last of them may stand already. A process that dies while it writes leaves nothing of any.
    done.fill(0, first, first + batch)
    await computeBatch(opened, job.matrices, chosen, first)
    done.fill(1, first, first + batch)
    options.onImages?.(done.reduce((sum, one) => sum + one, 0))
  }
}

/** Puts the features of a batch into the matrices, from the row of its first position on. */
async function computeBatch(
  opened: DeviceProcess,
  { values, places }: Matrices,
  chosen: Int32Array,
  first: number,
): Promise<void> {
  if (places !== undefined) return opened.write(chosen, first)
  const images = chosen.length / 2
  for (const [i, features] of (await opened.run(chosen)).entries())
    values[i]?.set(features, first * (features.length / images))
}

/** Whether the batch was too large and a smaller one is left to try. */
function halveBatch(devices: Devices, failure: DeviceFailure): boolean {
  const { plan } = devices
  if (!TOO_LARGE.test(failure.message) || devices.batch === 1 || plan.network.input.batch !== null) return false
  const smaller = Math.floor(devices.batch / 2)
  plan.onNote(`${namesOf(plan)} cannot take batches of ${devices.batch}; going on with ${smaller}`)
  devices.batch = smaller
  return true
}
