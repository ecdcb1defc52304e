export interface MapProgress {
  readonly share: number
  readonly secondsLeft: number | undefined
}

export type Pace = ReturnType<typeof paceOf>

/** The rate is measured each time this share of all positions has been computed. Fewer positions give no exact rate. */
const LEAST_SHARE = 0.02

/** Times, such as `at`, are in milliseconds. */
export function paceOf(total: number) {
  let first: { readonly done: number; readonly at: number } | undefined
  let last = { done: 0, at: 0 }
  let known = 0
  return {
    /** @param done number of positions computed so far */
    take: (done: number, at: number): void => {
      if (first === undefined) first = last = { done, at }
      if (done - last.done >= LEAST_SHARE * total) last = { done, at }
      known = done
    },
    /** @returns undefined before the first call of `take` */
    progress: (at: number): MapProgress | undefined => {
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
