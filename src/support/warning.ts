/** `name` of this package's process warnings, by which listeners can tell them from others. */
export const WARNING = 'ShiftscopeWarning'

/**
 * Warns of something that did not stop the work, if no progress listener is available. Node prints the warning to
 * stderr.
 */
export function warn(line: string): void {
  process.emitWarning(line, WARNING)
}
