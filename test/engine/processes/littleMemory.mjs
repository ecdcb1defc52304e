import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import '../../../dist/engine/backends/processMain.js'

/** Beside what the process has once the network is open, so many bytes of address space are left. */
const { MEMORY_LEFT } = process.env

process.prependListener('message', ({ kind }) => {
  if (kind !== 'scene') return
  const pages = Number(readFileSync('/proc/self/statm', 'utf8').split(' ')[0])
  const limit = pages * 4096 + Number(MEMORY_LEFT)
  execFileSync('prlimit', ['--pid', String(process.pid), `--as=${limit}`])
})
