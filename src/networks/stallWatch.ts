import { NetworkError, throwIfStopped } from '../errors.js'
import { connectionError } from './fileRequest.js'

export interface WatchOptions {
  readonly signal: AbortSignal | undefined
  /** The longest time without a byte, in seconds. */
  readonly stallSeconds: number
}

export interface Watch {
  /** Aborted when the work is stopped, or no data has come for too long. */
  readonly signal: AbortSignal
  /** Call it when data has come; the waiting time starts again. */
  readonly alive: () => void
}

/**
 * Work on a connection. It ends when no data comes for too long.
 *
 * @throws NetworkError when the connection is not made, breaks or sends nothing for too long; the signal's reason when
 * stopped
 */
export async function watched<T>(
  address: URL,
  { signal, stallSeconds }: WatchOptions,
  work: (watch: Watch) => Promise<T>,
): Promise<T> {
  const silence = new AbortController()
  const timer = setTimeout(() => silence.abort(), stallSeconds * 1000)
  const either = AbortSignal.any([silence.signal, ...(signal ? [signal] : [])])
  try {
    return await work({ signal: either, alive: () => timer.refresh() })
  } catch (error) {
    throwIfStopped(signal)
    if (silence.signal.aborted) {
      throw new NetworkError(
        `${address.host} sent nothing for ${stallSeconds} s; run the same command again to continue`,
        { cause: error },
      )
    }
    throw connectionError(address, error)
  } finally {
    clearTimeout(timer)
  }
}
