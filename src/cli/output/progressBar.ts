import { Presets, SingleBar } from 'cli-progress'
import { withoutControls } from '../../messageLine.js'
import { listenTo, type Progress, type ProgressListener, type ProgressMeasure } from '../../progress.js'
import { counted } from '../../support/text.js'
import { asFlags } from './flags.js'
import { byteSize, duration, isQuiet, say } from './output.js'

/** Seconds between two lines of progress if stderr is not a terminal. */
const LINE_INTERVAL = 10

/** Widths in terminal columns: of the bar, and of the text after it (share, amounts, rate and time left). */
const WIDEST_BAR = 40
const NARROWEST_BAR = 5
const NUMBERS = 55

/** Shows progress on stderr: on a terminal, a bar with rate and time left; elsewhere, a line every ten seconds. */
export function terminalProgress(): ProgressListener {
  return listenTo(process.stderr.isTTY && !isQuiet() ? barProgress() : lineProgress())
}

function barProgress(): Progress {
  let bar: SingleBar | undefined
  let stretch = stretchOf('', 0)
  return {
    start(label, total, measure) {
      stretch = stretchOf(label, total, measure)
      bar = new SingleBar(
        {
          format: `${withoutControls(label)} {bar} {percentage}% {text}`,
          barsize: barSize(label),
          stream: process.stderr,
          hideCursor: true,
          clearOnComplete: false,
        },
        Presets.shades_classic,
      )
      bar.start(total, stretch.before, { text: stretch.describe(stretch.before) })
    },
    update(done, secondsLeft) {
      bar?.update(done, { text: stretch.describe(done, secondsLeft) })
    },
    stop() {
      bar?.stop()
      bar = undefined
    },
    note: (line) => say(asFlags(line)),
  }
}

function barSize(label: string): number {
  const { columns = 80 } = process.stderr
  return Math.min(WIDEST_BAR, Math.max(NARROWEST_BAR, columns - label.length - NUMBERS))
}

function lineProgress(): Progress {
  let stretch = stretchOf('', 0)
  let printed = 0
  return {
    start(label, total, measure) {
      stretch = stretchOf(label, total, measure)
      printed = performance.now()
      say(`${label}: ${stretch.before === 0 ? stretch.amount(total) : stretch.describe(stretch.before)}`)
    },
    update(done, secondsLeft) {
      const described = stretch.describe(done, secondsLeft)
      if (performance.now() - printed <= LINE_INTERVAL * 1000) return
      say(`${stretch.label}: ${described}`)
      printed = performance.now()
    },
    stop: () => undefined,
    note: (line) => say(asFlags(line)),
  }
}

const NOUNS = { images: 'image', units: 'unit', passes: 'pass' } as const

/**
 * Makes texts about the progress of one piece of work, such as `120/961 images, 85 images/s, 9.9 s left`. The rate is
 * measured from the first update on, because work may start slowly.
 */
function stretchOf(label: string, total: number, measure: ProgressMeasure = { unit: 'images', before: 0 }) {
  const { unit, before } = measure
  let first: { readonly count: number; readonly time: number } | undefined
  const amount = (count: number) => (unit === 'bytes' ? byteSize(count) : counted(count, NOUNS[unit], unit))
  const speed = (perSecond: number) => {
    if (unit === 'bytes') return `${byteSize(Math.round(perSecond))}/s`
    return `${perSecond < 10 ? perSecond.toFixed(1) : Math.round(perSecond)} ${unit}/s`
  }
  return {
    label,
    before,
    amount,
    describe(count: number, secondsLeft?: number | null) {
      const now = performance.now()
      if (first === undefined && count > before) first = { count, time: now }
      const rate = first === undefined ? 0 : (count - first.count) / ((now - first.time) / 1000)
      const left = secondsLeft === undefined ? (total - count) / rate : secondsLeft
      const done = `${unit === 'bytes' ? byteSize(count) : count}/${amount(total)}`
      const known = [
        ...(rate > 0 ? [speed(rate)] : []),
        ...(left !== null && Number.isFinite(left) && count > before ? [`${duration(left)} left`] : []),
      ]
      return [done, ...known].join(', ')
    },
  }
}
