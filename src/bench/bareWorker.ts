import { workerData } from 'node:worker_threads'
import * as ort from 'onnxruntime-node'
import { openDeviceSession, openSession } from '../engine/backends/session.js'
import type { Device } from '../engine/devices/device.js'
import { PROVIDERS } from '../engine/devices/providers.js'
import type { NetworkInput, RunnableGraph } from '../network.js'

export interface BareWorkerData extends RunnableGraph {
  readonly input: NetworkInput
  readonly outputs: readonly string[]
  readonly threads: number
  readonly device: Device
}

export interface BareTask {
  readonly batch: number
  readonly runs: number
}

const { input, outputs, threads, device, ...graph } = workerData as BareWorkerData

let session: Promise<ort.InferenceSession> | undefined
let ready: ort.Tensor | undefined

/** On the processor, no pipeline that computes every image in full can be faster than this loop. */
export default async function runBare({ batch, runs }: BareTask): Promise<void> {
  session ??= PROVIDERS[device.name].isProcessor ? openSession(graph, threads) : openDeviceSession(graph, device)
  const network = await session
  ready ??= new ort.Tensor(
    'float32',
    new Float32Array(batch * 3 * input.rows * input.cols).map((_, i) => (i % 255) / 128 - 1),
    [batch, 3, input.rows, input.cols],
  )
  for (let run = 0; run < runs; run++) await network.run({ [input.name]: ready }, outputs)
}
