#!/usr/bin/env node
// Nothing else is imported first, so that this code can report why the modules that follow cannot be opened or mapped.
import { cannotStart } from './cannotStart.js'

try {
  const { isToBeSupervised, supervise } = await import('./supervisor.js')
  // This process watches the process that computes a study. It loads nothing else.
  if (isToBeSupervised(process.argv.slice(2))) await supervise()
  else await import('./command.js')
} catch (error) {
  cannotStart(error as Error)
}
