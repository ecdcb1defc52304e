import { dieInBatch } from './die.mjs'

/** The first worker dies in its batch; those after it fail before they take any, as where the network's file has gone. */
export default function diesOnceThenFails(task) {
  if (task.attempts.every((count) => count === 0)) dieInBatch(task)
  throw new Error('no such file')
}
