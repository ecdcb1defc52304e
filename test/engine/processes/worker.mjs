import runBatch from '../../../dist/engine/worker.js'
import { isFirst } from './isFirst.mjs'

/** A worker that goes wrong in the way that SHIFTSCOPE_TEST_FAILURE says; of one death, whoever removes this file dies. */
const { SHIFTSCOPE_TEST_FAILURE: failure, SHIFTSCOPE_TEST_FILE: file } = process.env

// What a thread does for which the system has no files or memory left.
if (failure === 'cannot start') throw new Error('no room for a thread')

export default async function runOrDie(task) {
  if (failure === 'dies always' || isFirst(file)) process.exit(1)
  // As where the network's file has gone.
  if (failure === 'dies once, then cannot open') return { kind: 'failed', during: 'open', reason: 'no such file' }
  return runBatch(task)
}
