import { ChildFailure, startChild } from '../../childProcess/child.js'
import { workerFile } from '../../files/package.js'
import { prepareEnvironment } from '../../support/machine.js'
import { oneLine } from '../../support/text.js'
import { ownScene } from '../scene/scene.js'
import type { BatchPart, SceneTask } from '../scene/task.js'
import type { Backend, OpenRequest, WorkerData } from './backend.js'
import { imageCount } from './images.js'
import type { Placement } from './session.js'

/** Messages to a device's process. Each gets one answer, in the order of the messages. */
export type DeviceRequestMessage =
  | { readonly kind: 'open'; readonly request: OpenRequest }
  /** Asks for the features of a batch. */
  | { readonly kind: 'batch'; readonly parts: readonly SentPart[] }
  | { readonly kind: 'placement' }

export interface SentPart extends Omit<BatchPart, 'task'> {
  readonly id: SceneTask['id']
  /**
   * Left out if the batch before had the same scene task. Its arrays are not shared memory, which cannot be sent to another
   * process.
   */
  readonly task?: SceneTask
}

export type DeviceAnswer =
  | { readonly kind: 'opened' }
  | { readonly kind: 'features'; readonly layers: readonly Float32Array[] }
  | { readonly kind: 'placement'; readonly placement: Placement }
  | { readonly kind: 'failed'; readonly reason: string }

/** A device's process is killed if it gives no answer for this many seconds. */
const ANSWER_TIMEOUT = 300

/**
 * Environment of processes that use a GPU. Without it, NVIDIA cards compute convolutions in TF32, which changes
 * features by about 1e-3 (relative).
 */
export const FULL_PRECISION = { NVIDIA_TF32_OVERRIDE: '0' }

/** Thrown if a device's process ended or refused a request. The message says why, but not what to do. */
export class ProcessFailure extends Error {}

export interface DeviceProcess {
  /** The driver's name for the device; null if unknown. */
  readonly adapter: string | null
  readonly pid: number
  /**
   * Returns one matrix per layer, [images, dims].
   * @throws ProcessFailure
   */
  run(parts: readonly BatchPart[]): Promise<readonly Float32Array[]>
  /** Can be called only once, because it ends ONNX Runtime's profile. */
  placement(): Promise<Placement>
  /** Kills the process. Pending requests are rejected. */
  close(): Promise<void>
}

/**
 * @param script URL of the process's module; tests replace it by one that fails
 * @throws ProcessFailure if the provider is missing, refuses the network, or crashes the process
 */
export async function startDeviceProcess(
  request: OpenRequest,
  script = workerFile('engine/backends/processMain.js'),
  signal?: AbortSignal,
): Promise<DeviceProcess> {
  prepareEnvironment()
  // `VK_LOADER_DEBUG` makes the Vulkan loader print the driver's name to stderr.
  const child = startChild<DeviceRequestMessage, DeviceAnswer>(script, {
    VK_LOADER_DEBUG: 'driver',
    ...FULL_PRECISION,
  })
  const ask = async <K extends DeviceAnswer['kind']>(message: DeviceRequestMessage, kind: K) => {
    const answer = await child.ask(message, ANSWER_TIMEOUT).catch((error) => {
      throw error instanceof ChildFailure ? new ProcessFailure(error.message) : error
    })
    if (answer.kind === 'failed') throw new ProcessFailure(oneLine(answer.reason))
    if (answer.kind !== kind) throw new Error(`the device's process answered ${answer.kind} instead of ${kind}`)
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
  let known = new Set<number>()
  const sent = ({ task, ...images }: BatchPart): SentPart => {
    if (known.has(task.id)) return { ...images, id: task.id }
    return { ...images, id: task.id, task: { ...task, scene: ownScene(task.scene) } }
  }
  return {
    adapter: adapterIn(child.head()),
    pid: child.pid,
    run: async (parts) => {
      const message = { kind: 'batch', parts: parts.map(sent) } as const
      known = new Set(parts.map(({ task }) => task.id))
      return (await ask(message, 'features')).layers
    },
    placement: async () => (await ask({ kind: 'placement' }, 'placement')).placement,
    close,
  }
}

type ProcessData = Extract<WorkerData, { backend: 'process' }>

/** Runs the session in a separate process, because a driver's crash ends the process in which the driver runs. */
export async function processBackend({ requests, script, pids }: ProcessData): Promise<Backend> {
  const place = placeIn(pids)
  const opened = await startDeviceProcess(requests[(place - 1) % requests.length]!, script)
  Atomics.store(pids, place, opened.pid)
  return async (parts, put) => {
    try {
      put(0, imageCount(parts), await opened.run(parts))
    } catch (error) {
      // A process is not used again after a failure.
      Atomics.store(pids, place, 0)
      await opened.close()
      throw error
    }
  }
}

/** Index in `pids` for this worker's process. It stays the same as long as the worker runs. */
let own: number | undefined

function placeIn(pids: Int32Array): number {
  own ??= 1 + (Atomics.add(pids, 0, 1) % (pids.length - 1))
  return own
}

/** Finds the device's name in the output of the Vulkan loader. */
export function adapterIn(stderr: string): string | null {
  return /Using "(.+?)\s*" with driver: /.exec(stderr)?.[1] ?? null
}
