import { checkNames } from '../../checks.js'

/** Whether values that images have in common are computed once: where that is faster, or never. */
export const REUSE = ['auto', 'off'] as const
export type ReuseChoice = (typeof REUSE)[number]

/** @throws UsageError for what is no choice, as a script may give it */
export function checkReuse(reuse: string | undefined): void {
  if (reuse !== undefined) checkNames('reuse', [reuse], REUSE)
}

/** What images of one size of patch shared, for the results. */
export type ReuseRecord =
  | {
      readonly size: number
      /** The last tensor that was computed by its distinct values alone; what follows ran on whole images. */
      readonly cut: string
      /** Of the tensors up to there: distinct places, as a share of those of all images. */
      readonly distinct: Readonly<Record<string, number>>
      /** Times as fast as the plain way, by arithmetic. */
      readonly predictedGain: number
      /** The largest |reused - plain| / |plain| of a feature at the sampled positions of all patches, with Euclidean norms. */
      readonly distance: number
      readonly workers: number
      /** Of each worker. */
      readonly threads: number
    }
  | {
      readonly size: number
      /** Why the plain way was taken. */
      readonly reason: string
    }
