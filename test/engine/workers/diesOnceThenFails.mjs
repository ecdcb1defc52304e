import { threadId } from 'node:worker_threads'
import { die } from './die.mjs'
import { isFirst } from './first.mjs'

/** The first worker dies in its batch; those after it cannot open the network, as where its file has gone. */
export default function diesOnceThenFails() {
  if (isFirst(threadId)) die()
  return { kind: 'failed', during: 'open', reason: 'no such file' }
}
