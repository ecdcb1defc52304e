import { asOutputError } from '../files/atomic.js'
import { WARNING } from '../support/warning.js'
import { interruptible } from './context.js'
import { say } from './output.js'
import { report, runProgram } from './program.js'

// This file runs the command that the arguments of this process name.
const context = interruptible()
// If a reader such as `head` closes the pipe early, that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) =>
  process.exit(error.code === 'EPIPE' ? 1 : report(asOutputError('standard output', error))),
)
// If stderr is closed, the work goes on: its files and its exit status still count.
process.stderr.on('error', () => undefined)
// This package's warnings are printed as notes; Node's own stay as they are.
const printAsNode = process.listeners('warning')
process.removeAllListeners('warning')
process.on('warning', (warning) => {
  if (warning.name === WARNING) say(warning.message)
  else for (const print of printAsNode) print(warning)
})
process.exitCode = await runProgram(context)
