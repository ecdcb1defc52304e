import { messageLine } from './printable.js'

/**
 * Every error that a user can meet is one of these classes: its message is one line that names the thing, the cause
 * and the remedy, whatever the names in it hold, and it carries the exit status of the command line (0 done, 1 anything
 * unexpected). Messages may change their words; a program that tells errors apart asks for the class, or for the `code`,
 * which stays:
 *
 * | code | class |
 * |---|---|
 * | `ERR_SHIFTSCOPE_USAGE` | UsageError |
 * | `ERR_SHIFTSCOPE_INPUT` | InputError |
 * | `ERR_SHIFTSCOPE_DEGENERATE_FEATURE` | DegenerateFeatureError, an InputError of native.ts |
 * | `ERR_SHIFTSCOPE_NON_FINITE_FEATURE` | NonFiniteFeatureError, an InputError of native.ts |
 * | `ERR_SHIFTSCOPE_DEVICE` | DeviceError |
 * | `ERR_SHIFTSCOPE_CUDA` | CudaFailure, a DeviceError of native.ts |
 * | `ERR_SHIFTSCOPE_OUTPUT` | OutputError |
 * | `ERR_SHIFTSCOPE_NETWORK` | NetworkError |
 * | `ERR_SHIFTSCOPE_REFUSED_REQUEST` | RefusedRequest, a NetworkError of networks/fileRequest.ts |
 * | `ERR_SHIFTSCOPE_WORKER` | WorkerError |
 * | `ERR_SHIFTSCOPE_RESOURCE` | ResourceError |
 * | `ERR_SHIFTSCOPE_CLUSTER` | ClusterError |
 * | `ERR_SHIFTSCOPE_INTERRUPTED` | InterruptedError |
 */
export abstract class ShiftscopeError extends Error {
  /** What kind of error it is, the same in every version; see the table above. */
  abstract readonly code: `ERR_SHIFTSCOPE_${string}`
  /** Exit status of the process when this error ends a command. */
  readonly exitStatus: number

  constructor(message: string, exitStatus: number, options?: ErrorOptions) {
    super(messageLine(message), options)
    this.name = new.target.name
    this.exitStatus = exitStatus
  }
}

/** A flag, an option or an argument of a library call is wrong: exit status 2. */
export class UsageError extends ShiftscopeError {
  readonly code: ShiftscopeError['code'] = 'ERR_SHIFTSCOPE_USAGE'

  constructor(message: string, options?: ErrorOptions) {
    super(message, 2, options)
  }
}

/** A file or its contents are missing, corrupt or of the wrong kind: exit status 3. */
export class InputError extends ShiftscopeError {
  readonly code: ShiftscopeError['code'] = 'ERR_SHIFTSCOPE_INPUT'

  constructor(message: string, options?: ErrorOptions) {
    super(message, 3, options)
  }
}

/** The device or execution provider asked for is not usable here: exit status 4. */
export class DeviceError extends ShiftscopeError {
  readonly code: ShiftscopeError['code'] = 'ERR_SHIFTSCOPE_DEVICE'

  constructor(message: string, options?: ErrorOptions) {
    super(message, 4, options)
  }
}

/** A cluster's scheduler is not here, or refuses a job: exit status 1. */
export class ClusterError extends ShiftscopeError {
  readonly code: ShiftscopeError['code'] = 'ERR_SHIFTSCOPE_CLUSTER'

  constructor(message: string, options?: ErrorOptions) {
    super(message, 1, options)
  }
}

/** Results cannot be written (disk full, folder read-only): exit status 1. */
export class OutputError extends ShiftscopeError {
  readonly code: ShiftscopeError['code'] = 'ERR_SHIFTSCOPE_OUTPUT'

  constructor(message: string, options?: ErrorOptions) {
    super(message, 1, options)
  }
}

/** A file cannot be fetched from where it is offered (no connection, another answer than the file): exit status 1. */
export class NetworkError extends ShiftscopeError {
  readonly code: ShiftscopeError['code'] = 'ERR_SHIFTSCOPE_NETWORK'

  constructor(message: string, options?: ErrorOptions) {
    super(message, 1, options)
  }
}

/** A worker failed again and again on the same batch: exit status 1. */
export class WorkerError extends ShiftscopeError {
  readonly code: ShiftscopeError['code'] = 'ERR_SHIFTSCOPE_WORKER'

  constructor(message: string, options?: ErrorOptions) {
    super(message, 1, options)
  }
}

/** This process may not take as much memory, or open as many files, as the work needs: exit status 1. */
export class ResourceError extends ShiftscopeError {
  readonly code: ShiftscopeError['code'] = 'ERR_SHIFTSCOPE_RESOURCE'

  constructor(message: string, options?: ErrorOptions) {
    super(message, 1, options)
  }
}

/**
 * The user stopped the work: exit status 130 for Ctrl-C, 143 where the process was told to end. What the command line aborts
 * its signal with; a script's work rejects with the reason of the script's own signal.
 */
export class InterruptedError extends ShiftscopeError {
  readonly code: ShiftscopeError['code'] = 'ERR_SHIFTSCOPE_INTERRUPTED'

  constructor(
    message = 'stopped, and finished work is saved; run the same command again to continue',
    options?: ErrorOptions & { readonly exitStatus?: number },
  ) {
    super(message, options?.exitStatus ?? 130, options)
  }
}

/**
 * Between the steps of work.
 * @param message what is to be said on the command line of work that goes on from nowhere
 * @throws the signal's reason, once it was given
 */
export function throwIfStopped(signal: AbortSignal | undefined, message?: string): void {
  if (!signal?.aborted) return
  const { reason } = signal
  if (message === undefined || !(reason instanceof InterruptedError)) throw reason
  throw new InterruptedError(message, { exitStatus: reason.exitStatus })
}

/** The same of work that leaves nothing behind. */
export function endIfStopped(signal: AbortSignal | undefined): void {
  throwIfStopped(signal, 'stopped without a result')
}
