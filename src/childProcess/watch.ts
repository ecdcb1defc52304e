import { parentPort } from 'node:worker_threads'
import type { Bounds } from './answering.js'

/** When to kill this process. This file runs in a second thread, so it works even while the main thread is blocked. */
let bounds: Bounds | undefined
parentPort?.on('message', (given: Bounds) => {
  bounds = given
})

/** Milliseconds between checks. In this time, memory use can grow by about 100 MB per busy core. */
const INTERVAL = 50

setInterval(() => {
  if (bounds === undefined) return
  if (memoryUsed() > bounds.bytes || process.ppid !== bounds.asker) process.kill(process.pid, 'SIGKILL')
}, INTERVAL)

/** Bytes of memory that this process uses; 0 on a Linux that hides /proc, where Node cannot tell. */
function memoryUsed(): number {
  try {
    return process.memoryUsage.rss()
  } catch {
    return 0
  }
}
