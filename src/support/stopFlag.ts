/**
 * Calls a function with a flag: shared memory of one element, which becomes 1 when the signal is aborted. Threads and
 * the addon read the flag, because no event reaches them while they compute.
 */
export async function withStopFlag<T>(
  signal: AbortSignal | undefined,
  work: (stop: Int32Array) => Promise<T>,
): Promise<T> {
  const stop = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  const end = () => Atomics.store(stop, 0, 1)
  if (signal?.aborted) end()
  signal?.addEventListener('abort', end)
  try {
    return await work(stop)
  } finally {
    signal?.removeEventListener('abort', end)
  }
}

export function isSet(stop: Int32Array): boolean {
  return Atomics.load(stop, 0) === 1
}
