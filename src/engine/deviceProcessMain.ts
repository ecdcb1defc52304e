import * as ort from 'onnxruntime-node'
import { mapSharedMemory } from '../native.js'
import { comparisonNames } from '../networks/index.js'
import { executionProviders } from './device.js'
import {
  type DeviceAnswer,
  type DeviceRequestMessage,
  FIRST_MEMORY_DESCRIPTOR,
  type MatrixPlaces,
  type OpenRequest,
  type SceneRequest,
} from './deviceMessages.js'
import { profileOptions, readPlacement } from './placement.js'
import { offsetTensors, sceneTensors } from './sceneTensors.js'

/** Process that holds a network's session on a device: a driver that fails takes down this process alone. */
interface Opened {
  readonly request: OpenRequest
  readonly session: ort.InferenceSession
}

interface OpenedScene {
  readonly side: number
  readonly tensors: Readonly<Record<string, ort.Tensor>>
  /** By output, the shared memory from the beginning of its matrix on. */
  readonly matrices: readonly Float32Array[]
}

let opened: Opened | undefined
let scene: OpenedScene | undefined

/** Shared memory by set, as much of it as was needed so far. */
const memory: ArrayBuffer[] = []

async function open(request: OpenRequest): Promise<DeviceAnswer> {
  const session = await ort.InferenceSession.create(request.graph, {
    executionProviders: executionProviders(request.device),
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
    ...(request.profileFolder !== undefined && profileOptions(request.profileFolder)),
  })
  opened = { request, session }
  return { kind: 'opened' }
}

/** Where it fails, batches must not go on with the scene before it, whose features still stand. */
function setScene({ scene: arrays, places, anchors = [] }: SceneRequest): undefined {
  scene = undefined
  const { input } = openedSession().request
  scene = {
    side: arrays.side,
    tensors: { ...sceneTensors(arrays, input), ...anchorTensors(anchors) },
    matrices: places === undefined ? [] : matricesAt(places),
  }
}

/** A graph that compares wants anchors also where its features alone are read: zeros then. */
function anchorTensors(anchors: readonly Float32Array[]): Readonly<Record<string, ort.Tensor>> {
  const entries = openedSession().request.compared.map(({ name, dims }, i) => {
    const columns = anchors[i] ?? new Float32Array(dims)
    return [comparisonNames(name).anchors, new ort.Tensor('float32', columns, [dims, columns.length / dims])]
  })
  return Object.fromEntries(entries)
}

/** A longer memory is mapped again from its beginning. */
function matricesAt({ set, bytes, starts }: MatrixPlaces): readonly Float32Array[] {
  const kept = memory[set]
  const isEnough = kept !== undefined && kept.byteLength >= bytes
  const buffer = isEnough ? kept : mapSharedMemory(FIRST_MEMORY_DESCRIPTOR + set, bytes)
  memory[set] = buffer
  return starts.map((start) => new Float32Array(buffer, start))
}

/** Outputs that ONNX Runtime is given to write into would be no faster than copying: its binding copies those as well. */
async function run(offsets: Int32Array, row: number | undefined): Promise<DeviceAnswer> {
  const { request } = openedSession()
  const { matrices } = openedScene()
  const outputs = await outputsAt(offsets, request.outputs)
  const layers = request.outputs.map((output) => outputs[output]?.data as Float32Array)
  if (row === undefined) return { kind: 'features', layers }
  for (const [i, layer] of layers.entries()) matrices[i]?.set(layer, row * (layer.length / (offsets.length / 2)))
  return { kind: 'written' }
}

/** Of the outputs that are not asked for nothing leaves the device. */
async function compare(offsets: Int32Array): Promise<DeviceAnswer> {
  const names = openedSession().request.compared.map(({ name }) => comparisonNames(name))
  const outputs = await outputsAt(
    offsets,
    names.flatMap(({ cosines, strongest }) => [cosines, strongest]),
  )
  const layers = names.map(({ cosines, strongest }) => ({
    cosines: outputs[cosines]?.data as Float32Array,
    strongest: outputs[strongest]?.data as Int32Array,
  }))
  return { kind: 'compared', layers }
}

function outputsAt(offsets: Int32Array, names: readonly string[]): Promise<ort.InferenceSession.OnnxValueMapType> {
  const { request, session } = openedSession()
  const { tensors, side } = openedScene()
  return session.run({ ...tensors, ...offsetTensors(offsets, side, request.input) }, [...names])
}

async function placement(): Promise<DeviceAnswer> {
  const { session, request } = openedSession()
  if (request.profileFolder === undefined) throw new Error('the session was not profiled')
  return { kind: 'placement', placement: await readPlacement(session, request.profileFolder) }
}

function openedSession(): Opened {
  if (opened === undefined) throw new Error('the session is not open')
  return opened
}

function openedScene(): OpenedScene {
  if (scene === undefined) throw new Error('a batch came before its scene')
  return scene
}

async function answerTo(message: DeviceRequestMessage): Promise<DeviceAnswer | undefined> {
  try {
    switch (message.kind) {
      case 'open':
        return await open(message.request)
      case 'scene':
        return setScene(message.request)
      case 'batch':
        return await run(message.offsets, message.row)
      case 'comparison':
        return await compare(message.offsets)
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
