#!/usr/bin/env node
import { isToBeSupervised, supervise } from './supervisor.js'

// A study's process is watched by this one, which loads nothing else.
if (isToBeSupervised(process.argv.slice(2))) await supervise()
else await import('./command.js')
