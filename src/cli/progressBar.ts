import { Presets, SingleBar } from 'cli-progress'
import type { Progress } from '../progress.js'
import { duration, say } from './output.js'

/** Without a terminal a line is printed this often, in seconds. */
const LINE_INTERVAL = 10

/** Progress on stderr: a bar with rate and time left on a terminal, a line every ten seconds elsewhere. */
export function terminalProgress(): Progress {
  return process.stderr.isTTY ? barProgress() : lineProgress()
}

function barProgress(): Progress {
  let bar: SingleBar | undefined
  let clock = stopwatch()
  return {
    start(label, total) {
      clock = stopwatch()
      bar = new SingleBar(
        {
          format: `${label} {bar} {percentage}% | {value}/{total} images | {rate} images/s | {left} left`,
          stream: process.stderr,
          hideCursor: true,
          clearOnComplete: false,
        },
        Presets.shades_classic,
      )
      bar.start(total, 0, { rate: '–', left: '–' })
    },
    update(done) {
      if (bar !== undefined) bar.update(done, clock.describe(done, bar.getTotal()))
    },
    stop() {
      bar?.stop()
      bar = undefined
    },
    note: say,
  }
}

function lineProgress(): Progress {
  let label = ''
  let total = 0
  let printed = 0
  let clock = stopwatch()
  const print = (done: number) => {
    const { rate, left } = clock.describe(done, total)
    say(`${label}: ${done}/${total} images, ${rate} images/s, ${left} left`)
    printed = performance.now()
  }
  return {
    start(name, images) {
      label = name
      total = images
      clock = stopwatch()
      printed = performance.now()
      say(`${label}: ${total} images`)
    },
    update(done) {
      if (performance.now() - printed > LINE_INTERVAL * 1000) print(done)
    },
    stop: () => undefined,
    note: say,
  }
}

function stopwatch() {
  const start = performance.now()
  return {
    describe(done: number, total: number) {
      const rate = done / ((performance.now() - start) / 1000)
      if (!(rate > 0)) return { rate: '–', left: '–' }
      return { rate: rate < 10 ? rate.toFixed(1) : String(Math.round(rate)), left: duration((total - done) / rate) }
    },
  }
}
