import extractBatches from '../../../dist/engine/worker.js'
import { dieInBatch } from './die.mjs'

/** The worker that begins the very first batch dies in it; all others work. */
export default async function diesOnce(task) {
  if (task.attempts.every((count) => count === 0)) dieInBatch(task)
  await extractBatches(task)
}
