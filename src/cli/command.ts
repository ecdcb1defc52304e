import { asOutputError } from '../files/atomic.js'
import { WARNING } from '../support/warning.js'
import { interruptible } from './context.js'
import { say } from './output.js'
import { report, runProgram } from './program.js'

// This process as the command that its words name.
const context = interruptible()
// A reader that closes the pipe early, such as head, is no error.
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
