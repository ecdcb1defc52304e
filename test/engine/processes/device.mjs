import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { isFirst } from './isFirst.mjs'

/** A device's process that goes wrong in the way that SHIFTSCOPE_TEST_FAILURE says. */
const { SHIFTSCOPE_TEST_FAILURE: failure, SHIFTSCOPE_TEST_FILE: file } = process.env

/** Bytes of address space beside what the process has once the network is open. */
const MEMORY = 300 * 2 ** 20

/** When a batch takes the process down, as a broken driver does. */
const CRASHES = {
  'crashes always': () => true,
  'crashes once': () => isFirst(file),
  'crashes from then on': () => existsSync(file),
}

if (failure === 'crashes at start') process.abort()
if (failure === 'leaves all to the processor') {
  const { InferenceSession } = createRequire(import.meta.url)('onnxruntime-node')
  const create = InferenceSession.create
  InferenceSession.create = (path, options) => create(path, { ...options, executionProviders: ['cpu'] })
}
if (failure === 'answers never') process.on('message', () => writeFileSync(file, ''))
else await import('../../../dist/engine/backends/processMain.js')

process.prependListener('message', (message) => {
  if (message.kind === 'batch' && CRASHES[failure]?.()) process.abort()
  if (message.parts?.some(({ task }) => task) && failure === 'has little memory') limitMemory(MEMORY)
})

function limitMemory(bytes) {
  const pages = Number(readFileSync('/proc/self/statm', 'utf8').split(' ')[0])
  execFileSync('prlimit', ['--pid', String(process.pid), `--as=${pages * 4096 + bytes}`])
}
