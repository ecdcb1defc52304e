import { NetworkError, throwIfStopped } from '../errors.js'
import { connectionError } from './fileRequest.js'

export interface WatchOptions {
  readonly signal: AbortSignal | undefined
  /** Longest time to wait without receiving data, in seconds. */
  readonly stallSeconds: number
}

export interface Watch {
  /** Is aborted when the caller stops the work, or when no data has come for too long. */
  readonly signal: AbortSignal
  /** Restarts the timer. Call this whenever data arrives. */
  readonly alive: () => void
}

/** Runs `work`, which reads from a connection, and aborts it when no data comes for too long. */
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
