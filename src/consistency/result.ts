import type { ExecutionRecord } from '../engine/handle.js'
import type { Settings } from '../engine/task.js'
import type { ClassScores } from '../networks/index.js'
import type { PatchFailure } from '../patches/patchFolder.js'
import { meanAndError } from '../support/statistics.js'
import type { Protocol, ProtocolName } from './protocols.js'

/** A photograph with its answers to all frames. */
export interface MeasuredPhotograph {
  readonly name: string
  /** SHA-256 of the file, in hexadecimal. */
  readonly sha256: string
  /** Values of all measures, protocol by protocol. */
  readonly values: readonly number[]
}

/** Value of one measure over all photographs. */
export interface ConsistencyMeasure {
  readonly protocol: ProtocolName
  /**
   * Name of the measure:
   * - `agreement`: share of pairs of shifted images with the same answer (most probable class)
   * - `change`: share of moves by 1 px that change the answer
   * - `probability-change`: mean absolute change of the answer's probability when the image moves by 1 px
   * - `equivariance-error`: local equivariance error
   * - `overlap`, only of a detector: mean intersection over union of its best boxes in two shifted images, after the
   *   shift is taken back; 1 if it sees nothing in both
   */
  readonly measure: string
  readonly title: string
  readonly unit: 'share' | 'probability' | 'error' | 'overlap'
  readonly mean: number
  /** Standard error of the mean; null for a single photograph. */
  readonly standardError: number | null
}

/** Results of `consistency`. */
export interface Consistency extends ExecutionRecord {
  readonly model: string
  readonly weightsSha256: string
  /** Side of the network's square input in pixels. */
  readonly frame: number
  /** Name of the layer with class scores, whose answers are compared. */
  readonly layer: string
  /** What the network's class scores mean. Probabilities are computed from them accordingly. */
  readonly scores: ClassScores
  /** Only of a detector: the least score at which it sees something. */
  readonly threshold?: number
  readonly protocols: readonly ProtocolName[]
  readonly draws: number
  readonly seed: number
  readonly background: string
  readonly measures: readonly ConsistencyMeasure[]
  /** Name of each measured photograph, the SHA-256 of its file, and its values in the order of `measures`. */
  readonly photographs: readonly MeasuredPhotograph[]
  /** Photographs that could not be measured, and why. */
  readonly failed: readonly PatchFailure[]
  readonly settings: Settings
  /**
   * Number of images that this call ran through the network. Images of an earlier, interrupted call are not included.
   */
  readonly images: number
  readonly seconds: number
  readonly imagesPerSecond: number
}

/** @param photographs in the order of the given files */
export function summary(
  protocols: readonly Protocol[],
  photographs: readonly MeasuredPhotograph[],
): Pick<Consistency, 'measures' | 'photographs'> {
  const all = protocols.flatMap((protocol) => protocol.measures.map((measure) => ({ protocol, measure })))
  const measures = all.map(({ protocol, measure: { name, title, unit } }, i) => {
    const values = photographs.map((photograph) => photograph.values[i] as number)
    return { protocol: protocol.name, measure: name, title, unit, ...meanAndError(values) }
  })
  return { measures, photographs: photographs.map(({ name, sha256, values }) => ({ name, sha256, values })) }
}
