import { parentPort } from 'node:worker_threads'
import type { Bounds } from './answering.js'

/**
 * Thread that kills its process once the process has taken too much memory or its asker is gone. No library that blocks the
 * process's own thread can prevent that.
 */
let bounds: Bounds | undefined
parentPort?.on('message', (given: Bounds) => {
  bounds = given
})

/** In milliseconds; a core fills about 100 MB meanwhile. */
const INTERVAL = 50

setInterval(() => {
  if (bounds === undefined) return
  if (process.memoryUsage.rss() > bounds.bytes || process.ppid !== bounds.asker) process.kill(process.pid, 'SIGKILL')
}, INTERVAL)
