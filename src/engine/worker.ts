import { workerData } from 'node:worker_threads'
import type { Backend } from './backends/backend.js'
import { processBackend } from './backends/process.js'
import { threadBackend } from './backends/thread.js'
import type { WorkerData } from './backends/workerData.js'
import type { BatchResult, BatchTask } from './task.js'

/** Opened with the first batch, so that its error reaches whoever sent that. */
let opened: Promise<Backend> | undefined

/** Runs the network on a batch; several batches may be on their way. */
export default async function runBatch(task: BatchTask): Promise<BatchResult> {
  let backend: Backend
  try {
    opened ??= openBackend(workerData as WorkerData)
    backend = await opened
  } catch (error) {
    opened = undefined
    return { kind: 'failed', during: 'open', reason: reasonOf(error) }
  }
  try {
    if (task.rows === undefined) return { kind: 'compared', layers: await backend.compare(task.job, task.offsets) }
    for (const [i, features] of (await backend.features(task.job, task.offsets)).entries()) {
      const rows = task.rows[i] as Float32Array
      rows.set(features.subarray(0, rows.length))
    }
    return { kind: 'written' }
  } catch (error) {
    // A process that failed is gone; a session in this thread stands.
    if (backend.isLost()) opened = undefined
    return { kind: 'failed', during: 'batch', reason: reasonOf(error) }
  }
}

function openBackend(data: WorkerData): Promise<Backend> {
  return data.backend === 'thread' ? threadBackend(data) : processBackend(data)
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
