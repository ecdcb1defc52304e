import { messageLine } from './messageLine.js'

/**
 * Base class of all errors that Shiftscope expects. The message is one line that says what happened and what to do.
 * Messages may change between versions. To tell errors apart, use the class or `code`:
 *
 * | code | class |
 * |---|---|
 * | `ERR_SHIFTSCOPE_USAGE` | UsageError |
 * | `ERR_SHIFTSCOPE_INPUT` | InputError |
 * | `ERR_SHIFTSCOPE_DEGENERATE_FEATURE` | DegenerateFeatureError, an InputError: a feature has no cosine (all zero, or not finite) |
 * | `ERR_SHIFTSCOPE_NON_FINITE_FEATURE` | NonFiniteFeatureError, an InputError: a classifier cannot use NaN or infinity |
 * | `ERR_SHIFTSCOPE_DEVICE` | DeviceError |
 * | `ERR_SHIFTSCOPE_CUDA` | CudaFailure, a DeviceError: a CUDA device failed during work |
 * | `ERR_SHIFTSCOPE_OUTPUT` | OutputError |
 * | `ERR_SHIFTSCOPE_NETWORK` | NetworkError |
 * | `ERR_SHIFTSCOPE_REFUSED_REQUEST` | RefusedRequest, a NetworkError: the server refused the request |
 * | `ERR_SHIFTSCOPE_WORKER` | WorkerError |
 * | `ERR_SHIFTSCOPE_RESOURCE` | ResourceError |
 * | `ERR_SHIFTSCOPE_CLUSTER` | ClusterError |
 * | `ERR_SHIFTSCOPE_LIMIT` | LimitError: only of the command line, because the library returns `limits` instead |
 * | `ERR_SHIFTSCOPE_INTERRUPTED` | InterruptedError |
 */
export abstract class ShiftscopeError extends Error {
  /** Kind of the error, the same in all versions; see the table at `ShiftscopeError`. */
  abstract readonly code: `ERR_SHIFTSCOPE_${string}`
  /** Exit status of the command line after this error. */
  readonly exitStatus: number = 1

  constructor(message: string, options?: ErrorOptions) {
    super(messageLine(message), options)
    this.name = new.target.name
  }
}

/**
 * Makes a copy of an error with another message, such as one that names the file. Class, code and all other properties
 * stay, and `cause` is the original.
 */
export function reworded<T extends ShiftscopeError>(error: T, message: string): T {
  const copy = Object.setPrototypeOf(new Error(messageLine(message), { cause: error }), Object.getPrototypeOf(error))
  return Object.assign(copy, error)
}

/** An option or argument is wrong. Exit status 2. */
export class UsageError extends ShiftscopeError {
  readonly code: ShiftscopeError['code'] = 'ERR_SHIFTSCOPE_USAGE'
  override readonly exitStatus: number = 2
}

/** A file is missing, damaged or of the wrong kind. Exit status 3. */
export class InputError extends ShiftscopeError {
  readonly code: ShiftscopeError['code'] = 'ERR_SHIFTSCOPE_INPUT'
  override readonly exitStatus: number = 3
}

/** The requested device cannot be used, or it failed. Exit status 4. */
export class DeviceError extends ShiftscopeError {
  readonly code: ShiftscopeError['code'] = 'ERR_SHIFTSCOPE_DEVICE'
  override readonly exitStatus: number = 4
}

/** The cluster's scheduler is missing or refuses a job. Exit status 1. */
export class ClusterError extends ShiftscopeError {
  readonly code: ShiftscopeError['code'] = 'ERR_SHIFTSCOPE_CLUSTER'
}

/** A file cannot be written, for example because the disk is full or the folder is read-only. Exit status 1. */
export class OutputError extends ShiftscopeError {
  readonly code: ShiftscopeError['code'] = 'ERR_SHIFTSCOPE_OUTPUT'
}

/** A download failed, for example because there is no connection to the internet. Exit status 1. */
export class NetworkError extends ShiftscopeError {
  readonly code: ShiftscopeError['code'] = 'ERR_SHIFTSCOPE_NETWORK'
}

/** A worker failed repeatedly on the same batch. Exit status 1. */
export class WorkerError extends ShiftscopeError {
  readonly code: ShiftscopeError['code'] = 'ERR_SHIFTSCOPE_WORKER'
}

/** The system refused memory, an open file or a port that the work needs. Exit status 1. */
export class ResourceError extends ShiftscopeError {
  readonly code: ShiftscopeError['code'] = 'ERR_SHIFTSCOPE_RESOURCE'
}

/** A measure became worse than a limit allows. Exit status 5. */
export class LimitError extends ShiftscopeError {
  readonly code: ShiftscopeError['code'] = 'ERR_SHIFTSCOPE_LIMIT'
  override readonly exitStatus: number = 5
}

/**
 * The user stopped the command line. Exit status 130 after Ctrl-C, 143 after a request to terminate. In your own
 * program, an aborted call rejects with the reason of your signal instead.
 */
export class InterruptedError extends ShiftscopeError {
  readonly code: ShiftscopeError['code'] = 'ERR_SHIFTSCOPE_INTERRUPTED'
  override readonly exitStatus: number

  constructor(
    message = 'stopped, and finished work is saved; run the same command again to continue',
    options?: ErrorOptions & { readonly exitStatus?: number },
  ) {
    super(message, options)
    this.exitStatus = options?.exitStatus ?? 130
  }
}

/**
 * Throws if the signal was aborted. Long-running functions call it between their steps.
 * @param message replaces the message of an InterruptedError, for work that cannot be continued later
 * @throws the signal's reason
 */
export function throwIfStopped(signal: AbortSignal | undefined, message?: string): void {
  if (!signal?.aborted) return
  const { reason } = signal
  if (message === undefined || !(reason instanceof InterruptedError)) throw reason
  throw reworded(reason, message)
}

/** `throwIfStopped` for work that cannot be continued after it was stopped. */
export function endIfStopped(signal: AbortSignal | undefined): void {
  throwIfStopped(signal, 'stopped without a result')
}
