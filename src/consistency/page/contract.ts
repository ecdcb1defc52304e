/* Temporary: types until `core` is merged. */
export interface MeasureMean {
  readonly mean: number | null
  readonly standardError: number | null
  readonly count: number
}
export interface ConsistencyMeasure extends MeasureMean {
  readonly protocol: string
  readonly measure: string
  readonly title: string
  readonly unit: 'share' | 'probability' | 'error' | 'overlap'
  readonly better: 'higher' | 'lower' | 'neither'
  readonly confident: MeasureMean
}
export interface MeasuredPhotograph {
  readonly name: string
  readonly sha256: string
  readonly values: readonly number[]
}
export interface NetworkConsistency {
  readonly model: string
  readonly frame: number
  readonly device: string
  readonly measures: readonly ConsistencyMeasure[]
  readonly photographs: readonly MeasuredPhotograph[]
  readonly failed: readonly { readonly name: string; readonly reason: string }[]
}
export interface Consistency {
  readonly protocols: readonly string[]
  readonly draws: number
  readonly seed: number
  readonly labels?: string
  readonly networks: readonly NetworkConsistency[]
}
