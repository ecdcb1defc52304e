import { tell, toldBy, type Wording } from './message.js'

export interface Progress {
  /** Begins a phase of the work. `total` is its amount: a number of images, unless `measure` names another unit. */
  start(label: string, total: number, measure?: ProgressMeasure): void
  /**
   * @param done amount of the phase that is finished, including what was finished before the phase began
   * @param secondsLeft estimated seconds until all work ends, or null if they are unknown. If absent, they are
   *   estimated from the rate so far.
   */
  update(done: number, secondsLeft?: number | null): void
  stop(): void
  /** Shows the user one line about a decision, skipped work or other news. */
  note(line: Wording): void
}

/** How the progress of a phase is counted. A pass computes the layers that the images of some positions share. */
export interface ProgressMeasure {
  readonly unit: 'images' | 'bytes' | 'units' | 'passes'
  /** Amount that was already finished at the start of the phase. */
  readonly before: number
}

/**
 * An event during long work. Work has phases, one after the other.
 *
 * - `start`: a phase begins. `label` names it, and `total` is its amount in `unit`. `before` is the amount that was
 *   already finished.
 * - `update`: `done` is the amount of the phase that is finished. `secondsLeft` estimates the time until all phases
 *   end; null if it is unknown. If absent, the phase's own rate tells the time.
 * - `stop`: the phase ended, finished or not.
 * - `note`: `line` is a message for the user.
 */
export type ProgressEvent =
  | ({ readonly kind: 'start'; readonly label: string; readonly total: number } & ProgressMeasure)
  | { readonly kind: 'update'; readonly done: number; readonly secondsLeft?: number | null }
  | { readonly kind: 'stop' }
  | { readonly kind: 'note'; readonly line: string }

/** Receives the events of long work. */
export type ProgressListener = (event: ProgressEvent) => void

export function progressTo(listener: ProgressListener = () => undefined): Progress {
  return {
    start: (label, total, measure = { unit: 'images', before: 0 }) =>
      listener({ kind: 'start', label, total, ...measure }),
    update: (done, secondsLeft) =>
      listener({ kind: 'update', done, ...(secondsLeft !== undefined && { secondsLeft }) }),
    stop: () => listener({ kind: 'stop' }),
    note: (line) => listener(tell({ kind: 'note', line: String(line) }, line)),
  }
}

export function listenTo(progress: Partial<Progress>): ProgressListener {
  return (event) => {
    if (event.kind === 'start') progress.start?.(event.label, event.total, { unit: event.unit, before: event.before })
    if (event.kind === 'update') progress.update?.(event.done, event.secondsLeft)
    if (event.kind === 'stop') progress.stop?.()
    if (event.kind === 'note') progress.note?.(toldBy(event, event.line))
  }
}

export const silent = progressTo()
