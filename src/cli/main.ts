#!/usr/bin/env node
// This file imports all other modules dynamically, so that it can report errors that occur while they load, such as too
// many open files.
import { cannotStart } from './cannotStart.js'

try {
  const { isToBeSupervised, supervise } = await import('./process/supervisor.js')
  // For a study, this process only starts and watches a second process, so it does not load the modules that compute.
  if (isToBeSupervised(process.argv.slice(2))) await supervise()
  else await import('./command.js')
} catch (error) {
  cannotStart(error as Error)
}
