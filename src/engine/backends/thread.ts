import * as ort from 'onnxruntime-node'
import { type Compositor, createCompositor } from '../../native.js'
import type { JobScene, WorkerData } from '../task.js'
import type { Backend } from './backend.js'
import { openSession } from './session.js'

type ThreadData = Extract<WorkerData, { backend: 'thread' }>

/** A session in this thread, which holds it in every forward pass; meanwhile the next batches are composited natively. */
export async function threadBackend({ onnxPath, input, layers, threads }: ThreadData): Promise<Backend> {
  const session = await openSession(onnxPath, threads)
  const spare: Float32Array[] = []
  let compositor: { readonly job: number; readonly made: Compositor } | undefined
  const compositorOf = ({ id, scene: { patch, background, blend } }: JobScene): Compositor => {
    if (compositor?.job !== id) {
      const made = createCompositor({
        patch: patch.rgba,
        patchRows: patch.size,
        patchCols: patch.size,
        frameRows: input.rows,
        frameCols: input.cols,
        background,
        blend,
        normalisation: input,
      })
      compositor = { job: id, made }
    }
    return compositor.made
  }
  /** Images of a batch that are kept for the next ones of the same size. */
  const imagesOf = (batch: number): Float32Array => {
    const length = batch * 3 * input.rows * input.cols
    const kept = spare.pop()
    return kept?.length === length ? kept : new Float32Array(length)
  }
  return {
    features: async (job, offsets) => {
      const batch = offsets.length / 2
      const images = imagesOf(batch)
      await compositorOf(job).composite(offsets, images)
      const tensor = new ort.Tensor('float32', images, [batch, 3, input.rows, input.cols])
      const outputs = await session.run({ [input.name]: tensor }, layers)
      spare.push(images)
      return layers.map((layer) => outputs[layer]?.data as Float32Array)
    },
    compare: async () => {
      throw new Error('a session on the processor compares nothing')
    },
    isLost: () => false,
  }
}
