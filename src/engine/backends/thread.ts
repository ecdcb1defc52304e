import * as ort from 'onnxruntime-node'
import type { Backend, WorkerData } from './backend.js'
import { imageCount, imageDrawing } from './images.js'
import { openSession } from './session.js'

type ThreadData = Extract<WorkerData, { backend: 'thread' }>

/** Computes features on this thread. During a forward pass, the addon's threads make the images of the next batches. */
export async function threadBackend({ input, outputs, threads, ...graph }: ThreadData): Promise<Backend> {
  const session = await openSession(graph, threads)
  const spare: Float32Array[] = []
  const draw = imageDrawing(input)
  const imagesOf = (batch: number): Float32Array => {
    const length = batch * 3 * input.rows * input.cols
    const kept = spare.pop()
    return kept?.length === length ? kept : new Float32Array(length)
  }
  return async (parts, put, { isStopped } = {}) => {
    const batch = imageCount(parts)
    const images = imagesOf(batch)
    await draw(parts, images)
    if (isStopped?.()) return
    const tensor = new ort.Tensor('float32', images, [batch, 3, input.rows, input.cols])
    const results = await session.run({ [input.name]: tensor }, outputs)
    spare.push(images)
    put(
      0,
      batch,
      outputs.map((output) => results[output]?.data as Float32Array),
    )
  }
}
