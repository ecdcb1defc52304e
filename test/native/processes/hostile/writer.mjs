import { workerData } from 'node:worker_threads'

/** Writes into memory that others use, until it is terminated: floats of any kind, and small integers. */
const words = new Int32Array(workerData)
const bytes = new Int8Array(workerData)
for (let state = 1; ; ) {
  for (let i = 0; i < words.length; i += 1 + (state & 3)) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    if (state < 0) words[i] = state << 1
    else bytes[i] = ((state >>> 8) % 3) - 1
  }
}
