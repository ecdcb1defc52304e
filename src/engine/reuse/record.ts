/**
 * Whether a value that several images share is computed only once. `auto`: if this is predicted to be faster; `off`:
 * never.
 */
export const REUSE = ['auto', 'off'] as const
export type ReuseChoice = (typeof REUSE)[number]

/** Tells which values the images of one patch size shared, or why Shiftscope computed every image in full. */
export type ReuseRecord =
  | {
      /** Side of the square patch in pixels. */
      readonly size: number
      /** Name of the last tensor that is computed with reuse: values that images share are computed once. */
      readonly cut: string
      /**
       * Share (0 to 1) of the values that are distinct, for the output of each convolution, pool and padding up to
       * `cut`. The keys are the names of these outputs.
       */
      readonly distinct: Readonly<Record<string, number>>
      /** Speed with reuse / speed without reuse, predicted from counts of multiply-adds and bytes. */
      readonly predictedGain: number
      /**
       * Largest relative error over all layers and a few checked positions: ‖a − b‖ / ‖b‖, where a are the features
       * with reuse and b those without. For some layers, earlier values are compared (see `comparedLayers`).
       */
      readonly distance: number
      readonly workers: number
      /** Threads of each worker. */
      readonly threads: number
    }
  | {
      readonly size: number
      readonly reason: string
    }
