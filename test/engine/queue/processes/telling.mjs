import { parentPort } from 'node:worker_threads'

/** A worker's script that tells of its batch, and ends it once the first value of the batch's matrix is changed. */
export default function tellAndWait({ parts: [{ task }], target: { matrices, rows } }) {
  parentPort.postMessage({ taskId: task.id, row: rows[0], images: 0 })
  Atomics.wait(new Int32Array(matrices[0].buffer), 0, 0)
  return { kind: 'written' }
}
