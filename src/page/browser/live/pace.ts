export interface MapProgress {
  readonly share: number
  readonly secondsLeft: number | undefined
}

export interface Pace {
  /**
   * @param done number of positions computed so far
   * @param at time in milliseconds
   */
  readonly take: (done: number, at: number) => void
  /** @returns the progress at the time `at` in milliseconds; undefined before the first call of `take` */
  readonly progress: (at: number) => MapProgress | undefined
}

/** The rate is measured each time this share of all positions has been computed. Fewer positions give no exact rate. */
const LEAST_SHARE = 0.02

export function paceOf(total: number): Pace {
  let first: { readonly done: number; readonly at: number } | undefined
  let last = { done: 0, at: 0 }
  let known = 0
  return {
    take: (done, at) => {
      if (first === undefined) first = last = { done, at }
      if (done - last.done >= LEAST_SHARE * total) last = { done, at }
      known = done
    },
    progress: (at) => {
      if (first === undefined) return undefined
      const share = known / total
      if (last === first) return { share, secondsLeft: undefined }
      const needed = ((total - last.done) * (last.at - first.at)) / (last.done - first.done)
      return { share, secondsLeft: Math.max(0, needed - (at - last.at)) / 1000 }
    },
  }
}

export function progressText(progress: MapProgress | undefined): string {
  if (progress === undefined || progress.share === 1) return ''
  const { share, secondsLeft } = progress
  const left = secondsLeft === undefined ? '' : `, about ${durationText(secondsLeft)} left`
  return `computing: ${Math.floor(100 * share)} %${left}`
}

export function durationText(seconds: number): string {
  return seconds < 100 ? `${Math.max(1, Math.round(seconds))} s` : `${Math.round(seconds / 60)} min`
}

/** @param start a result of `performance.now` */
export function tenthsSince(start: number): string {
  return `${((performance.now() - start) / 1000).toFixed(1)} s`
}
