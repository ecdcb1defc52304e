/** A batch failed repeatedly, or no session could be opened. No batch of the work runs any more. */
export class BatchFailure extends Error {
  /** Index of the batch's first position; undefined if the session could not be opened. */
  readonly first: number | undefined
  readonly count: number

  constructor(reason: string, first: number | undefined, count: number, options?: ErrorOptions) {
    super(reason, options)
    this.first = first
    this.count = count
  }
}
