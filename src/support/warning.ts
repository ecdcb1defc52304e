/** Value of `name` in the process warnings of this package. */
export const WARNING = 'ShiftscopeWarning'

/** Warns of something that did not stop the work, for callers without a progress listener. Node prints it to stderr. */
export function warn(line: string): void {
  process.emitWarning(line, WARNING)
}
