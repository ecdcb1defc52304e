/** What every command gets beside its own options. */
export interface CommandContext {
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal
}

/** Turns the first Ctrl-C into a clean end; a second one ends the process at once. */
export function interruptible(): CommandContext {
  const controller = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(130)
      process.stderr.write('\nstopping; press Ctrl-C again to end at once\n')
      controller.abort()
    })
  }
  return { signal: controller.signal }
}
