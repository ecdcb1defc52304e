#!/usr/bin/env node
// Nothing is imported before this runs, so that it can say what keeps the system from opening or mapping all that follows.
try {
  await import('./program.js')
} catch (error) {
  const { message, stack } = error as Error
  const cause = process.argv.includes('--verbose') ? stack : message.split('\n')[0]
  const remedy = 'allow more open files (ulimit -n) and more memory (ulimit -v), or install shiftscope again'
  process.stderr.write(`shiftscope: it cannot be started (${cause}); ${remedy}\n`)
  // At once: modules that are still on their way fail as well.
  process.exit(1)
}
