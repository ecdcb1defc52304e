import { endIfStopped, InterruptedError } from '../errors.js'
import { onForwardedSignal, TERMINAL_AS_IT_WAS } from './supervisor.js'

export interface CommandContext {
  /** Aborted by Ctrl-C, or by another request to end the process. */
  readonly signal: AbortSignal
}

/** Exit status by signal: 128 plus the signal's number. */
const EXIT_STATUSES = { SIGINT: 130, SIGTERM: 143 } as const

/**
 * The first signal aborts the work, and a second one ends the process at once. If a supervisor watches this process,
 * one Ctrl-C arrives twice: from the terminal and from the supervisor. Signals from each are therefore counted
 * separately.
 */
export function interruptible(): CommandContext {
  const controller = new AbortController()
  const stopAt = (given: number, name: keyof typeof EXIT_STATUSES) => {
    if (given > 1) return endAtOnce(name)
    if (controller.signal.aborted) return
    process.stderr.write('\nstopping; press Ctrl-C again to end at once\n')
    controller.abort(new InterruptedError(undefined, { exitStatus: EXIT_STATUSES[name] }))
  }
  const given = { here: 0, forwarded: 0 }
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stopAt(++given.here, name))
  onForwardedSignal((name) => stopAt(++given.forwarded, name))
  return { signal: controller.signal }
}

/** Runs work that cannot be resumed. If it is stopped, the message does not say that it can be continued. */
export async function leavingNothing<T>(work: Promise<T>, { signal }: CommandContext): Promise<T> {
  try {
    return await work
  } catch (error) {
    endIfStopped(signal)
    throw error
  }
}

/**
 * Ends the process by the signal itself. An orderly exit would end the workers' threads, and ONNX Runtime aborts the
 * process if that happens during a forward pass.
 */
function endAtOnce(signal: NodeJS.Signals): void {
  if (process.stderr.isTTY) process.stderr.write(TERMINAL_AS_IT_WAS)
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
}
