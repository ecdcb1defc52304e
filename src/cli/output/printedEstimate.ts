import type { WorkEstimate } from '../../study/work/estimate.js'
import { byteSize, duration, print, terminalColumns, wrapped } from './output.js'

/** Prints that a study would replace results, such as `2 units made with other settings (…)`. */
export function printReplaced(what: string): void {
  print(`the results folder has ${what}, which this study would replace`)
}

/** Prints how long the images take on this machine, and which weights are missing. */
export function printTimes({ seconds, arithmeticSeconds, missing }: WorkEstimate, without = ''): void {
  if (seconds !== null && arithmeticSeconds !== null)
    print(`about ${duration(seconds + arithmeticSeconds)} to compute the images on this machine${without}`)
  if (missing.length > 0) {
    const files = missing.map(({ id, bytes }) => `${id} (${byteSize(bytes)})`)
    const all = byteSize(missing.reduce((sum, { bytes }) => sum + bytes, 0))
    const command = `shiftscope models pull ${missing.map(({ id }) => id).join(' ')}`
    wrapped(`missing weights, ${all} in all: ${files.join(', ')}`, terminalColumns()).forEach(print)
    print(`to get the missing weights, run "${command}"`)
  }
  if (seconds === null) print('the time can be estimated once these weights are on this machine')
}
