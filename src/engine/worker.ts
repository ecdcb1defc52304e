import { parentPort, workerData } from 'node:worker_threads'
import { isSet } from '../support/stopFlag.js'
import type { Backend, PutFeatures, WorkerData } from './backends/backend.js'
import type { CellWork } from './reuse/cellGraphs.js'
import type { BatchProgress, BatchResult, BatchTask, Target } from './scene/task.js'

/** The worker's session. The first batch opens it, so that an error is reported as the result of this batch. */
let opened: Promise<Backend> | undefined

/** Computes one batch. It may be called again before earlier batches have ended. */
export default async function runBatch(task: BatchTask): Promise<BatchResult> {
  const { parts, target, stop } = task
  const isStopped = () => isSet(stop)
  if (isStopped()) return { kind: 'stopped' }
  let backend: Backend
  try {
    opened ??= openBackend(workerData as WorkerData<CellWork>)
    backend = await opened
  } catch (error) {
    opened = undefined
    return { kind: 'failed', during: 'open', reason: reasonOf(error) }
  }
  try {
    const taskId = parts[0]!.task.id
    let stored = 0
    const tell = (images: number) =>
      parentPort?.postMessage({ taskId, row: target.rows[0]!, images } satisfies BatchProgress)
    const put: PutFeatures = (first, images, layers) => {
      write(target, first, images, layers)
      stored = first + images
      // When the last image is stored, the task ends, which tells enough.
      if (stored < target.rows.length) tell(stored)
    }
    await backend(parts, put, { onShared: () => tell(0), isStopped })
    return { kind: stored < target.rows.length ? 'stopped' : 'written' }
  } catch (error) {
    // A process that failed has ended, so the next batch opens a new one. A session in this thread stays open.
    if ((workerData as WorkerData).backend === 'process') opened = undefined
    return { kind: 'failed', during: 'batch', reason: reasonOf(error) }
  }
}

function write({ matrices, rows }: Target, first: number, images: number, layers: readonly Float32Array[]): void {
  const wanted = rows.subarray(first, first + images)
  for (const [i, features] of layers.entries()) {
    const dims = features.length / images
    for (const [image, row] of wanted.entries())
      matrices[i]?.set(features.subarray(image * dims, (image + 1) * dims), row * dims)
  }
}

/** Imports a backend only when it is needed, because loading its modules may take longer than the work. */
async function openBackend(data: WorkerData<CellWork>): Promise<Backend> {
  switch (data.backend) {
    case 'thread':
      return (await import('./backends/thread.js')).threadBackend(data)
    case 'cells':
      return (await import('./reuse/cellBackend.js')).cellBackend(data)
    case 'process':
      return (await import('./backends/process.js')).processBackend(data)
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
