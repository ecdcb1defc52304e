import * as ort from 'onnxruntime-node'
import { answerInOrder } from '../../childProcess/answering.js'
import { comparisonNames } from '../../networks/index.js'
import { executionProviders } from '../device.js'
import type { JobScene } from '../task.js'
import type { Backend } from './backend.js'
import { openCells } from './cells.js'
import type { DeviceAnswer, DeviceRequestMessage, OpenRequest, SceneRequest } from './messages.js'
import { profileOptions, readPlacement } from './placement.js'
import { offsetTensors, sceneTensors } from './sceneTensors.js'

/** Process that holds a network's session on a device: a driver that fails takes down this process alone. */
interface Opened {
  readonly request: OpenRequest
  readonly session: ort.InferenceSession
  /** Computes passes, where that was asked for in place of batches. */
  readonly pass?: Backend['features']
}

interface OpenedScene {
  readonly side: number
  readonly tensors: Readonly<Record<string, ort.Tensor>>
}

let opened: Opened | undefined
let scene: OpenedScene | undefined
let cellScene: JobScene | undefined

async function open(request: OpenRequest): Promise<DeviceAnswer> {
  const { cells, device, optimization = 'all', input, outputs, profileFolder } = request
  const create = (graph: string) =>
    ort.InferenceSession.create(graph, {
      executionProviders: executionProviders(device),
      graphOptimizationLevel: optimization,
      logSeverityLevel: 3,
      ...(profileFolder !== undefined && profileOptions(profileFolder)),
    })
  if (cells === undefined) opened = { request, session: await create(request.graph) }
  else {
    const sessions = { cells: await create(cells.graphs.cells), rest: await create(cells.graphs.rest) }
    opened = { request, session: sessions.rest, pass: openCells(cells, input, outputs, sessions) }
  }
  return { kind: 'opened' }
}

/** Where it fails, batches must not go on with the scene before it, whose features still stand. */
function setScene({ scene: arrays, anchors = [] }: SceneRequest): undefined {
  scene = undefined
  const { input } = openedSession().request
  scene = {
    side: arrays.side,
    tensors: { ...sceneTensors(arrays, input), ...anchorTensors(anchors) },
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

/** Outputs that ONNX Runtime is given to write into would be no faster than copying: its binding copies those as well. */
async function run(offsets: Int32Array): Promise<DeviceAnswer> {
  const { request } = openedSession()
  const outputs = await outputsAt(offsets, request.outputs)
  return { kind: 'features', layers: request.outputs.map((output) => outputs[output]?.data as Float32Array) }
}

/** Of the outputs that are not asked for nothing leaves the device. */
async function compare(offsets: Int32Array): Promise<DeviceAnswer> {
  const { compared, outputs: features, answering } = openedSession().request
  const names = compared.map((layer, i) => ({
    ...comparisonNames(layer.name),
    features: layer.name === answering ? features[i] : undefined,
  }))
  const outputs = await outputsAt(
    offsets,
    names.flatMap(({ cosines, strongest, features }) => [cosines, strongest, ...(features ? [features] : [])]),
  )
  const layers = names.map(({ cosines, strongest, features }) => ({
    cosines: outputs[cosines]?.data as Float32Array,
    strongest: outputs[strongest]?.data as Int32Array,
    ...(features && { features: outputs[features]?.data as Float32Array }),
  }))
  return { kind: 'compared', layers }
}

function outputsAt(offsets: Int32Array, names: readonly string[]): Promise<ort.InferenceSession.OnnxValueMapType> {
  const { request, session } = openedSession()
  const { tensors, side } = openedScene()
  return session.run({ ...tensors, ...offsetTensors(offsets, side, request.input) }, [...names])
}

/** Features of all images of a pass, part by part put together. */
async function runPass(offsets: Int32Array): Promise<DeviceAnswer> {
  const { pass } = openedSession()
  if (pass === undefined || cellScene === undefined) throw new Error('a pass came before its scene')
  const parts: Float32Array[][] = []
  await pass(cellScene, offsets, (first, images, layers) => {
    const wanted = Math.min(images, offsets.length / 2 - first)
    parts.push(layers.map((features) => features.slice(0, (features.length / images) * wanted)))
  })
  const layers = (parts[0] ?? []).map((_, i) => {
    const all = parts.map((part) => part[i] as Float32Array)
    const whole = new Float32Array(all.reduce((sum, { length }) => sum + length, 0))
    let at = 0
    for (const features of all) {
      whole.set(features, at)
      at += features.length
    }
    return whole
  })
  return { kind: 'features', layers }
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
      case 'cells':
        cellScene = message.job
        return undefined
      case 'pass':
        return await runPass(message.offsets)
      case 'batch':
        return await run(message.offsets)
      case 'comparison':
        return await compare(message.offsets)
      case 'placement':
        return await placement()
    }
  } catch (error) {
    return { kind: 'failed', reason: error instanceof Error ? error.message : String(error) }
  }
}

answerInOrder(answerTo)
