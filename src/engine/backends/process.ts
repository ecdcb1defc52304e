import { ChildFailure, startChild } from '../../childProcess/child.js'
import { workerFile } from '../../files/package.js'
import { prepareEnvironment } from '../../support/machine.js'
import { oneLine } from '../../support/text.js'
import { ownScene } from '../scene.js'
import type { BatchComparison, JobScene } from '../task.js'
import type { Backend } from './backend.js'
import type { DeviceAnswer, DeviceRequestMessage, OpenRequest, Placement, SceneRequest } from './messages.js'
import { frameArrays, sceneArrays } from './sceneArrays.js'
import type { WorkerData } from './workerData.js'

/** A device that gives no answer in this time is taken for lost, in seconds. */
const ANSWER_TIMEOUT = 300

/** Without it convolutions on NVIDIA's cards are of TF32, which would change features by 1e-3. */
export const FULL_PRECISION = { NVIDIA_TF32_OVERRIDE: '0' }

/** A device's process failed, or refused what it was asked; the message is the reason alone. */
export class DeviceFailure extends Error {}

/** A process that holds a network's session on a device. */
export interface DeviceProcess {
  /** What the driver calls the device; null where it is not known. */
  readonly adapter: string | null
  readonly pid: number
  /** What is composited from now on. */
  setScene(scene: SceneRequest): void
  /**
   * Features at the given places ([images, 2] as row, col), by layer [images, dims]. A second batch may be sent while
   * one is computed.
   * @throws DeviceFailure
   */
  run(offsets: Int32Array): Promise<readonly Float32Array[]>
  /** Whose passes are computed from now on. */
  setCellScene(job: JobScene): void
  /**
   * The same as `run` where values are computed once, of all positions of a pass.
   * @throws DeviceFailure
   */
  runPass(offsets: Int32Array): Promise<readonly Float32Array[]>
  /**
   * Compares the features at the given places with the scene's anchors, by layer.
   * @throws DeviceFailure
   */
  compare(offsets: Int32Array): Promise<readonly BatchComparison[]>
  /** Where the operators ran so far; ends the recording. */
  placement(): Promise<Placement>
  /** Ends the process; what is not answered yet fails. */
  close(): Promise<void>
}

/**
 * Starts a process and opens the network's session in it.
 * @param script address of the process's module; tests give one whose process fails
 * @param signal ends the process, whatever it is at
 * @throws DeviceFailure when the provider is missing, refuses the network, or takes its process down
 */
export async function startDeviceProcess(
  request: OpenRequest,
  script = workerFile('engine/backends/processMain.js'),
  signal?: AbortSignal,
): Promise<DeviceProcess> {
  prepareEnvironment()
  // The loader of Vulkan then tells which driver it uses.
  const child = startChild<DeviceRequestMessage, DeviceAnswer>(script, {
    VK_LOADER_DEBUG: 'driver',
    ...FULL_PRECISION,
  })
  const ask = async (message: DeviceRequestMessage) => {
    const answer = await child.ask(message, ANSWER_TIMEOUT).catch((error) => {
      throw error instanceof ChildFailure ? new DeviceFailure(error.message) : error
    })
    if (answer.kind === 'failed') throw new DeviceFailure(oneLine(answer.reason))
    return answer
  }
  signal?.addEventListener('abort', child.kill)
  const close = () => {
    signal?.removeEventListener('abort', child.kill)
    return child.close()
  }
  try {
    await ask({ kind: 'open', request })
  } catch (error) {
    await close()
    throw error
  }
  return {
    adapter: adapterIn(child.head()),
    pid: child.pid,
    setScene: (scene) => child.tell({ kind: 'scene', request: scene }),
    run: async (offsets) => {
      const answer = await ask({ kind: 'batch', offsets })
      return answer.kind === 'features' ? answer.layers : unexpected(answer)
    },
    setCellScene: (job) => child.tell({ kind: 'cells', job }),
    runPass: async (offsets) => {
      const answer = await ask({ kind: 'pass', offsets })
      return answer.kind === 'features' ? answer.layers : unexpected(answer)
    },
    compare: async (offsets) => {
      const answer = await ask({ kind: 'comparison', offsets })
      return answer.kind === 'compared' ? answer.layers : unexpected(answer)
    },
    placement: async () => {
      const answer = await ask({ kind: 'placement' })
      return answer.kind === 'placement' ? answer.placement : unexpected(answer)
    },
    close,
  }
}

type ProcessData = Extract<WorkerData, { backend: 'process' }>

/** A session in a process of its own, since a device's driver may take its process down. */
export async function processBackend({ requests, script, pids }: ProcessData): Promise<Backend> {
  const place = placeIn(pids)
  const opened = await startDeviceProcess(requests[(place - 1) % requests.length] as OpenRequest, script)
  Atomics.store(pids, place, opened.pid)
  let job: number | undefined
  let lost = false
  const { input, cells } = requests[0] as OpenRequest
  const inScene = ({ id, scene, anchors }: JobScene, offsets: Int32Array) => {
    // Pictures go up with their batch.
    if ('frames' in scene) return opened.setScene({ scene: frameArrays(scene, offsets, input) })
    if (job === id) return
    opened.setScene({ scene: sceneArrays(scene, input), ...(anchors && { anchors }) })
    job = id
  }
  /** A process that failed once is not asked again. */
  const asked = async <T>(answer: Promise<T>): Promise<T> => {
    try {
      return await answer
    } catch (error) {
      lost = true
      Atomics.store(pids, place, 0)
      await opened.close()
      throw error
    }
  }
  return {
    features: async (scene, offsets, put) => {
      if (cells !== undefined) {
        if (job !== scene.id) opened.setCellScene({ ...scene, scene: ownScene(scene.scene) })
        job = scene.id
        return put(0, offsets.length / 2, await asked(opened.runPass(offsets)))
      }
      inScene(scene, offsets)
      put(0, offsets.length / 2, await asked(opened.run(offsets)))
    },
    compare: (scene, offsets) => {
      inScene(scene, offsets)
      return asked(opened.compare(offsets))
    },
    isLost: () => lost,
  }
}

/** The worker's own, for its life. */
let own: number | undefined

function placeIn(pids: Int32Array): number {
  own ??= 1 + (Atomics.add(pids, 0, 1) % (pids.length - 1))
  return own
}

function unexpected(answer: DeviceAnswer): never {
  throw new Error(`the device's process answered with ${answer.kind}`)
}

/** The name in the line of Vulkan's loader that tells which device it opened. */
export function adapterIn(stderr: string): string | null {
  return /Using "(.+?)\s*" with driver: /.exec(stderr)?.[1] ?? null
}
