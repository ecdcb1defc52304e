/**
 * Prints that Shiftscope cannot start because a module could not be loaded, and ends the process at once. Otherwise,
 * other modules that are still loading could print errors too. This file imports nothing, so that it works when no
 * other module can be loaded.
 */
export function cannotStart(error: Error): never {
  const cause = process.argv.includes('--verbose') ? error.stack : error.message.split('\n')[0]
  const remedy = 'allow more open files (ulimit -n) and more memory (ulimit -v), or install shiftscope again'
  process.stderr.write(`shiftscope: cannot start (${cause}); ${remedy}\n`)
  process.exit(1)
}

/** Whether an error means that a module, or a native library that a module needs, could not be loaded. */
export function isOfLoading(error: unknown): error is Error {
  const { code } = (error ?? {}) as NodeJS.ErrnoException
  return error instanceof Error && (code === 'ERR_DLOPEN_FAILED' || code === 'ERR_MODULE_NOT_FOUND')
}
