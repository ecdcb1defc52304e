/** Name of the process's warnings that are this package's. */
export const WARNING = 'ShiftscopeWarning'

/**
 * Something worth knowing that work was not stopped for, where no listener of progress is at hand: a warning of the process, which Node
 * prints, or whoever listens to its event `warning` takes.
 */
export function warn(line: string): void {
  process.emitWarning(line, WARNING)
}
