import { asOutputError } from '../files/atomic.js'
import { WARNING } from '../support/warning.js'
import { interruptible } from './context.js'
import { say } from './output.js'
import { report, runProgram } from './program.js'

// This process as the command that its words name.
const context = interruptible()
// A reader that has enough, such as head, has nothing to be told.
process.stdout.on('error', (error: NodeJS.ErrnoException) =>
  process.exit(error.code === 'EPIPE' ? 1 : report(asOutputError('standard output', error))),
)
// Messages that nobody can be told end no work: its files and its exit status stand.
process.stderr.on('error', () => undefined)
// Warnings of this package are lines like others; Node's own stay as they are.
const printAsNode = process.listeners('warning')
process.removeAllListeners('warning')
process.on('warning', (warning) => {
  if (warning.name === WARNING) say(warning.message)
  else for (const print of printAsNode) print(warning)
})
process.exitCode = await runProgram(context)
