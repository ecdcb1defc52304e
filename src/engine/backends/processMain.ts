import type * as ort from 'onnxruntime-node'
import { answerInOrder } from '../../childProcess/answering.js'
import { frameArrays, sceneArrays } from '../sceneArrays.js'
import type { JobScene } from '../task.js'
import type { OpenRequest } from './backend.js'
import type { DeviceAnswer, DeviceRequestMessage } from './process.js'
import { type CompositedScene, offsetTensors, sceneTensors } from './sceneTensors.js'
import { openDeviceSession, readPlacement } from './session.js'

/**
 * This process holds a network's session on a device, so that a crash of the driver ends only this process. Features
 * are sent back as messages, which is fast enough for 19,000 images per second (AlexNet, 9,192 values per image).
 */
let opened: { readonly request: OpenRequest; readonly session: ort.InferenceSession } | undefined
let job: JobScene | undefined
let composited: { readonly job: JobScene; readonly scene: CompositedScene } | undefined

async function answerTo(message: DeviceRequestMessage): Promise<DeviceAnswer> {
  try {
    switch (message.kind) {
      case 'open': {
        const { request } = message
        opened = { request, session: await openDeviceSession(request, request.device, request.profileFolder) }
        return { kind: 'opened' }
      }
      case 'batch':
        job = message.job ?? job
        return { kind: 'features', layers: await features(message.offsets) }
      case 'placement': {
        const { request, session } = openedSession()
        if (request.profileFolder === undefined) throw new Error('the session was opened without a profile folder')
        return { kind: 'placement', placement: await readPlacement(session, request.profileFolder) }
      }
    }
  } catch (error) {
    return { kind: 'failed', reason: error instanceof Error ? error.message : String(error) }
  }
}

/** Does not preallocate the outputs. ONNX Runtime would copy the results into them, which would be no faster. */
async function features(offsets: Int32Array): Promise<readonly Float32Array[]> {
  const { session, request } = openedSession()
  const { side, tensors } = sceneFor(offsets)
  const results = await session.run({ ...tensors, ...offsetTensors(offsets, side, request.input) }, [
    ...request.outputs,
  ])
  return request.outputs.map((output) => results[output]?.data as Float32Array)
}

/** Input tensors for a batch. For a list of pictures, each batch needs new ones. Other scenes need them only once. */
function sceneFor(offsets: Int32Array): CompositedScene {
  const { input } = openedSession().request
  if (job === undefined) throw new Error('a batch came before the object and background that it needs')
  if ('frames' in job.scene) return sceneTensors(frameArrays(job.scene, offsets, input), input)
  if (composited?.job !== job) composited = { job, scene: sceneTensors(sceneArrays(job.scene, input), input) }
  return composited.scene
}

function openedSession() {
  if (opened === undefined) throw new Error('the session is not open')
  return opened
}

answerInOrder(answerTo)
