#!/usr/bin/env node
import { asOutputError } from '../files/atomic.js'
import { interruptible } from './context.js'
import { report, runProgram } from './program.js'

const context = interruptible()
// A reader that has enough, such as head, has nothing to be told.
process.stdout.on('error', (error: NodeJS.ErrnoException) =>
  process.exit(error.code === 'EPIPE' ? 1 : report(asOutputError('standard output', error))),
)
// Messages that nobody can be told end no work: its files and its exit status stand.
process.stderr.on('error', () => undefined)
process.exitCode = await runProgram(context)
