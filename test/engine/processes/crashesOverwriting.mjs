import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import '../../../dist/engine/deviceProcessMain.js'

/**
 * Two processes with 25 rows, in batches of seven: there is no memory for row 7, while later rows come to stand. Whoever
 * then first writes over these dies in the middle, and there is no memory for its batch either.
 */
const { CRASH_FILE } = process.env

process.prependListener('message', (message) => {
  if (message.kind === 'scene') waitForBoth()
  if (message.kind !== 'batch') return
  const images = message.offsets.length / 2
  const fails = images === 7 ? message.row === 7 : images === 3 && message.row === 13 && !existsSync(CRASH_FILE)
  if (!fails) return
  Object.defineProperty(message, 'row', {
    get: () => {
      throw new Error('out of memory')
    },
  })
})

/** So that each has two batches, whichever is started first. */
function waitForBoth() {
  writeFileSync(`${CRASH_FILE}.${process.pid}`, '')
  const arrived = () => readdirSync(dirname(CRASH_FILE)).filter((name) => name.startsWith(`${basename(CRASH_FILE)}.`))
  while (arrived().length < 2) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
}

const { set } = Float32Array.prototype
Float32Array.prototype.set = function (source, start = 0) {
  const end = start + source.length
  if (existsSync(CRASH_FILE) && this.length > end && this[end - 1] !== 0) {
    rmSync(CRASH_FILE)
    this.fill(Number.NaN, start, end)
    process.abort()
  }
  set.call(this, source, start)
}
