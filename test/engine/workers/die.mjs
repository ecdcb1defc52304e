/** Takes a batch as a real worker does and ends the thread before it is done. */
export function dieInBatch({ queue, control, attempts }) {
  const batch = queue[Atomics.add(control, 0, 1)]
  if (batch !== undefined) Atomics.add(attempts, batch, 1)
  process.exit(1)
}
