import { workerData } from 'node:worker_threads'
import * as ort from 'onnxruntime-node'
import { type Compositor, createCompositor } from '../native.js'
import { openSession } from './session.js'
import { BATCH_DONE, CONTROL_CURSOR, CONTROL_STOP, type ExtractionTask, type Scene, type WorkerData } from './task.js'

const { onnxPath, input, layers, threads } = workerData as WorkerData

/** Made with the first task, so that its error reaches whoever sent that task. */
let session: Promise<ort.InferenceSession> | undefined

/** Two batches: one is composited while the network runs on the other. Kept for the worker's life. */
let buffers: readonly [Float32Array, Float32Array] | undefined

/**
 * Takes batches off the task's queue until it is empty or the task is stopped. While ONNX Runtime holds this thread in
 * a forward pass, the next batch is composited on a native thread.
 */
export default async function extractBatches(task: ExtractionTask): Promise<void> {
  session ??= openSession(onnxPath, threads)
  const network = await session
  const compositor = compositorFor(task.scene)
  const [first, second] = batchBuffers(task.batch)
  let current = { batch: takeBatch(task), images: first }
  let composited = composite(task, compositor, current.batch, current.images)
  while (current.batch !== undefined) {
    await composited
    const next = { batch: takeBatch(task), images: current.images === first ? second : first }
    composited = composite(task, compositor, next.batch, next.images)
    const tensor = new ort.Tensor('float32', current.images, [task.batch, 3, input.rows, input.cols])
    const outputs = await network.run({ [input.name]: tensor }, layers)
    keepFeatures(task, current.batch, outputs)
    current = next
  }
}

function compositorFor(scene: Scene): Compositor {
  const { patch, background, blend } = scene
  return createCompositor({
    patch: patch.rgba,
    patchRows: patch.size,
    patchCols: patch.size,
    frameRows: input.rows,
    frameCols: input.cols,
    background,
    blend,
    normalisation: input,
  })
}

function batchBuffers(batch: number): readonly [Float32Array, Float32Array] {
  const length = batch * 3 * input.rows * input.cols
  if (buffers === undefined || buffers[0].length !== length) {
    buffers = [new Float32Array(length), new Float32Array(length)]
  }
  return buffers
}

function takeBatch({ queue, control, attempts }: ExtractionTask): number | undefined {
  if (Atomics.load(control, CONTROL_STOP) !== 0) return undefined
  const batch = queue[Atomics.add(control, CONTROL_CURSOR, 1)]
  if (batch !== undefined) Atomics.add(attempts, batch, 1)
  return batch
}

/** A short last batch is filled up with its last position: every forward pass has the same shape. */
async function composite(
  { offsets, batch: size }: ExtractionTask,
  compositor: Compositor,
  batch: number | undefined,
  images: Float32Array,
): Promise<void> {
  if (batch === undefined) return
  const last = offsets.length / 2 - 1
  const chosen = new Int32Array(size * 2)
  for (let i = 0; i < size; i++) {
    const position = Math.min(batch * size + i, last)
    chosen.set(offsets.subarray(position * 2, position * 2 + 2), i * 2)
  }
  await compositor.composite(chosen, images)
}

function keepFeatures(task: ExtractionTask, batch: number, outputs: ort.InferenceSession.OnnxValueMapType): void {
  const start = batch * task.batch
  const count = Math.min(task.batch, task.offsets.length / 2 - start)
  layers.forEach((layer, i) => {
    const matrix = task.features[i] as Float32Array
    const values = outputs[layer]?.data as Float32Array
    const dims = values.length / task.batch
    matrix.set(values.subarray(0, count * dims), start * dims)
  })
  Atomics.store(task.states, batch, BATCH_DONE)
}
