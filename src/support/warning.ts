/** Name of the process's warnings that are this package's. */
export const WARNING = 'ShiftscopeWarning'

/**
 * Warns of something that did not stop the work, if no progress listener is available. Node prints the warning, unless somebody
 * listens to the process's event `warning`.
 */
export function warn(line: string): void {
  process.emitWarning(line, WARNING)
}
