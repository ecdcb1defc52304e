import { type Part, tell, toldBy, Worded, type Wording } from './message.js'
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

  constructor(message: Wording, options?: ErrorOptions) {
    super(messageLine(String(message)), options)
    this.name = new.target.name
    tell(this, message)
  }

  /** Tag of a template that makes an error; see `words`. */
  static of<T>(this: new (message: Worded) => T, literals: TemplateStringsArray, ...values: readonly unknown[]): T {
    return new this(words(literals, ...values))
  }
}

/**
 * Tag of a template that makes a message. In the template's own text, backticks enclose an option, `; ` begins a remedy,
 * and `, or ` an alternative. The command line says --device cpu for the option `device cpu`, and leaves out alternatives
 * whose option only other commands have. The page leaves out remedies that need an option.
 */
export function words(literals: TemplateStringsArray, ...values: readonly unknown[]): Worded {
  const parts: Part[] = []
  let option: string | undefined
  for (const [i, literal] of literals.entries()) {
    for (const [j, text] of literal.split('`').entries()) {
      if (j > 0 && option !== undefined) parts.push(optionPart(option))
      if (j > 0) option = option === undefined ? '' : undefined
      if (option === undefined) parts.push(...text.split(/(; |, or )/))
      else option += text
    }
    const value = values[i] ?? ''
    if (option !== undefined) option += String(value)
    else parts.push(...(value instanceof Worded ? value.parts : [String(value)]))
  }
  return new Worded(parts.filter((part) => part !== ''))
}

function optionPart(text: string): Part {
  const [name = ''] = text.split(' ', 1)
  return { library: `\`${text}\``, option: { name, value: text.slice(name.length) } }
}

export const RUN_AGAIN = new Worded([{ library: 'run the same command again', page: 'try again' }])

/** For a file that the page takes itself. */
export const GIVE_PATH = new Worded([{ library: 'give the path of', page: 'add' }])

/** After "another". */
export const OUT = new Worded([{ library: '`out`', page: 'results folder', option: { name: 'out', value: '' } }])

/** The message of an error for `words`, or for the words of the command line or the page. */
export function wordingOf(error: unknown): Wording {
  return error instanceof Error ? toldBy(error, error.message) : String(error)
}

/**
 * Makes a copy of an error with another message, such as one that names the file. Class, code and all other properties
 * stay, and `cause` is the original.
 */
export function reworded<T extends Error>(error: T, message: Wording): T {
  const copy = new Error(messageLine(String(message)), { cause: error })
  return tell(Object.assign(Object.setPrototypeOf(copy, Object.getPrototypeOf(error)), error), message)
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

/** A limit of `compare` failed. Exit status 5. */
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
    message: Wording = words`stopped, and finished work is saved; ${RUN_AGAIN} to continue`,
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
