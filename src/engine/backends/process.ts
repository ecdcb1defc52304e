import { type ChildProcess, fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { closeSync, fstatSync, openSync, readSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { prepareEnvironment } from '../../environment.js'
import { workerFile } from '../../files/package.js'
import { ownScene } from '../scene.js'
import type { BatchComparison, JobScene } from '../task.js'
import type { Backend } from './backend.js'
import type { DeviceAnswer, DeviceRequestMessage, OpenRequest, Placement, SceneRequest } from './messages.js'
import { frameArrays, sceneArrays } from './sceneArrays.js'
import type { WorkerData } from './workerData.js'

/** A device that gives no answer in this time is taken for lost, in milliseconds. */
const ANSWER_TIMEOUT = 300_000

/** So many bytes are read of either end of what a process wrote to stderr. */
const MAX_LOG = 100_000

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
  const log = openLog()
  const child = fork(fileURLToPath(script), {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', log.descriptor, 'ipc'],
    // The loader of Vulkan then tells which driver it uses.
    env: { VK_LOADER_DEBUG: 'driver', ...FULL_PRECISION, ...process.env },
    execArgv: [],
  })
  const conversation = converse(child, log)
  const closed = new Promise<void>((resolve) => {
    child.once('close', () => {
      log.close()
      resolve()
    })
  })
  const kill = () => child.kill('SIGKILL')
  signal?.addEventListener('abort', kill)
  const close = async () => {
    signal?.removeEventListener('abort', kill)
    kill()
    await closed
  }
  try {
    await conversation.ask({ kind: 'open', request })
  } catch (error) {
    await close()
    throw error
  }
  return {
    adapter: adapterIn(log.head()),
    pid: child.pid as number,
    setScene: (scene) => conversation.tell({ kind: 'scene', request: scene }),
    run: async (offsets) => {
      const answer = await conversation.ask({ kind: 'batch', offsets })
      return answer.kind === 'features' ? answer.layers : unexpected(answer)
    },
    setCellScene: (job) => conversation.tell({ kind: 'cells', job }),
    runPass: async (offsets) => {
      const answer = await conversation.ask({ kind: 'pass', offsets })
      return answer.kind === 'features' ? answer.layers : unexpected(answer)
    },
    compare: async (offsets) => {
      const answer = await conversation.ask({ kind: 'comparison', offsets })
      return answer.kind === 'compared' ? answer.layers : unexpected(answer)
    },
    placement: async () => {
      const answer = await conversation.ask({ kind: 'placement' })
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

/**
 * A file that a process writes its stderr to. A pipe would not do: native libraries write in small pieces, and what does
 * not fit into it while this process is busy is lost.
 */
interface Log {
  readonly descriptor: number
  /** The beginning, where the driver tells its name while the session is opened. */
  head(): string
  /** The end: the last words of a process that died. */
  tail(): string
  close(): void
}

function openLog(): Log {
  const path = join(tmpdir(), `shiftscope-device-${randomUUID()}.log`)
  const descriptor = openSync(path, 'wx+')
  // Where an open file may be removed, nothing is left behind whatever happens.
  if (process.platform !== 'win32') rmSync(path)
  const text = (position: number) => {
    const buffer = Buffer.alloc(MAX_LOG)
    return buffer.toString('utf8', 0, readSync(descriptor, buffer, 0, MAX_LOG, position))
  }
  return {
    descriptor,
    head: () => text(0),
    tail: () => text(Math.max(0, fstatSync(descriptor).size - MAX_LOG)),
    close: () => {
      closeSync(descriptor)
      rmSync(path, { force: true })
    },
  }
}

/** The name in the line of Vulkan's loader that tells which device it opened. */
export function adapterIn(stderr: string): string | null {
  return /Using "(.+?)\s*" with driver: /.exec(stderr)?.[1] ?? null
}

interface Conversation {
  tell(message: DeviceRequestMessage): void
  ask(message: DeviceRequestMessage): Promise<DeviceAnswer>
}

/** Answers come in the order of the questions; the end of the process answers all that are open. */
function converse(child: ChildProcess, log: Log): Conversation {
  const open: { answer(answer: DeviceAnswer): void; fail(reason: string): void }[] = []
  let ended: string | undefined
  const end = (reason: string) => {
    ended ??= reason
    for (const question of open.splice(0)) question.fail(ended)
  }
  child.on('message', (answer: DeviceAnswer) => open.shift()?.answer(answer))
  child.on('error', (error) => end(error.message))
  child.on('close', (code, signal) => end(endOf(code, signal, log.tail())))
  const tell = (message: DeviceRequestMessage) => {
    if (ended === undefined) child.send(message, (error) => error && end(error.message))
  }
  const ask = (message: DeviceRequestMessage) =>
    new Promise<DeviceAnswer>((resolve, reject) => {
      const fail = (reason: string) => {
        clearTimeout(timer)
        reject(new DeviceFailure(reason))
      }
      const timer = setTimeout(() => {
        end(`gave no answer in ${ANSWER_TIMEOUT / 1000} s`)
        child.kill('SIGKILL')
      }, ANSWER_TIMEOUT)
      if (ended !== undefined) return fail(ended)
      const answer = (given: DeviceAnswer) => {
        clearTimeout(timer)
        if (given.kind === 'failed') reject(new DeviceFailure(oneLine(given.reason)))
        else resolve(given)
      }
      open.push({ answer, fail })
      tell(message)
    })
  return { tell, ask }
}

function endOf(code: number | null, signal: NodeJS.Signals | null, stderr: string): string {
  const reason = stderr
    .split('\n')
    .filter((line) => line.trim() !== '' && !/^(Warning|\[Vulkan Loader\])/.test(line))
    .at(-1)
  const end = signal === null ? `its process ended with status ${code}` : `its process crashed (${signal})`
  return reason === undefined ? end : `${end}: ${oneLine(reason)}`
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim().slice(0, 600)
}
