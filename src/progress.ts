/** How long work tells of itself: the one way, whoever listens. */
export interface Progress {
  /** A stretch of `total` images, or of what `measure` says, begins. */
  start(label: string, total: number, measure?: ProgressMeasure): void
  /** `done` of them are finished. */
  update(done: number): void
  /** The stretch is over, finished or not. */
  stop(): void
  /** One line for the user: something was decided, skipped or is worth knowing. */
  note(line: string): void
}

/** What a stretch counts, and how many of them were finished before it began. */
export interface ProgressMeasure {
  readonly unit: 'images' | 'bytes' | 'units'
  readonly before: number
}

/** Nobody listens. */
export const silent: Progress = {
  start: () => undefined,
  update: () => undefined,
  stop: () => undefined,
  note: () => undefined,
}
