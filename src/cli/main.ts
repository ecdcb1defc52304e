#!/usr/bin/env node
// The only static import, so that errors from loading all other modules (such as too many open files) can be reported.
import { cannotStart } from './cannotStart.js'

try {
  const { isToBeSupervised, supervise } = await import('./supervisor.js')
  // For a study, this process only starts and watches another one, so it does not load the modules that compute.
  if (isToBeSupervised(process.argv.slice(2))) await supervise()
  else await import('./command.js')
} catch (error) {
  cannotStart(error as Error)
}
