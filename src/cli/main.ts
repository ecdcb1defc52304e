#!/usr/bin/env node
// Nothing else is imported before this runs, so that it can say what keeps the system from opening or mapping all that follows.
import { cannotStart } from './cannotStart.js'

try {
  const { isToBeSupervised, supervise } = await import('./supervisor.js')
  // A study's process is watched by this one, which loads nothing else.
  if (isToBeSupervised(process.argv.slice(2))) await supervise()
  else await import('./command.js')
} catch (error) {
  cannotStart(error as Error)
}
