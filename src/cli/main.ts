#!/usr/bin/env node
// The only static import, so that errors from loading all other modules (such as too many open files) can be reported.
import { cannotStart } from './cannotStart.js'

try {
  const { isToBeSupervised, supervise } = await import('./supervisor.js')
  // To compute a study, this process only starts and watches another one. It therefore loads no other module.
  if (isToBeSupervised(process.argv.slice(2))) await supervise()
  else await import('./command.js')
} catch (error) {
  cannotStart(error as Error)
}
