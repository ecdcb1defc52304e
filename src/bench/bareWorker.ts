import { workerData } from 'node:worker_threads'
import * as ort from 'onnxruntime-node'
import { openSession } from '../engine/session.js'
import type { WorkerData } from '../engine/task.js'

const { onnxPath, input, layers, threads } = workerData as WorkerData

let session: Promise<ort.InferenceSession> | undefined
let ready: ort.Tensor | undefined

/** Runs the network on one ready tensor again and again: the rate that no pipeline around it can exceed. */
export default async function runBare({ batch, runs }: { batch: number; runs: number }): Promise<void> {
  session ??= openSession(onnxPath, threads)
  const network = await session
  ready ??= new ort.Tensor(
    'float32',
    new Float32Array(batch * 3 * input.rows * input.cols).map((_, i) => (i % 255) / 128 - 1),
    [batch, 3, input.rows, input.cols],
  )
  for (let run = 0; run < runs; run++) await network.run({ [input.name]: ready }, layers)
}
