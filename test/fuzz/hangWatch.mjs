import { writeSync } from 'node:fs'
import { workerData } from 'node:worker_threads'

/**
 * Ends the process when an input takes too long or too much memory, since a thread that hangs cannot tell it itself. Time of
 * the processor counts, because on a busy machine anything may take long.
 */
const { shared, mostProcessorSeconds, mostSeconds, mostBytes } = workerData
const number = new Int32Array(shared, 0, 1)
const label = Buffer.from(shared, 4)

let last = start(0)

function start(current) {
  return { current, since: Date.now(), processor: process.cpuUsage(), bytes: process.memoryUsage.rss() }
}

setInterval(() => {
  const current = Atomics.load(number, 0)
  if (current !== last.current) last = start(current)
  if (current === 0) return
  const { user, system } = process.cpuUsage(last.processor)
  const isSlow = (user + system) / 1e6 > mostProcessorSeconds || Date.now() - last.since > 1000 * mostSeconds
  const isLarge = process.memoryUsage.rss() - last.bytes > mostBytes
  if (!isSlow && !isLarge) return
  const text = label.toString('utf8').replace(/\0.*/s, '')
  writeSync(2, `FINDING ${isSlow ? 'takes too long' : 'takes too much memory'}: ${text}\n`)
  process.kill(process.pid, 'SIGKILL')
}, 100)
