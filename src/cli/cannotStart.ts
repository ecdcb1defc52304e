/**
 * Says that modules cannot be loaded, and ends the process at once: modules that are still on their way fail as well. Imports
 * nothing, so that it runs where nothing else can be loaded.
 */
export function cannotStart(error: Error): never {
  const cause = process.argv.includes('--verbose') ? error.stack : error.message.split('\n')[0]
  const remedy = 'allow more open files (ulimit -n) and more memory (ulimit -v), or install shiftscope again'
  process.stderr.write(`shiftscope: cannot start (${cause}); ${remedy}\n`)
  process.exit(1)
}

/** Whether a module, or a library that one brings, could not be loaded. */
export function isOfLoading(error: unknown): error is Error {
  const { code } = (error ?? {}) as NodeJS.ErrnoException
  return error instanceof Error && (code === 'ERR_DLOPEN_FAILED' || code === 'ERR_MODULE_NOT_FOUND')
}
