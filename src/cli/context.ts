import { endIfStopped, InterruptedError } from '../errors.js'

/** What every command gets beside its own options. */
export interface CommandContext {
  /** Aborted by Ctrl-C, or where the process is told to end. */
  readonly signal: AbortSignal
}

/** By the name of a signal, what the process ends with: 128 and its number. */
const EXIT_STATUSES = { SIGINT: 130, SIGTERM: 143 } as const

/** Turns the first signal into a clean end; a second one ends the process at once. */
export function interruptible(): CommandContext {
  const controller = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) endAtOnce(name)
      process.stderr.write('\nstopping; press Ctrl-C again to end at once\n')
      controller.abort(new InterruptedError(undefined, { exitStatus: EXIT_STATUSES[name] }))
    })
  }
  return { signal: controller.signal }
}

/** Work of which nothing is kept when it is stopped, so that the message does not say so. */
export async function leavingNothing<T>(work: Promise<T>, { signal }: CommandContext): Promise<T> {
  try {
    return await work
  } catch (error) {
    endIfStopped(signal)
    throw error
  }
}

/** The cursor and the wrapping of lines, which a progress bar switches off. */
const TERMINAL_AS_IT_WAS = '\x1b[?25h\x1b[?7h'

/**
 * Ends the process by the signal itself: an orderly exit takes the workers' threads down, and ONNX Runtime aborts the
 * process when that happens inside a forward pass.
 */
function endAtOnce(signal: NodeJS.Signals): void {
  if (process.stderr.isTTY) process.stderr.write(TERMINAL_AS_IT_WAS)
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
}
