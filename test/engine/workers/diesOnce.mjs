import { threadId } from 'node:worker_threads'
import runBatch from '../../../dist/engine/worker.js'
import { die } from './die.mjs'
import { isFirst } from './first.mjs'

/** The worker that begins the very first batch dies in it; all others work. */
export default async function diesOnce(task) {
  if (isFirst(threadId)) die()
  return runBatch(task)
}
