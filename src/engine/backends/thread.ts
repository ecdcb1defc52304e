import * as ort from 'onnxruntime-node'
import { type Compositor, createCompositor } from '../../native.js'
import type { NetworkInput } from '../../networks/index.js'
import { normaliseFrames } from '../sceneArrays.js'
import type { Scene } from '../task.js'
import type { Backend, WorkerData } from './backend.js'
import { openSession } from './session.js'

type ThreadData = Extract<WorkerData, { backend: 'thread' }>

/** Computes features on this thread. During a forward pass, the addon's threads make the images of the next batches. */
export async function threadBackend({ input, outputs, threads, ...graph }: ThreadData): Promise<Backend> {
  const session = await openSession(graph, threads)
  const spare: Float32Array[] = []
  let compositor: { readonly job: number; readonly made: Compositor } | undefined
  const compositorOf = (id: number, scene: Scene): Compositor => {
    if (compositor?.job !== id) compositor = { job: id, made: sceneCompositor(scene, input) }
    return compositor.made
  }
  const imagesOf = (batch: number): Float32Array => {
    const length = batch * 3 * input.rows * input.cols
    const kept = spare.pop()
    return kept?.length === length ? kept : new Float32Array(length)
  }
  return async (job, offsets, put, { isStopped } = {}) => {
    const batch = offsets.length / 2
    const images = imagesOf(batch)
    if ('frames' in job.scene) normaliseFrames(job.scene, offsets, input, images)
    else await compositorOf(job.id, job.scene).composite(offsets, images)
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

/** Creates a compositor for the scene. Its images are normalised: float32 [batch, 3, rows, cols]. */
export function sceneCompositor({ patch, background, blend }: Scene, input: NetworkInput): Compositor {
  return createCompositor({
    patch: patch.rgba,
    patchRows: patch.size,
    patchCols: patch.size,
    frameRows: input.rows,
    frameCols: input.cols,
    background,
    blend,
    normalisation: { ...input, channelOrder: input.channelOrder === 'bgr' ? 'bgr' : 'rgb' },
  })
}
