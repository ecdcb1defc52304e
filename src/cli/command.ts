import { asOutputError } from '../files/atomic.js'
import { WARNING } from '../support/warning.js'
import { say } from './output/output.js'
import { interruptible } from './process/context.js'
import { printError, runProgram } from './program.js'

const context = interruptible()
// A reader such as `head` may close the pipe early. The process then ends without a message. Node ignores SIGPIPE, so the
// status is the one that a shell reports for a process that this signal ended.
const STATUS_OF_SIGPIPE = 141
process.stdout.on('error', (error: NodeJS.ErrnoException) =>
  process.exit(error.code === 'EPIPE' ? STATUS_OF_SIGPIPE : printError(asOutputError('standard output', error))),
)
// If stderr is closed, the work continues, because its files and exit status are still useful.
process.stderr.on('error', () => undefined)
// Shiftscope's own warnings are printed as notes. Node prints all other warnings as usual.
const printAsNode = process.listeners('warning')
process.removeAllListeners('warning')
process.on('warning', (warning) => {
  if (warning.name === WARNING) say(warning.message)
  else for (const print of printAsNode) print(warning)
})
process.exitCode = await runProgram(context)
context.endStopped()
