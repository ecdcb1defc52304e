#!/usr/bin/env node
// Nothing is imported before this runs, so that it can say what keeps the system from opening or mapping all that follows.
try {
  const { isToBeSupervised, supervise } = await import('./supervisor.js')
  // A study's process is watched by this one, which loads nothing else.
  if (isToBeSupervised(process.argv.slice(2))) await supervise()
  else await import('./command.js')
} catch (error) {
  const { message, stack } = error as Error
  const cause = process.argv.includes('--verbose') ? stack : message.split('\n')[0]
  const remedy = 'allow more open files (ulimit -n) and more memory (ulimit -v), or install shiftscope again'
  process.stderr.write(`shiftscope: cannot start (${cause}); ${remedy}\n`)
  // At once: modules that are still on their way fail as well.
  process.exit(1)
}
