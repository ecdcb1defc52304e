import type { ExecutionRecord } from '../engine/handle.js'
import type { Settings } from '../engine/task.js'
import type { ClassScores } from '../networks/index.js'
import type { PatchFailure } from '../patches/patchFolder.js'
import { meanAndError } from '../support/statistics.js'
import type { PhotographFile } from './photographs.js'
import type { Protocol, ProtocolName, ProtocolSetting } from './protocols.js'

/** Value of one measure over all photographs. */
export interface ConsistencyMeasure {
  readonly protocol: ProtocolName
  /**
   * Name of the measure:
   * - `agreement`: share of pairs of shifted images with the same answer (most probable class)
   * - `change`: share of moves by 1 px that change the answer
   * - `probability-change`: mean absolute change of the answer's probability when the image moves by 1 px
   * - `equivariance-error`: local equivariance error
   */
  readonly measure: string
  readonly title: string
  readonly unit: 'share' | 'probability' | 'error'
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
  /** What the network's class scores mean. Probabilities are computed from them accordingly. */
  readonly scores: ClassScores
  readonly protocols: readonly ProtocolName[]
  readonly draws: number
  readonly seed: number
  readonly background: string
  readonly measures: readonly ConsistencyMeasure[]
  /** Name of each measured photograph, and its values in the order of `measures`. */
  readonly photographs: readonly { readonly name: string; readonly values: readonly number[] }[]
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

/**
 * Stored numbers from which the measures are computed: one row for each pair of a protocol and a photograph. A row that
 * begins with NaN means that the photograph has not been measured with this protocol.
 */
export interface KeptAnswers {
  readonly protocols: readonly Protocol[]
  readonly setting: ProtocolSetting
  readonly files: readonly PhotographFile[]
  readonly rows: (protocol: number, photograph: number) => Float32Array
}

export function summary(kept: KeptAnswers): Pick<Consistency, 'measures' | 'photographs'> {
  const { protocols, files, rows } = kept
  const all = protocols.flatMap((protocol, i) => protocol.measures.map((measure) => ({ protocol, measure, i })))
  const photographs = [...files.entries()].flatMap(([at, { name }]) =>
    Number.isNaN(rows(0, at)[0]) ? [] : [{ name, values: all.map(({ measure, i }) => measure.of(rows(i, at))) }],
  )
  const measures = all.map(({ protocol, measure: { name, title, unit } }, i) => {
    const values = photographs.map((photograph) => photograph.values[i] as number)
    return { protocol: protocol.name, measure: name, title, unit, ...meanAndError(values) }
  })
  return { measures, photographs }
}
