import type * as ort from 'onnxruntime-node'
import { answerInOrder } from '../../childProcess/answering.js'
import { drawnArrays, sceneArrays } from '../scene/sceneArrays.js'
import type { BatchPart, SceneTask } from '../scene/task.js'
import type { OpenRequest } from './backend.js'
import { imageCount, imageDrawing } from './images.js'
import type { DeviceAnswer, DeviceRequestMessage, SentPart } from './process.js'
import { type CompositedScene, offsetTensors, sceneTensors } from './sceneTensors.js'
import { openDeviceSession, readPlacement } from './session.js'

/**
 * This process holds a network's session on a device, so that a crash of the driver ends only this process. Features
 * are sent back as messages, which is fast enough for 19,000 images per second (AlexNet, 9,192 values per image).
 */
interface Opened {
  readonly request: OpenRequest
  readonly session: ort.InferenceSession
  readonly draw: ReturnType<typeof imageDrawing>
}

let opened: Opened | undefined
/** Scene tasks of the batch before, by their ids. */
let tasks: ReadonlyMap<number, SceneTask> = new Map()
let composited: { readonly task: SceneTask; readonly scene: CompositedScene } | undefined

async function answerTo(message: DeviceRequestMessage): Promise<DeviceAnswer> {
  try {
    switch (message.kind) {
      case 'open': {
        const { request } = message
        const session = await openDeviceSession(request, request.device, request.profileFolder)
        opened = { request, session, draw: imageDrawing(request.input) }
        return { kind: 'opened' }
      }
      case 'batch':
        return { kind: 'features', layers: await features(received(message.parts)) }
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
async function features(parts: readonly BatchPart[]): Promise<readonly Float32Array[]> {
  const { session, request } = openedSession()
  const { side, tensors, offsets } = await drawn(parts)
  const results = await session.run({ ...tensors, ...offsetTensors(offsets, side, request.input) }, [
    ...request.outputs,
  ])
  return request.outputs.map((output) => results[output]?.data as Float32Array)
}

function received(parts: readonly SentPart[]): readonly BatchPart[] {
  const complete = parts.map(({ id, task = tasks.get(id), ...images }) => {
    if (task === undefined) throw new Error('a batch came before the object and background that it needs')
    return { ...images, task }
  })
  tasks = new Map(complete.map(({ task }) => [task.id, task]))
  return complete
}

/**
 * The graph draws images of one scene, whose tensors are the same for all batches. It gets other images ready drawn, as
 * backgrounds without an object.
 */
async function drawn(parts: readonly BatchPart[]): Promise<CompositedScene & Pick<BatchPart, 'offsets'>> {
  const { request, draw } = openedSession()
  const { input } = request
  const [first] = parts as [BatchPart]
  if (parts.length === 1 && first.movements === undefined) {
    const { task, offsets } = first
    if (composited?.task !== task) composited = { task, scene: sceneTensors(sceneArrays(task.scene, input), input) }
    return { ...composited.scene, offsets }
  }
  const images = new Float32Array(imageCount(parts) * 3 * input.rows * input.cols)
  await draw(parts, images)
  return { ...sceneTensors(drawnArrays(images, input), input), offsets: new Int32Array(2 * imageCount(parts)) }
}

function openedSession() {
  if (opened === undefined) throw new Error('the session is not open')
  return opened
}

answerInOrder(answerTo)
