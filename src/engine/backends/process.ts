import { ChildFailure, startChild } from '../../childProcess/child.js'
import { workerFile } from '../../files/package.js'
import { prepareEnvironment } from '../../support/machine.js'
import { oneLine } from '../../support/text.js'
import { ownScene } from '../scene.js'
import type { JobScene } from '../task.js'
import type { Backend, OpenRequest, WorkerData } from './backend.js'
import type { Placement } from './session.js'

/** Messages to the process. Each except `scene` gets one answer, in order. */
export type DeviceRequestMessage =
  | { readonly kind: 'open'; readonly request: OpenRequest }
  /** The scene of the batches that follow, without shared memory, which another process cannot read. */
  | { readonly kind: 'scene'; readonly job: JobScene }
  /** Asks for the features of a batch, [images, 2] as row, col. */
  | { readonly kind: 'batch'; readonly offsets: Int32Array }
  | { readonly kind: 'placement' }

export type DeviceAnswer =
  | { readonly kind: 'opened' }
  | { readonly kind: 'features'; readonly layers: readonly Float32Array[] }
  | { readonly kind: 'placement'; readonly placement: Placement }
  | { readonly kind: 'failed'; readonly reason: string }

/** Seconds without an answer after which a device counts as lost. */
const ANSWER_TIMEOUT = 300

/** Without this setting, NVIDIA's cards compute convolutions in TF32, which would change features by 1e-3. */
export const FULL_PRECISION = { NVIDIA_TF32_OVERRIDE: '0' }

/** A device's process failed or refused a request. The message holds only the reason. */
export class ProcessFailure extends Error {}

/** A process that holds a network's session on a device. */
export interface DeviceProcess {
  /** The driver's name for the device; null if it is not known. */
  readonly adapter: string | null
  readonly pid: number
  /**
   * Features at the given positions ([images, 2] as row, col), by layer [images, dims]. A second batch may be sent while
   * one is computed.
   * @throws ProcessFailure
   */
  run(job: JobScene, offsets: Int32Array): Promise<readonly Float32Array[]>
  /** The devices that the operators ran on so far; ends the recording. */
  placement(): Promise<Placement>
  /** Ends the process; open questions fail. */
  close(): Promise<void>
}

/**
 * Starts a process and opens the network's session in it.
 * @param script address of the process's module; tests give one whose process fails
 * @param signal ends the process at any time, also in the middle of a computation
 * @throws ProcessFailure when the provider is missing, refuses the network, or takes its process down
 */
export async function startDeviceProcess(
  request: OpenRequest,
  script = workerFile('engine/backends/processMain.js'),
  signal?: AbortSignal,
): Promise<DeviceProcess> {
  prepareEnvironment()
  // Makes Vulkan's loader write to stderr which driver it uses.
  const child = startChild<DeviceRequestMessage, DeviceAnswer>(script, {
    VK_LOADER_DEBUG: 'driver',
    ...FULL_PRECISION,
  })
  const ask = async <K extends DeviceAnswer['kind']>(message: DeviceRequestMessage, kind: K) => {
    const answer = await child.ask(message, ANSWER_TIMEOUT).catch((error) => {
      throw error instanceof ChildFailure ? new ProcessFailure(error.message) : error
    })
    if (answer.kind === 'failed') throw new ProcessFailure(oneLine(answer.reason))
    if (answer.kind !== kind) throw new Error(`the device's process answered with ${answer.kind}`)
    return answer as Extract<DeviceAnswer, { kind: K }>
  }
  signal?.addEventListener('abort', child.kill)
  const close = () => {
    signal?.removeEventListener('abort', child.kill)
    return child.close()
  }
  try {
    await ask({ kind: 'open', request }, 'opened')
  } catch (error) {
    await close()
    throw error
  }
  let current: number | undefined
  return {
    adapter: adapterIn(child.head()),
    pid: child.pid,
    run: async (job, offsets) => {
      if (current !== job.id) child.tell({ kind: 'scene', job: { ...job, scene: ownScene(job.scene) } })
      current = job.id
      return (await ask({ kind: 'batch', offsets }, 'features')).layers
    },
    placement: async () => (await ask({ kind: 'placement' }, 'placement')).placement,
    close,
  }
}

type ProcessData = Extract<WorkerData, { backend: 'process' }>

/** A session in a process of its own, since a device's driver may take its process down. */
export async function processBackend({ requests, script, pids }: ProcessData): Promise<Backend> {
  const place = placeIn(pids)
  const opened = await startDeviceProcess(requests[(place - 1) % requests.length] as OpenRequest, script)
  Atomics.store(pids, place, opened.pid)
  let lost = false
  return {
    features: async (job, offsets, put) => {
      try {
        put(0, offsets.length / 2, await opened.run(job, offsets))
      } catch (error) {
        // A process that failed once is not asked again.
        lost = true
        Atomics.store(pids, place, 0)
        await opened.close()
        throw error
      }
    },
    isLost: () => lost,
  }
}

/** Index in `pids` of the number of this worker's process, the same for the life of the worker. */
let own: number | undefined

function placeIn(pids: Int32Array): number {
  own ??= 1 + (Atomics.add(pids, 0, 1) % (pids.length - 1))
  return own
}

/** The device's name, read from the line in which Vulkan's loader says which device it opened. */
export function adapterIn(stderr: string): string | null {
  return /Using "(.+?)\s*" with driver: /.exec(stderr)?.[1] ?? null
}
