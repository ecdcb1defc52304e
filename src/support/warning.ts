/** Name of this package's warnings among those of the process. */
export const WARNING = 'ShiftscopeWarning'

/**
 * Warns of something that did not stop the work, if no progress listener is available. Node prints the warning unless
 * the program listens to the process's event `warning`.
 */
export function warn(line: string): void {
  process.emitWarning(line, WARNING)
}
