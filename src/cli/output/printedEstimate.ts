import type { WorkEstimate } from '../../study/items/estimate.js'
import { duration, print } from './output.js'

/** Prints that a study would replace results, such as `2 units made with other settings (…)`. */
export function printReplaced(what: string): void {
  print(`the results folder has ${what}, which this study would replace`)
}

/** Prints how long the images take on this machine. */
export function printTimes({ seconds, arithmeticSeconds }: WorkEstimate, without = ''): void {
  if (seconds !== null && arithmeticSeconds !== null)
    print(`about ${duration(seconds + arithmeticSeconds)} to compute the images on this machine${without}`)
}
