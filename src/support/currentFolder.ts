import { RUN_AGAIN, UsageError, words } from '../errors.js'

/**
 * Checks that the current folder exists. Another program may have removed it. Without it, Node.js starts no threads, and
 * relative paths lead nowhere.
 * @throws UsageError if it was removed
 */
export function checkCurrentFolder(): void {
  try {
    process.cwd()
  } catch (error) {
    throw new UsageError(words`the current folder no longer exists; go to a folder that exists, and ${RUN_AGAIN}`, {
      cause: error,
    })
  }
}
