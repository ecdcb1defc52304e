import { endIfStopped, InterruptedError } from '../../errors.js'
import { onForwardedSignal, TERMINAL_AS_IT_WAS } from './supervisor.js'

export interface CommandContext {
  /** Aborted when the user presses Ctrl-C, or when the process receives SIGTERM. */
  readonly signal: AbortSignal
}

/** Context of a process that one command uses. */
interface OwnContext extends CommandContext {
  /**
   * Call it after the command. If the command was stopped and something still keeps the process alive, such as a forward
   * pass that never ends, the process ends by the signal that stopped the command.
   */
  readonly endStopped: () => void
}

/** Milliseconds that a stopped process gets to end by itself after its command has ended. */
const ENDING = 1000

/** Exit status by signal: 128 plus the signal's number. */
const EXIT_STATUSES = { SIGINT: 130, SIGTERM: 143 } as const

/**
 * Makes a context whose `signal` is aborted by the first SIGINT or SIGTERM. A second one ends the process at once. If a
 * supervisor process watches this one, a single Ctrl-C arrives twice: from the terminal and from the supervisor.
 * Signals from each sender are therefore counted separately.
 */
export function interruptible(): OwnContext {
  const controller = new AbortController()
  let stoppedBy: keyof typeof EXIT_STATUSES | undefined
  const stopAt = (given: number, name: keyof typeof EXIT_STATUSES) => {
    if (given > 1) return endAtOnce(name)
    if (controller.signal.aborted) return
    stoppedBy = name
    process.stderr.write('\nstopping; press Ctrl-C again to end at once\n')
    controller.abort(new InterruptedError(undefined, { exitStatus: EXIT_STATUSES[name] }))
  }
  const given = { here: 0, forwarded: 0 }
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stopAt(++given.here, name))
  onForwardedSignal((name) => stopAt(++given.forwarded, name))
  return {
    signal: controller.signal,
    endStopped: () => {
      if (stoppedBy !== undefined) setTimeout(endAtOnce, ENDING, stoppedBy).unref()
    },
  }
}

/** Waits for work that leaves no partial results. If it is stopped, the error is "stopped without a result". */
export async function leavingNothing<T>(work: Promise<T>, { signal }: CommandContext): Promise<T> {
  try {
    return await work
  } catch (error) {
    endIfStopped(signal)
    throw error
  }
}

/**
 * Ends the process by a signal. `process.exit` is not used, because it would end the worker threads. If a worker thread
 * ends during a forward pass, ONNX Runtime crashes the process.
 */
function endAtOnce(signal: NodeJS.Signals): void {
  if (process.stderr.isTTY) process.stderr.write(TERMINAL_AS_IT_WAS)
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
}
