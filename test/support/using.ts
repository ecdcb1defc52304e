import type { NetworkHandle } from '../../src/engine/open/handle.js'

/** Works with a handle, then closes it. */
export async function using<T>(
  opening: NetworkHandle | Promise<NetworkHandle>,
  work: (handle: NetworkHandle) => T | Promise<T>,
): Promise<T> {
  const handle = await opening
  try {
    return await work(handle)
  } finally {
    await handle.close()
  }
}
