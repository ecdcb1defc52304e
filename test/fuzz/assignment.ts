/** What a worker is told. */
export interface Assignment {
  readonly seed: number
  readonly reader: string
  /** Number of the first case, and of the one after the last. */
  readonly first: number
  readonly end: number
  /** Empty folder for the files of the cases. */
  readonly folder: string
  /** Where the files of findings are kept. */
  readonly findings: string
  /** File of float64, `STATE_NUMBERS` of them. */
  readonly state: string
  readonly mostSeconds: number
  /** Keeps the files of the first case, and does nothing else. */
  readonly keepsOnly?: boolean
}

/**
 * Case that is running (−1: none yet), cases read, cases refused, milliseconds and number of the slowest, microseconds of the
 * processor.
 */
export const STATE_NUMBERS = 6

/** A case that did what it must not do. */
export interface Finding {
  readonly reader: string
  readonly caseNumber: number
  readonly faults: readonly string[]
}
