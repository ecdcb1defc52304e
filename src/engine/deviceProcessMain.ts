import * as ort from 'onnxruntime-node'
import { executionProviders } from './device.js'
import type { DeviceAnswer, DeviceRequestMessage, OpenRequest } from './deviceMessages.js'
import { type ProfileFolder, profileFolder } from './placement.js'
import { offsetTensors, type SceneArrays, sceneTensors } from './sceneTensors.js'

/** Process that holds a network's session on a device: a driver that fails takes down this process alone. */
interface Opened {
  readonly request: OpenRequest
  readonly session: ort.InferenceSession
  readonly profile: ProfileFolder | undefined
}

let opened: Opened | undefined
let scene: { readonly side: number; readonly tensors: Readonly<Record<string, ort.Tensor>> } | undefined

async function open(request: OpenRequest): Promise<DeviceAnswer> {
  const profile = request.profiled ? await profileFolder() : undefined
  const session = await ort.InferenceSession.create(request.graph, {
    executionProviders: executionProviders(request.device),
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
    ...profile?.options,
  })
  opened = { request, session, profile }
  return { kind: 'opened' }
}

function setScene(arrays: SceneArrays): undefined {
  scene = { side: arrays.side, tensors: sceneTensors(arrays, openedSession().request.input) }
}

async function run(offsets: Int32Array): Promise<DeviceAnswer> {
  const { request, session } = openedSession()
  if (scene === undefined) throw new Error('a batch came before its scene')
  const places = offsetTensors(offsets, scene.side, request.input)
  const outputs = await session.run({ ...scene.tensors, ...places }, [...request.outputs])
  return { kind: 'features', layers: request.outputs.map((output) => outputs[output]?.data as Float32Array) }
}

async function placement(): Promise<DeviceAnswer> {
  const { session, profile } = openedSession()
  if (profile === undefined) throw new Error('the session was not profiled')
  return { kind: 'placement', placement: await profile.read(session) }
}

function openedSession(): Opened {
  if (opened === undefined) throw new Error('the session is not open')
  return opened
}

async function answerTo(message: DeviceRequestMessage): Promise<DeviceAnswer | undefined> {
  try {
    switch (message.kind) {
      case 'open':
        return await open(message.request)
      case 'scene':
        return setScene(message.scene)
      case 'batch':
        return await run(message.offsets)
      case 'placement':
        return await placement()
    }
  } catch (error) {
    return { kind: 'failed', reason: error instanceof Error ? error.message : String(error) }
  }
}

/** An answer is on its way before the next forward pass holds this thread. */
function send(answer: DeviceAnswer): Promise<void> {
  return new Promise((resolve) => process.send?.(answer, () => resolve()))
}

let previous: Promise<void> = Promise.resolve()
process.on('message', (message: DeviceRequestMessage) => {
  previous = previous.then(async () => {
    const answer = await answerTo(message)
    if (answer !== undefined) await send(answer)
  })
})
process.on('disconnect', () => process.exit(0))
// Ctrl-C goes to all processes of a terminal; whoever started this one decides when it ends.
process.on('SIGINT', () => undefined)
