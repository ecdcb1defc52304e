/** How an image's values depend on more than the image. */
export interface Dependence {
  /** Largest relative distance between the values of an image in a batch and those of the same image alone. */
  readonly distance: number
  /** Whether the values of an image alone are always the same, and tell unlike images apart. */
  readonly hasOwnValues: boolean
}

/** Type and shape of a tensor, as found by running the model. The first axis has one entry per image. */
export interface ShownTensor {
  readonly type: string
  readonly shape: readonly number[]
  /** Absent if the values of an image in a batch differ only by rounding from those of the same image alone. */
  readonly dependence?: Dependence
  /** For integers of a quantised graph: the tensors that say which values they stand for; see `scaleOf`. */
  readonly scale?: readonly string[] | undefined
}

/** Element types that features may have; true if no conversion to float32 is needed. */
export const FEATURE_TYPES: Readonly<Record<string, boolean>> = {
  float32: true,
  float16: false,
  float64: false,
  uint8: false,
  int8: false,
}

/** Whether a tensor can be pooled, over rows and columns or over a transformer's tokens. */
export function isMap({ shape }: ShownTensor): boolean {
  return (shape.length === 4 || shape.length === 3) && !isPoint(shape)
}

export function isPoint(shape: readonly number[]): boolean {
  return shape.slice(1).filter((size) => size > 1).length <= 1
}
